"""Keys and saves of apps from the command line, with a daemon running and without."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from syncd.config import load
from syncd.core.core import Core
from syncd.core.settings.incoming import Incoming
from tests.cli.box import refused
from tests.daemon import USER, Daemon
from tests.sxncd.app import OLD, App

pytestmark = pytest.mark.slow


@pytest.fixture
def box(box: Daemon) -> Daemon:
    """The box of the other tests, with an app."""
    running = box.process is not None
    if running:
        box.stop()
    box.configure({"app:obtainium": {"title": "Obtainium"}, "settings": {"keep": 3}})
    return box.start() if running else box


async def saved(conf: Path, *texts: str) -> None:
    """Save *texts* for the user, one after the other, while no daemon runs."""
    async with Core.open(load(conf).config) as core:
        user = await core.accounts.get(USER)
        for number, text in enumerate(texts, start=1):
            await core.settings.update(user, "obtainium", Incoming("pixel", number, text))


def test_keys_come_and_go(box: Daemon) -> None:
    first = json.loads(box.must("key", "add", USER, "obtainium", "--json"))
    assert list(first) == ["key"] and len(first["key"]) == 64
    said = box.must("key", "add", USER.upper(), "obtainium")
    [line] = [line.strip() for line in said.splitlines() if line.startswith("  ") and "syncd" not in line]
    assert len(line) == 64 and line != first["key"]
    [row] = json.loads(box.must("key", "list", USER, "--json"))
    assert (row["user"], row["app"], row["used_ms"], row["is_valid"]) == (USER, "obtainium", None, True)
    listed = box.must("key", "list")
    assert "obtainium" in listed and line not in listed
    assert "is dead" in box.must("key", "revoke", USER, "obtainium")
    assert json.loads(box.must("key", "list", "--json")) == []
    assert "syncd key add" in box.must("key", "list")


def test_keys_that_cannot_be_are_refused_in_one_line(box: Daemon) -> None:
    assert "see: syncd user list" in refused(box, "key", "add", "nobody", "obtainium")
    assert "there is: obtainium" in refused(box, "key", "add", USER, "obtanium")
    assert "see: syncd key list" in refused(box, "key", "revoke", USER, "obtainium")
    assert "see: syncd user list" in refused(box, "key", "list", "nobody")
    refused(box, "key", "add", USER, code=2)


def test_saves_are_listed_shown_and_restored(box: Daemon) -> None:
    running = box.process is not None
    assert "no app has saved anything" in box.must("settings", "list")
    if running:
        box.stop()
    asyncio.run(saved(box.conf, "one", "two\x1b[2J", "three", "four"))
    if running:
        box.start()
    rows = json.loads(box.must("settings", "list", "--json"))
    assert [(one["app"], one["device"], one["saved_ms"], one["is_current"]) for one in rows] == [
        ("obtainium", "pixel", 4, True),
        ("obtainium", "pixel", 3, False),
        ("obtainium", "pixel", 2, False),
    ]
    two = str(rows[2]["number"])
    assert box.must("settings", "show", two) == "two\x1b[2J\n"
    assert "1970-01-01 00:00 UTC" in box.must("settings", "list", USER)
    assert "counts again" in box.must("settings", "restore", two)
    [newest, *_] = json.loads(box.must("settings", "list", "--json"))
    assert box.must("settings", "show", str(newest["number"])) == "two\x1b[2J\n"
    if running:
        key = json.loads(box.must("key", "add", USER, "obtainium", "--json"))["key"]
        assert App(box.port, key).told(OLD, "x") == ("existingNewer", "two\x1b[2J")


def test_saves_that_are_not_there_are_refused_in_one_line(box: Daemon) -> None:
    for action in ("show", "restore"):
        assert "see: syncd settings list" in refused(box, "settings", action, "1")
        refused(box, "settings", action, "one", code=2)
        refused(box, "settings", action, "-1", code=2)
    assert "see: syncd user list" in refused(box, "settings", "list", "nobody")
