"""Names here and on the server."""

from __future__ import annotations

import errno
import os
import unicodedata
from datetime import UTC, datetime
from pathlib import Path

import pytest

from syncd.client.folder import Folder, Gap, Stat
from syncd.client.names import conflicted, parents, why_not

NFC = "caf\u00e9.txt"
NFD = unicodedata.normalize("NFD", NFC)


def nothing_hidden(path: str) -> bool:
    return path.startswith(".syncd")


@pytest.mark.parametrize("path", ["../x", "a/../b", "/etc/x", "a//b", "a\nb", "a\\b", ".syncd/x", NFD, "x" * 256])
def test_a_path_that_the_server_may_not_have_is_not_followed(path: str) -> None:
    assert why_not(path)


def test_usual_paths_are_followed() -> None:
    assert why_not(f"Urlaub 2024/{NFC}") is None


def test_a_conflicted_copy_has_a_name_that_fits() -> None:
    when = datetime(2026, 11, 20, 8, 15, 30, tzinfo=UTC)
    assert conflicted("d/note.txt", when) == "d/note.sync-conflict-20261120-081530-there.txt"
    assert why_not(conflicted("\u00fc" * 125 + ".txt", when)) is None


def test_parents_come_innermost_first() -> None:
    assert parents("a/b/c.txt") == ["a/b", "a"]
    assert parents("c.txt") == []


def test_a_decomposed_name_is_synced_as_the_composed_one(tmp_path: Path) -> None:
    (tmp_path / NFD).write_bytes(b"1")
    (tmp_path / "d\u0061\u0308").mkdir()
    (tmp_path / "d\u0061\u0308" / "x").write_bytes(b"2")
    folder = Folder(tmp_path)
    walk = folder.walk("", nothing_hidden, nothing_hidden)
    assert set(walk.files) == {NFC, "d\u00e4/x"}
    assert folder.look("d\u00e4/x") == walk.files["d\u00e4/x"]
    with folder.opened(NFC) as (fd, _):
        assert os.read(fd, 9) == b"1"
    folder.close()


def test_of_two_unicode_forms_the_composed_one_is_synced_and_the_other_told(tmp_path: Path) -> None:
    (tmp_path / NFD).write_bytes(b"1")
    (tmp_path / NFC).write_bytes(b"2")
    folder = Folder(tmp_path)
    walk = folder.walk("", nothing_hidden, nothing_hidden)
    assert set(walk.files) == {NFC} and set(walk.skipped) == {NFD}
    with folder.opened(NFC) as (fd, _):
        assert os.read(fd, 9) == b"2"
    folder.close()


def test_what_is_no_plain_file_is_skipped_and_never_taken_for_missing(tmp_path: Path) -> None:
    (tmp_path / "target").mkdir()
    (tmp_path / "target" / "x").write_bytes(b"1")
    (tmp_path / "link").symlink_to("target")
    (tmp_path / "file-link").symlink_to("target/x")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / os.fsdecode(b"bad\xff")).write_bytes(b"")
    folder = Folder(tmp_path)
    walk = folder.walk("", nothing_hidden, nothing_hidden)
    assert set(walk.files) == {"target/x"}
    assert set(walk.skipped) == {"link", "file-link", "pipe", os.fsdecode(b"bad\xff")}
    assert [folder.look(path) for path in ("link/x", "file-link", "pipe")] == [Gap.UNKNOWN] * 3
    assert [folder.look(path) for path in ("none", "none/x", "target/x/y")] == [Gap.MISSING] * 3
    assert folder.look("target") is Gap.FOLDER
    assert isinstance(folder.look("target/x"), Stat)
    folder.close()


def test_a_folder_that_cannot_be_read_is_unknown_not_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "locked").mkdir()
    (tmp_path / "locked/x").write_bytes(b"1")
    (tmp_path / "y").write_bytes(b"2")
    scandir = os.scandir

    def failing(path: Path) -> object:
        if Path(path).name == "locked":
            raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", failing)
    folder = Folder(tmp_path)
    walk = folder.walk("", nothing_hidden, nothing_hidden)
    assert set(walk.files) == {"y"} and walk.unknown == ["locked"] and "locked" in walk.skipped
    folder.close()


def test_a_folder_is_empty_when_nothing_synced_is_in_it(tmp_path: Path) -> None:
    for name in ("bare", "hidden", "links", "full", "led/bare", "\u0061\u0308/bare"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "hidden/.syncd.x").write_bytes(b"")
    (tmp_path / "links/link").symlink_to("nowhere")
    (tmp_path / "full/x").write_bytes(b"")

    def hides(path: str) -> bool:
        return nothing_hidden(path) or ".syncd" in path

    folder = Folder(tmp_path)
    walk = folder.walk("", hides, hides)
    assert set(walk.empty) == {"bare", "hidden", "links", "led/bare", "\u00e4/bare"}
    assert {path for path in walk.folders if path and not folder.holds(path, hides, hides)} == set(walk.empty)
    with pytest.raises(OSError):
        folder.holds("links/link", hides, hides)
    folder.close()


def test_the_names_of_one_folder_are_learned_without_looking_further(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / NFD).write_bytes(b"1")
    (tmp_path / "d" / NFD).write_bytes(b"2")
    folder = Folder(tmp_path)
    folder.learn("")
    assert folder.aliases == {NFC: NFD}
    folder.learn("d")
    assert folder.aliases == {NFC: NFD, f"d/{NFC}": f"d/{NFD}"}
    (tmp_path / NFD).rename(tmp_path / NFC)
    folder.learn("")
    folder.learn("none")
    assert folder.aliases == {f"d/{NFC}": f"d/{NFD}"}
    folder.close()
