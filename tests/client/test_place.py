"""Nothing is overwritten or removed but what was judged."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from syncd.client import place
from syncd.client.folder import Folder, Gap, Stat
from syncd.client.state import Base
from syncd.client.trouble import Blocked, Changed


@pytest.fixture(params=["renameat2", "without"])
def folder(tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Folder]:
    """A folder on a file system that can exchange names, and on one that cannot."""
    if request.param == "without":

        def refuse(*_: object) -> None:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))

        monkeypatch.setattr(place, "_renameat2", refuse)
    made = Folder(tmp_path)
    yield made
    made.close()


def part(folder: Folder, content: bytes) -> str:
    (folder.own / "tmp" / "x.part").write_bytes(content)
    return "x.part"


def stat_of(folder: Folder, path: str) -> Stat:
    found = folder.look(path)
    assert isinstance(found, Stat)
    return found


def left(folder: Folder) -> list[str]:
    return os.listdir(folder.own / "tmp")


def test_a_new_file_comes_with_its_folders(folder: Folder) -> None:
    placed = place.put(folder, part(folder, b"new"), "a/b/x", None)
    assert (folder.path / "a/b/x").read_bytes() == b"new"
    assert placed == stat_of(folder, "a/b/x") and not left(folder)


def test_a_file_that_was_judged_is_replaced(folder: Folder) -> None:
    (folder.path / "x").write_bytes(b"old")
    place.put(folder, part(folder, b"new"), "x", stat_of(folder, "x"))
    assert (folder.path / "x").read_bytes() == b"new" and not left(folder)


def test_what_was_saved_meanwhile_stays(folder: Folder) -> None:
    (folder.path / "x").write_bytes(b"old")
    judged = stat_of(folder, "x")
    (folder.path / "x").write_bytes(b"edited")
    name = part(folder, b"new")
    for expected in (judged, None):
        with pytest.raises(Changed):
            place.put(folder, name, "x", expected)
    with pytest.raises(Changed):
        place.remove(folder, "x", judged)
    with pytest.raises(Changed):
        place.rename(folder, "x", judged, "y")
    assert (folder.path / "x").read_bytes() == b"edited"
    assert left(folder) == [name] and not (folder.path / "y").exists()


def test_what_was_removed_meanwhile_is_told(folder: Folder) -> None:
    (folder.path / "x").write_bytes(b"old")
    judged = stat_of(folder, "x")
    (folder.path / "x").unlink()
    with pytest.raises((Changed, FileNotFoundError)):
        place.put(folder, part(folder, b"new"), "x", judged)
    with pytest.raises(Changed):
        place.remove(folder, "x", judged)
    assert not (folder.path / "x").exists()


def test_a_rename_takes_nobody_s_place(folder: Folder) -> None:
    (folder.path / "x").write_bytes(b"1")
    (folder.path / "y").write_bytes(b"2")
    with pytest.raises(Changed):
        place.rename(folder, "x", stat_of(folder, "x"), "y")
    moved = place.rename(folder, "x", stat_of(folder, "x"), "a/z")
    assert (folder.path / "a/z").read_bytes() == b"1" and moved == stat_of(folder, "a/z")


def test_folders_that_become_empty_go(folder: Folder) -> None:
    (folder.path / "a/b").mkdir(parents=True)
    (folder.path / "a/keep").write_bytes(b"")
    (folder.path / "a/b/x").write_bytes(b"")
    place.remove(folder, "a/b/x", stat_of(folder, "a/b/x"))
    assert not (folder.path / "a/b").exists() and (folder.path / "a/keep").exists()


def test_folders_that_are_to_stay_stay(folder: Folder) -> None:
    (folder.path / "a/b/c").mkdir(parents=True)
    (folder.path / "a/b/c/x").write_bytes(b"")
    place.remove(folder, "a/b/c/x", stat_of(folder, "a/b/c/x"), {"a/b"})
    assert os.listdir(folder.path / "a") == ["b"] and not os.listdir(folder.path / "a/b")


def test_a_folder_is_dropped_only_when_nothing_is_in_it(folder: Folder) -> None:
    place.make(folder, "a/b")
    place.make(folder, "a/b")
    (folder.path / "a/b/x").write_bytes(b"")
    assert not place.drop(folder, "a/b") and (folder.path / "a/b/x").exists()
    (folder.path / "a/b/x").unlink()
    assert place.drop(folder, "a/b") and not (folder.path / "a/b").exists()
    assert place.drop(folder, "a/b")
    (folder.path / "x").write_bytes(b"1")
    for path in ("x", "x/y"):
        with pytest.raises(OSError):
            place.make(folder, path)
        with pytest.raises(OSError):
            place.drop(folder, path)
    assert (folder.path / "x").read_bytes() == b"1"


def test_a_symlink_leads_nowhere(folder: Folder, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (folder.path / "link").symlink_to(outside)
    for path in ("link", "link/inner"):
        with pytest.raises(OSError):
            place.make(folder, path)
        with pytest.raises(OSError):
            place.drop(folder, path)
    with pytest.raises(OSError):
        place.put(folder, part(folder, b"new"), "link/x", None)
    assert not list(outside.iterdir())


def test_a_folder_that_holds_something_is_no_way(folder: Folder) -> None:
    (folder.path / "a").mkdir()
    (folder.path / "a/x").write_bytes(b"")
    with pytest.raises(Blocked):
        place.clear_way(folder, "a")
    (folder.path / "a/x").unlink()
    (folder.path / "a/b/c").mkdir(parents=True)
    (folder.path / "a/d").mkdir()
    place.clear_way(folder, "a")
    assert not (folder.path / "a").exists()


def test_what_a_killed_client_had_in_its_hands_comes_back(folder: Folder) -> None:
    (folder.own / "tmp" / f"{place.SWAP}1").write_bytes(b"an edit")
    (folder.own / "tmp" / f"{place.SWAP}2").write_bytes(b"known")
    assert place.rescue(folder, lambda entry: entry.read_bytes() == b"known") == ["rescued-1"]
    assert (folder.path / "rescued-1").read_bytes() == b"an edit" and not left(folder)


@pytest.mark.parametrize("stood", [False, True], ids=["nothing stood there", "a file stood there"])
def test_what_takes_the_place_right_afterwards_is_not_taken_for_ours(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, stood: bool
) -> None:
    flush = os.fsync

    def somebody_saves(fd: int) -> None:
        """Between our rename and our look, an older file gets the name: neither its time nor its size tell."""
        if (folder.path / "older").exists():
            (folder.path / "older").rename(folder.path / "x")
        flush(fd)

    monkeypatch.setattr(os, "fsync", somebody_saves)
    if stood:
        (folder.path / "x").write_bytes(b"old")
    judged = stat_of(folder, "x") if stood else None
    name = part(folder, b"ours  ")
    (folder.path / "older").write_bytes(b"theirs")
    os.utime(folder.path / "older", (1, 1))
    placed = place.put(folder, name, "x", judged)
    assert (folder.path / "x").read_bytes() == b"theirs"
    assert not Base("x", "hash of ours", placed, time.time_ns()).holds(stat_of(folder, "x"))


def test_what_is_saved_right_after_a_rename_is_not_taken_for_what_was_renamed(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    flush = os.fsync

    def somebody_saves(fd: int) -> None:
        (folder.path / "new").write_bytes(b"theirs")
        os.utime(folder.path / "new", (1, 1))
        flush(fd)

    (folder.path / "x").write_bytes(b"ours  ")
    monkeypatch.setattr(os, "fsync", somebody_saves)
    moved = place.rename(folder, "x", stat_of(folder, "x"), "new")
    assert (folder.path / "new").read_bytes() == b"theirs"
    assert not Base("new", "hash of ours", moved, time.time_ns()).holds(stat_of(folder, "new"))


@pytest.mark.parametrize("what", ["put", "replaced", "renamed"])
def test_what_is_removed_right_afterwards_was_there_all_the_same(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """So its absence is a deletion like any other: whoever removes it does not get it a second time."""
    flush = os.fsync

    def somebody_removes(fd: int) -> None:
        (folder.path / "x").unlink(missing_ok=True)
        flush(fd)

    (folder.path / "old").write_bytes(b"to be renamed")
    if what == "replaced":
        (folder.path / "x").write_bytes(b"old")
    judged = stat_of(folder, "x") if what == "replaced" else None
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", somebody_removes)
        if what == "renamed":
            placed = place.rename(folder, "old", stat_of(folder, "old"), "x")
        else:
            placed = place.put(folder, part(folder, b"new"), "x", judged)
    assert placed.size == len(b"to be renamed" if what == "renamed" else b"new")
    assert folder.look("x") is Gap.MISSING and not left(folder)
