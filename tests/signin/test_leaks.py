"""Log-ins leave nothing behind, and a box pays only for the ways to sign in that it has."""

from __future__ import annotations

import os
import signal
import sqlite3

import pytest

from tests.conftest import MakeDaemon
from tests.daemon import PASSWORD, USER, Daemon, wait_until
from tests.limits.process import descriptors, libraries, memory_mib, pid_of, threads
from tests.signin.browser import Browser
from tests.signin.services import CLIENT, SECRET, Person, StandIn, stand_in

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

GROWTH_MIB = 2


def rows(box: Daemon) -> dict[str, int]:
    """How much there is in each table of the accounts."""
    db = sqlite3.connect(f"file:{box.state / 'accounts.db'}?mode=ro", uri=True)
    try:
        tables = [name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        return {name: db.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in tables}
    finally:
        db.close()


def prepared(daemon: MakeDaemon, service: StandIn) -> Daemon:
    box = daemon()
    known = {"client_id": CLIENT, "client_secret": SECRET}
    oidc = {**known, "issuer": service.url, "allow": "@example.org", "create": True}
    box.configure({"server": {"public_url": box.url}, "oidc": oidc, "app:obtainium": {}})
    return box.restart()


def round_trip(box: Daemon, service: StandIn) -> None:
    """Sign in at the service, make a key, begin a log-in and give it up, sign out."""
    browser = Browser(box.url)
    page = browser.get("/login/oidc", follow=False)
    page = browser.get(browser.get(page.location, follow=False).location)
    assert page.url == f"{box.url}/dashboard" and page.status == 200
    token = page.form("/signout").fields
    assert browser.post("/refresh", {**token, "app": "obtainium"}).key is not None
    browser.get("/login/oidc", follow=False)
    assert browser.post("/signout", token, follow=False).location == "/"


def test_many_log_ins_leave_nothing_behind(daemon: MakeDaemon, request: pytest.FixtureRequest) -> None:
    """A hundred to get warm, then `--log-ins` of them."""
    with stand_in() as service:
        service.person = Person(5, "often", "often@example.org")
        box = prepared(daemon, service)
        for _ in range(100):
            round_trip(box, service)
        before, kept = (memory_mib(box), descriptors(box), threads(box)), rows(box)
        for _ in range(request.config.getoption("--log-ins")):
            round_trip(box, service)
        assert rows(box) == kept and kept["web_sessions"] == 0 and kept["app_keys"] == 1
        assert memory_mib(box) - before[0] < GROWTH_MIB
        wait_until(lambda: descriptors(box) <= before[1], "descriptors to be closed")
        assert threads(box) <= before[2]


def test_a_box_with_a_way_to_sign_in_can_speak_tls_and_another_cannot(daemon: MakeDaemon) -> None:
    with stand_in() as service:
        box = prepared(daemon, service)
        assert [name for name in libraries(box) if name.startswith("_ssl")]
        # What checks signatures waits for the first one.
        assert not [name for name in libraries(box) if "_rust" in name]
        round_trip(box, service)
        assert [name for name in libraries(box) if "_rust" in name]
    plain = daemon()
    assert Browser(plain.url).sign_in(USER, PASSWORD).status == 200
    assert not [name for name in libraries(plain) if name.startswith("_ssl") or "_rust" in name]


def test_ways_to_sign_in_change_at_the_next_start(daemon: MakeDaemon) -> None:
    box = daemon()
    known = {"client_id": CLIENT, "client_secret": SECRET}
    box.configure({"server": {"public_url": box.url}, "github": known})
    os.kill(pid_of(box), signal.SIGHUP)
    wait_until(lambda: "change at the next start" in box.log_tail(), "the warning")
    assert "GitHub" not in Browser(box.url).get("/").text
    assert "GitHub" in Browser(box.restart().url).get("/").text
