"""What is not synced."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncd.client.ignore import FILE, Ignore


@pytest.mark.parametrize(
    "path",
    [
        ".syncd/state.db",
        ".SYNCD/state.db",
        ".trash/x",
        "a/.syncd/state.db",
        "a/.DS_Store",
        "a/Thumbs.db",
        "notes.txt.swp",
        "a/.notes.txt.swp",
        "film.mkv.part",
        "~$report.docx",
        "notes.txt~",
        "lost+found/1",
        ".Trash-1000/files/a",
    ],
)
def test_leavings_of_programs_stay_here(path: str) -> None:
    assert Ignore([]).hides(path)


@pytest.mark.parametrize("path", ["a.txt", ".syncdignore", ".bashrc", "part/a", "a/.syncd-notes", "swp"])
def test_what_people_make_is_synced(path: str) -> None:
    assert not Ignore([]).hides(path)


def test_patterns_are_those_of_git(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("# a comment\n/build/\n*.log\n!keep.log\n!*.part\n")
    ignore = Ignore.of(tmp_path)
    assert ignore.hides("build/x") and ignore.hides_folder("build") and not ignore.hides("a/build")
    assert ignore.hides("a/x.log") and not ignore.hides("a/keep.log")
    assert not ignore.hides("film.part")


def test_a_pattern_cannot_bring_the_client_s_own_folder_back() -> None:
    assert Ignore(["!.syncd/"]).hides(".syncd/state.db")


@pytest.mark.parametrize("line", ["!", "! ", "[z-a]", "\\"])
def test_a_line_that_is_no_pattern_spoils_no_other(line: str) -> None:
    ignore = Ignore(["*.log", line, "*.tmp"])
    assert ignore.wrong == [line]
    assert ignore.hides("a.log") and ignore.hides("a.tmp") and not ignore.hides("a")
