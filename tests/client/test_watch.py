"""What is saved is noticed."""

from __future__ import annotations

import ctypes
import os
import select
from collections.abc import Iterator
from pathlib import Path

import pytest

from syncd.client.watch import Watch

AT_FDCWD, EXCHANGE, FOLLOW = -100, 2, 0x400
QUEUE = Path("/proc/sys/fs/inotify/max_queued_events")


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Watch]:
    (tmp_path / "old" / "deep").mkdir(parents=True)
    (tmp_path / "hidden").mkdir()
    made = Watch(tmp_path, lambda path: path == "hidden")
    made.add("")
    yield made
    made.close()


def touched(watch: Watch, wanted: set[str | None]) -> set[str | None]:
    """Everything told until *wanted* is among it, or nothing comes any more."""
    found: set[str | None] = set()
    while not wanted <= found and select.select([watch.fd], [], [], 10)[0]:
        found |= {one.path for one in watch.read()}
    return found


def test_a_file_that_was_closed_renamed_or_removed_is_told(watch: Watch, tmp_path: Path) -> None:
    (tmp_path / "old/deep/x").write_bytes(b"1")
    assert touched(watch, {"old/deep/x"}) == {"old/deep/x"}
    (tmp_path / "old/deep/x").rename(tmp_path / "y")
    assert touched(watch, {"old/deep/x", "y"}) == {"old/deep/x", "y"}
    (tmp_path / "y").unlink()
    assert touched(watch, {"y"}) == {"y"}


def test_a_file_that_is_still_written_is_not_told(watch: Watch, tmp_path: Path) -> None:
    with (tmp_path / "film").open("wb") as film:
        film.write(b"half")
        film.flush()
        (tmp_path / "mark").write_bytes(b"")
        assert touched(watch, {"mark"}) == {"mark"}
    assert touched(watch, {"film"}) == {"film"}


def test_links_are_told_at_once(watch: Watch, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"")
    touched(watch, {"x"})
    os.link(tmp_path / "x", tmp_path / "hard")
    (tmp_path / "soft").symlink_to("x")
    assert touched(watch, {"hard", "soft"}) == {"hard", "soft"}


def test_new_and_moved_folders_are_watched(watch: Watch, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    assert touched(watch, {"new"}) == {"new"}
    (tmp_path / "new/x").write_bytes(b"")
    assert touched(watch, {"new/x"}) == {"new/x"}
    (tmp_path / "old").rename(tmp_path / "moved")
    assert touched(watch, {"old", "moved"}) == {"old", "moved"}
    (tmp_path / "moved/deep/y").write_bytes(b"")
    assert touched(watch, {"moved/deep/y"}) == {"moved/deep/y"}


def test_what_is_hidden_is_not_watched(watch: Watch, tmp_path: Path) -> None:
    (tmp_path / "hidden/x").write_bytes(b"")
    (tmp_path / "mark").write_bytes(b"")
    assert touched(watch, {"mark"}) == {"mark"}


def test_folders_that_change_places_are_both_watched(watch: Watch, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    touched(watch, {"other"})
    names = [os.fsencode(tmp_path / name) for name in ("old", "other")]
    if ctypes.CDLL(None).renameat2(AT_FDCWD, names[0], AT_FDCWD, names[1], EXCHANGE) < 0:
        pytest.skip("this file system exchanges nothing")
    assert touched(watch, {"old", "other"}) == {"old", "other"}
    for name in ("old/x", "other/x", "other/deep/x"):
        (tmp_path / name).write_bytes(b"")
        assert name in touched(watch, {name})


def test_a_folder_that_came_while_events_were_lost_is_watched(watch: Watch, tmp_path: Path) -> None:
    for _ in range(int(QUEUE.read_text()) // 2 + 1):
        (tmp_path / "x").mkdir()
        (tmp_path / "x").rmdir()
    (tmp_path / "new").mkdir()
    assert None in touched(watch, {None})
    (tmp_path / "new" / "y").write_bytes(b"")
    assert "new/y" in touched(watch, {"new/y"})


def test_a_file_that_gets_its_name_when_it_is_complete_is_looked_for(watch: Watch, tmp_path: Path) -> None:
    try:
        file = os.open(tmp_path, os.O_TMPFILE | os.O_WRONLY)
    except OSError:
        pytest.skip("this file system knows no files without a name")
    os.write(file, b"complete")
    source, target = os.fsencode(f"/proc/self/fd/{file}"), os.fsencode(tmp_path / "x")
    assert ctypes.CDLL(None).linkat(AT_FDCWD, source, AT_FDCWD, target, FOLLOW) == 0
    os.close(file)
    assert None in touched(watch, {None})
