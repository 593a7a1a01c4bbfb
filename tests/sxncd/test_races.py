"""Many devices at once, and a box that dies: the newest wins, what was answered is there, nothing is left behind."""

from __future__ import annotations

import random
import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from http.client import HTTPException

import pytest

from syncd.core.admin.apps import ListSaves, RevokeKey
from syncd.core.admin.people import ListUsers, RemoveUser
from tests.conftest import MakeDaemon
from tests.daemon import USER, Daemon, wait_until
from tests.limits.process import descriptors, memory_mib, threads
from tests.sxncd.app import App, error_of, key_of
from tests.sxncd.conftest import APPS, new_user

pytestmark = pytest.mark.slow

WRITERS = 8
EACH = 25


def at_once(*jobs: Callable[[], None]) -> None:
    """Run all of them side by side, and raise what one of them raised."""
    failed: list[BaseException] = []

    def run(job: Callable[[], None]) -> None:
        try:
            job()
        except BaseException as exc:
            failed.append(exc)

    running = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for one in running:
        one.start()
    for one in running:
        one.join()
    if failed:
        raise failed[0]


def test_eight_first_calls_and_created_is_said_once(new_app: Callable[[], App]) -> None:
    for _ in range(5):
        app, said = new_app(), list[tuple[str, str]]()

        def first(number: int, app: App = app, said: list[tuple[str, str]] = said) -> None:
            said.append(app.on(f"d{number}").told(number + 1, f"of {number}"))

        at_once(*(partial(first, number) for number in range(WRITERS)))
        actions = sorted(action for action, _ in said)
        assert actions == ["created"] + ["existingNewer"] * (WRITERS - 1)
        assert {data for _, data in said} == {app.stored()}


def test_eight_writers_and_the_newest_wins(app: App) -> None:
    app.told(1, "first")
    for number in range(WRITERS):
        app.on(f"d{number}").told(1, "first")
    times = list(range(2, 2 + WRITERS * EACH))
    random.Random(7).shuffle(times)
    answers: dict[int, tuple[str, str]] = {}

    def write(number: int) -> None:
        for when in times[number::WRITERS]:
            answers[when] = app.on(f"d{number}").told(when, f"v{when}")

    at_once(*(partial(write, number) for number in range(WRITERS)))
    assert app.stored() == f"v{max(times)}"
    # Whoever was told that theirs was stored was told their own; whoever was not, something later.
    for when, (action, data) in answers.items():
        assert (action, data) == ("incomingNewer", f"v{when}") or (action == "existingNewer" and int(data[1:]) > when)


def test_a_new_key_while_eight_devices_sync(server: Daemon) -> None:
    user = new_user(server)
    app = App(server.port, key_of(server, user))
    app.told(1, "stored")
    ended = threading.Event()

    def sync() -> None:
        while not ended.is_set():
            answer = app.sync(1, "x")
            assert answer.status == 200 or error_of(answer) == "API key is invalid"

    def rotate() -> None:
        try:
            key_of(server, user)
        finally:
            ended.set()

    at_once(rotate, *[sync] * WRITERS)
    assert error_of(app.sync(1, "x")) == "API key is invalid"


def rows(server: Daemon, table: str) -> int:
    with sqlite3.connect(f"file:{server.state / 'accounts.db'}?mode=ro", uri=True) as db:
        found: int = db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    db.close()
    return found


def test_a_thousand_keys_leave_nothing_behind(daemon: MakeDaemon) -> None:
    server = daemon(APPS)

    def rotate(times: int) -> str:
        for _ in range(times):
            key = key_of(server, USER)
        return key

    App(server.port, rotate(100)).told(1, "x")
    before = descriptors(server), threads(server), memory_mib(server)
    app = App(server.port, rotate(1000))
    assert app.told(2, "y") == ("existingNewer", "x") or app.stored() == "y"
    wait_until(lambda: descriptors(server) <= before[0], "descriptors to be closed")
    assert threads(server) <= before[1]
    assert memory_mib(server) - before[2] < 2
    assert rows(server, "app_keys") == 1
    server.wish(RevokeKey(USER, "obtainium"))
    assert rows(server, "app_keys") == 0


def test_a_user_that_is_removed_leaves_nothing_behind(daemon: MakeDaemon) -> None:
    server = daemon(APPS)
    gone = App(server.port, key_of(server, new_user(server)))
    gone.told(1, "x")
    [name] = [one.name for one in server.wish(ListUsers()) if one.name != USER]
    server.wish(RemoveUser(name))
    assert error_of(gone.sync(2, "y")) == "API key is invalid"
    assert [rows(server, table) for table in ("app_keys", "settings", "settings_devices")] == [0, 0, 0]


def test_only_the_last_saves_are_kept(daemon: MakeDaemon) -> None:
    server = daemon({**APPS, "settings": {"keep": 3}})
    app, other = (App(server.port, key_of(server, USER, name)) for name in ("obtainium", "obtainium2"))
    for number in range(1, 21):
        app.told(number, f"v{number}")
        other.told(number, f"w{number}")
    assert rows(server, "settings") == 6
    saves = server.wish(ListSaves(USER))
    assert [one.saved_ms for one in saves if one.app == "obtainium"] == [20, 19, 18]


def at_least(answered: dict[int, int], wanted: int) -> bool:
    return sum(answered.values()) >= wanted


@pytest.mark.crash
@pytest.mark.timeout(1800)
def test_kill_loses_no_save_that_was_answered(daemon: MakeDaemon, request: pytest.FixtureRequest) -> None:
    rounds: int = request.config.getoption("--rounds")
    server = daemon(APPS)
    apps = [App(server.port, key_of(server, new_user(server), name)) for name in ("obtainium", "obtainium2")]
    dice = random.Random(rounds)
    answered = dict.fromkeys(range(len(apps)), 0)
    for app in apps:
        app.told(1, "v1")

    def save(number: int) -> None:
        """Ever newer saves until nobody answers any more."""
        with suppress(OSError, HTTPException):
            while True:
                when = sent[number] = max(sent[number], answered[number]) + 1
                if apps[number].sync(when + 1, f"v{when + 1}").status == 200:
                    answered[number] = when

    sent = dict(answered)
    for _ in range(rounds):
        savers = [threading.Thread(target=save, args=(number,)) for number in answered]
        for one in savers:
            one.start()
        wanted = sum(answered.values()) + dice.randrange(1, 40)
        wait_until(partial(at_least, answered, wanted), "some saves")
        server.kill()
        for one in savers:
            one.join()
        server.start()
        for number, app in enumerate(apps):
            stored = int(app.stored()[1:]) - 1
            assert answered[number] <= stored <= sent[number]
            answered[number] = stored
        assert all(rows(server, table) for table in ("settings", "settings_devices"))
    assert sum(answered.values()) > 5
