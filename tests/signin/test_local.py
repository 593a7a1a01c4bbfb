"""Signing in with a password of the box, and what a log-in is worth."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

import pytest

from tests.conftest import MakeDaemon
from tests.daemon import PASSWORD, USER, Daemon
from tests.phone import Phone
from tests.signin.browser import Browser

pytestmark = pytest.mark.slow

Person = Callable[[], tuple[str, Browser]]


def test_the_start_page_is_the_sign_in_page(browser: Browser) -> None:
    """Row 28."""
    page = browser.get("/")
    assert page.status == 200 and page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert page.form("/signin").fields == {"user": "", "password": ""}


def test_without_a_log_in_the_dashboard_shows_nothing(browser: Browser) -> None:
    """Row 29."""
    for cookie in ("", "0" * 64, "x", "ä" * 64, "0" * 5000):
        browser.cookies["syncd"] = cookie
        page = browser.get("/dashboard", follow=False)
        assert (page.status, page.location, page.body) == (303, "/", b"")


def test_a_get_of_refresh_changes_nothing(box: Daemon, browser: Browser, desi: Browser) -> None:
    """Row 31, and what the original's page could be made to do by any other page."""
    stranger = Browser(box.url)
    for _ in range(10):
        page = stranger.get("/refresh?app=obtainium", follow=False)
        assert (page.status, page.location) == (303, "/")
    page = desi.get("/refresh?app=obtainium", follow=False)
    assert (page.status, page.location) == (303, "/dashboard")
    assert desi.get("/dashboard").form("/refresh", app="obtainium").buttons == ["Make a key"]


def test_who_is_signed_in_goes_to_the_dashboard(desi: Browser) -> None:
    page = desi.get("/", follow=False)
    assert (page.status, page.location) == (303, "/dashboard")
    page = desi.get("/")
    assert page.status == 200 and USER in page.text and "Obtainium" in page.text


@pytest.mark.parametrize(
    ("user", "password"),
    [(USER, "wrong horse 9"), ("nobody", PASSWORD), (USER, ""), ("", ""), ("a/../b", "x"), ('"><script>', "x")],
)
def test_a_wrong_password_says_so_and_keeps_the_name(browser: Browser, user: str, password: str) -> None:
    page = browser.sign_in(user, password, follow=False)
    assert page.status == 401 and "wrong" in page.text
    assert page.form("/signin").fields == {"user": user, "password": ""}
    assert "script" not in page.read.tags and not browser.cookies


def test_guessing_is_slowed_down(daemon: MakeDaemon) -> None:
    browser = Browser(daemon().url)
    statuses = [browser.sign_in(USER, f"guess number {number}").status for number in range(7)]
    assert statuses[:5] == [401] * 5 and statuses[-1] == 429
    page = browser.sign_in(USER, PASSWORD)
    assert page.status == 429 and int(page.headers["Retry-After"]) > 0 and "Wait" in page.text


def test_a_log_in_replaces_the_one_before(person: Person) -> None:
    name, browser = person()
    first = browser.cookies["syncd"]
    browser.jars.clear()
    browser.cookies["syncd"] = first  # as if somebody had put it there
    assert browser.get("/dashboard", follow=False).status == 200
    browser.post("/signin", {"user": name, "password": PASSWORD})
    second = browser.cookies["syncd"]
    assert second != first and browser.get("/dashboard", follow=False).status == 200
    browser.cookies["syncd"] = first
    assert browser.get("/dashboard", follow=False).status == 303


def test_a_cookie_that_somebody_chose_is_never_a_log_in(browser: Browser) -> None:
    chosen = "a" * 64
    browser.cookies["syncd"] = chosen
    browser.sign_in(USER, PASSWORD)
    assert browser.cookies["syncd"] != chosen
    browser.cookies["syncd"] = chosen
    assert browser.get("/dashboard", follow=False).status == 303


def test_signing_out_ends_the_log_in_itself(person: Person) -> None:
    _, browser = person()
    cookie = browser.cookies["syncd"]
    page = browser.get("/dashboard")
    page = browser.submit(page, page.form("/signout"), follow=False)
    assert (page.status, page.location) == (303, "/") and "syncd" not in browser.cookies
    browser.cookies["syncd"] = cookie
    assert browser.get("/dashboard", follow=False).status == 303


def test_all_others_can_be_signed_out(box: Daemon, person: Person) -> None:
    name, browser = person()
    other = Browser(box.url)
    other.sign_in(name, PASSWORD)
    page = browser.get("/dashboard")
    assert "one other browser" in page.text
    page = browser.submit(page, page.form("/dashboard/sessions/end"))
    assert "signed out everywhere else" in page.text and "here only" in page.text
    assert other.get("/dashboard", follow=False).status == 303


@pytest.mark.parametrize("how", ["passwd", "logout", "remove"])
def test_what_ends_all_log_ins(box: Daemon, person: Person, how: str) -> None:
    name, browser = person()
    match how:
        case "passwd":
            box.must("user", "passwd", name, "--password-stdin", input="another horse 10\n")
        case "logout":
            assert "signed out everywhere" in box.must("user", "logout", name)
        case "remove":
            box.must("user", "remove", name, "--yes")
    assert browser.get("/dashboard", follow=False).status == 303


def test_a_person_has_at_most_twenty_browsers(box: Daemon, daemon: MakeDaemon) -> None:
    own = daemon()
    browsers = [Browser(own.url) for _ in range(22)]
    for one in browsers:
        assert one.sign_in(USER, PASSWORD).status == 200
    signed_in = [one.get("/dashboard", follow=False).status == 200 for one in browsers]
    assert sum(signed_in) == 20 and signed_in[-1]


def test_log_ins_survive_a_power_cut(daemon: MakeDaemon) -> None:
    own = daemon()
    browser = Browser(own.url)
    browser.sign_in(USER, PASSWORD)
    own.kill()
    own.start()
    assert browser.get("/dashboard", follow=False).status == 200


def test_what_is_kept_of_a_log_in_is_no_log_in(daemon: MakeDaemon) -> None:
    own = daemon()
    browser = Browser(own.url)
    browser.sign_in(USER, PASSWORD)
    cookie = browser.cookies["syncd"]
    own.stop()
    with sqlite3.connect(own.state / "accounts.db") as db:
        [(digest,)] = db.execute("SELECT hash FROM web_sessions").fetchall()
        dump = "\n".join(db.iterdump())
    db.close()
    own.start()
    assert cookie not in dump
    browser.cookies["syncd"] = digest.hex()
    assert browser.get("/dashboard", follow=False).status == 303


def test_a_log_in_ends_by_itself(daemon: MakeDaemon) -> None:
    own = daemon()
    hour = 3_600_000
    ages = (("used_ms", 11, 200), ("used_ms", 13, 303), ("created_ms", 167, 200), ("created_ms", 169, 303))
    for column, hours, status in ages:
        browser = Browser(own.url)
        browser.sign_in(USER, PASSWORD)
        own.stop()
        with sqlite3.connect(own.state / "accounts.db") as db:
            db.execute(f"UPDATE web_sessions SET {column} = {column} - ?", (hours * hour,))
        db.close()
        own.start()
        assert browser.get("/dashboard", follow=False).status == status, (column, hours)


def test_no_other_door_takes_the_cookie(box: Daemon, desi: Browser) -> None:
    cookie = desi.cookies["syncd"]
    for path in ("/api/v1/auth/me", "/api/v1/sync/devices", "/api/v1/sync/changes"):
        assert desi.get(path).status == 401
        assert Browser(box.url, {"Authorization": f"Bearer {cookie}"}).get(path).status == 401
    assert Phone(f"{box.url}/k/{cookie}", USER, "phone").folders().status == 401


def test_neither_password_nor_cookie_is_in_the_log(daemon: MakeDaemon) -> None:
    own = daemon({"server": {"log_level": "debug"}, "app:obtainium": {}})
    browser = Browser(own.url)
    browser.sign_in(USER, "not the right horse")
    page = browser.sign_in(USER, PASSWORD)
    page = browser.submit(page, page.form("/refresh", app="obtainium"))
    own.stop()
    log = own.log.read_text()
    assert "'/signin'" in log
    for secret in (PASSWORD, "not the right horse", browser.cookies["syncd"], page.key or "no key was shown"):
        assert secret not in log


def test_the_accounts_of_other_services_are_an_administrators_to_link(box: Daemon, person: Person) -> None:
    name, browser = person()
    said = box.must("user", "link", name, "https://github.com", "583231", "--label", "octocat")
    assert said == f"user {name} may sign in as octocat of https://github.com\n"
    again = box.cli("user", "link", USER, "https://github.com", "583231")
    assert again.returncode == 1 and "another user" in again.stderr
    page = browser.get("/dashboard")
    assert "octocat" in page.text and "https://github.com" in page.text
    page = browser.submit(page, page.form("/dashboard/account/unlink"))
    assert "not linked any more" in page.text and "octocat" not in page.text
    assert box.cli("user", "unlink", name, "https://github.com", "583231").returncode == 1
