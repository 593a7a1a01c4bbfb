"""`syncd init`, and verbs that come before it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from syncd.core.passwords import COSTS
from tests.cli.box import refused
from tests.conftest import MakeDaemon
from tests.daemon import PASSWORD, Daemon

pytestmark = pytest.mark.slow


@pytest.fixture
def fresh(tmp_path: Path) -> Daemon:
    """A box on which nothing was set up."""
    return Daemon(root=tmp_path)


def test_a_missing_disk_never_becomes_a_folder(fresh: Daemon) -> None:
    fresh.storage.rmdir()
    said = refused(fresh, "init")
    assert f"{fresh.storage} does not exist. Mount the disk" in said and "mkdir -p" in said
    assert not fresh.storage.exists() and not fresh.state.exists()


def test_a_file_in_place_of_the_folder_is_refused(fresh: Daemon) -> None:
    fresh.storage.rmdir()
    fresh.storage.touch()
    assert "is a file" in refused(fresh, "init")


def test_it_can_be_repeated(fresh: Daemon) -> None:
    assert "is now the volume" in fresh.must("init")
    mark = (fresh.storage / ".syncd" / "volume-id").read_text()
    assert "password: " in fresh.must("init", "--user", "Anna")
    again = fresh.must("init", "--user", "anna", "--password-stdin", input=f"{PASSWORD}\n")
    assert "was already the volume" in again and "was there already" in again
    assert (fresh.storage / ".syncd" / "volume-id").read_text() == mark
    assert fresh.state.stat().st_mode & 0o777 == 0o700


def test_passwords_are_hashed_as_dearly_as_the_box_can_afford(fresh: Daemon) -> None:
    fresh.must("init", "--user", "anna", "--password-stdin", input=f"{PASSWORD}\n")
    with closing(sqlite3.connect(fresh.state / "accounts.db")) as db:
        [(hashed,)] = db.execute("SELECT password FROM users").fetchall()
        [(cost,)] = db.execute("SELECT value FROM meta WHERE key = 'bcrypt_cost'").fetchall()
    assert int(cost) in COSTS
    assert hashed.split("$")[2] == cost


def test_while_the_daemon_runs_it_still_says_so_and_adds_the_user(daemon: MakeDaemon) -> None:
    box = daemon()
    assert "user carl is an administrator" in box.must("init", "--user", "carl")


def test_a_bad_name_or_password_is_refused_before_anything_is_made(fresh: Daemon) -> None:
    assert "must not contain" in refused(fresh, "init", "--user", "a/b")
    assert "say who" in refused(fresh, "init", "--password-stdin", input="x\n")
    assert not fresh.state.exists()


@pytest.mark.parametrize("verb", [["user", "list"], ["status"], ["scan"], ["device", "list"], ["trash", "list"]])
def test_before_it_every_verb_says_what_to_do_and_makes_nothing(fresh: Daemon, verb: list[str]) -> None:
    assert "run: syncd init" in refused(fresh, *verb)
    assert not fresh.state.exists()


def test_serve_on_a_disk_that_was_never_marked_says_so(fresh: Daemon) -> None:
    assert "syncd init" in refused(fresh, "serve")
