"""What the client remembers."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from syncd.client.decide_folder import There
from syncd.client.folder import Stat
from syncd.client.state import FIRST, RACY_NS, VERSION, Base, Remote, Session, State

FOUND = Stat(3, 10**18, 10**18, 7, 0o644)
A, B = "a" * 64, "b" * 64


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    made = State(tmp_path / "state.db")
    yield made
    made.close()


def test_the_mirror_is_whole_once_the_feed_was_read_to_its_end(state: State) -> None:
    assert not state.is_whole and state.cursor == 0
    state.mirror([Remote("x", A, 3, None, 1)], 1, at_end=False)
    assert not state.is_whole
    state.mirror([Remote("y", A, 3, None, 2)], 2, at_end=True)
    assert state.is_whole and state.cursor == 2
    state.begin_mirror()
    assert not state.is_whole and state.cursor == 0 and state.remote("x") is None


def test_a_later_word_is_not_overwritten(state: State) -> None:
    state.heard(Remote("x", B, 3, None, 5))
    state.mirror([Remote("x", A, 3, None, 4), Remote("x", A, 3, None, 5)], 5, at_end=True)
    assert state.remote("x") == Remote("x", B, 3, None, 5)
    state.mirror([Remote("x", None, 0, None, 6)], 6, at_end=True)
    assert state.remote("x") is None


def test_unsettled_is_what_the_server_has_otherwise(state: State) -> None:
    for path, digest in (("same", A), ("edited", B), ("new", A), ("gone", None), ("never", None)):
        state.heard(Remote(path, digest, 3, None, 1))
    for path in ("same", "edited", "gone", "lost"):
        state.agree(path, A, FOUND, 0)
    assert state.unsettled() == {"edited", "new", "gone", "lost"}


def test_a_stat_is_trusted_only_when_the_clock_had_moved_on(state: State) -> None:
    young = Base("x", A, FOUND, FOUND.mtime_ns + RACY_NS)
    old = Base("x", A, FOUND, FOUND.mtime_ns + RACY_NS + 1)
    assert not young.holds(FOUND) and old.holds(FOUND)
    assert not old.holds(Stat(3, 10**18, 10**18 + 1, 7, 0o644))


def test_a_file_of_another_age_can_be_agreed_on(state: State, tmp_path: Path) -> None:
    (tmp_path / "x").touch()
    os.utime(tmp_path / "x", (0, 10_000_000_000))  # in 2286, which ext4 knows and 64 bits of ns don't
    found = Stat.of((tmp_path / "x").stat())
    state.agree("x", A, found, 0)
    base = state.base("x")
    assert base is not None and base.stat == found


def test_a_page_is_taken_over_whole_or_not_at_all(state: State) -> None:
    with pytest.raises(sqlite3.Error):
        state.mirror([Remote("x", A, 3, None, 1), Remote("y", A, 3, None, None)], 2, at_end=True)  # type: ignore[arg-type]  # broken on purpose
    assert state.remote("x") is None and state.cursor == 0


def test_the_paths_below_a_folder_are_those_and_no_neighbour_s(state: State) -> None:
    for path in ("a", "a/x", "a/b/y", "a.txt", "ab/z"):
        state.agree(path, A, FOUND, 0)
    assert state.below("a") == ["a/b/y", "a/x"]
    assert {one.path for one in state.holders(A)} == {"a", "a/x", "a/b/y", "a.txt", "ab/z"}


def test_a_conflicted_copy_is_known_by_name_and_content(state: State) -> None:
    copy = "d/note.sync-conflict-20261120-081530-laptop.txt"
    state.heard(Remote(copy, A, 3, None, 1))
    assert state.conflicted_copy("d/note.txt", A) == copy
    assert state.conflicted_copy("d/note.txt", B) is None
    assert state.conflicted_copy("note.txt", A) is None
    assert state.conflicted_copy("d/other.txt", A) is None


def test_everything_is_there_after_opening_again(tmp_path: Path) -> None:
    state = State(tmp_path / "state.db")
    state.agree("x", A, FOUND, 9)
    state.began(Session("x", "1", A))
    state.set_word("server", "here")
    state.close()
    again = State(tmp_path / "state.db")
    assert again.base("x") == Base("x", A, FOUND, 9)
    assert again.sessions() == [Session("x", "1", A)] and again.word("server") == "here"
    again.close()


def test_a_dry_one_changes_nothing(tmp_path: Path) -> None:
    state = State(tmp_path / "state.db")
    state.agree("x", A, FOUND, 9)
    state.close()
    dry = State(tmp_path / "state.db", dry=True)
    assert dry.base("x") is not None
    dry.forget("x")
    dry.close()
    State(tmp_path / "none.db", dry=True).close()
    assert not (tmp_path / "none.db").exists()
    again = State(tmp_path / "state.db")
    assert again.base("x") is not None
    again.close()


def test_a_server_that_is_not_as_far_as_it_was_deletes_nothing(state: State) -> None:
    state.mirror([Remote("x", A, 3, None, 1), Remote("y", B, 3, None, 2), Remote("z", A, 3, None, 3)], 9, at_end=True)
    for path, digest in (("x", A), ("y", B), ("z", A)):
        state.agree(path, digest, FOUND, 0)
    state.begin_mirror()
    state.begin_mirror()  # killed, and once more
    state.mirror([Remote("x", A, 3, None, 1), Remote("y", A, 3, None, 2)], 2, at_end=True)
    assert {base.path for base in state.bases()} == {"x"}
    state.begin_mirror()
    state.mirror([], 12, at_end=True)
    assert {base.path for base in state.bases()} == {"x"}  # that one was deleted


def made(path: str, seq: int) -> Remote:
    return Remote(path, None, 0, None, seq, is_folder=True)


def test_what_the_server_has_as_a_folder(state: State) -> None:
    for one in (
        made("made", 1),
        made("up/made", 2),
        Remote("led/x", A, 3, None, 3),
        Remote("gone/x", None, 0, None, 4),
    ):
        state.heard(one)
    found = {path: state.folder_there(path) for path in ("made", "up", "led", "gone", "le", "led/x", "led/x/y", "mad")}
    assert found == {
        "made": There.MADE,
        "up": There.LED,
        "led": There.LED,
        "led/x": There.FILE,
        "led/x/y": There.FILE,
        **dict.fromkeys(("gone", "le", "mad"), There.NOTHING),
    }
    assert state.remote("made") is None and state.made("led/x") is None
    state.heard(Remote("made", None, 0, None, 5))
    assert state.folder_there("made") is There.NOTHING


def test_folders_make_way_for_a_file_only_if_no_file_is_in_them(state: State) -> None:
    for one in (
        made("a", 1),
        made("a/b", 2),
        made("a/b/c", 3),
        made("ab", 4),
        made("d/e", 5),
        Remote("d/x", A, 3, None, 6),
    ):
        state.heard(one)
    assert [one.path for one in state.folders_in_the_way("a")] == ["a/b/c", "a/b", "a"]
    assert not state.folders_in_the_way("d") and not state.folders_in_the_way("none")


def test_folders_that_are_not_as_agreed_are_unsettled(state: State) -> None:
    for one in (made("same", 1), made("new", 2), Remote("led/x", A, 3, None, 3), made("was led", 4)):
        state.heard(one)
    state.agree("led/x", A, FOUND, 0)
    state.agree_folder("same", There.MADE)
    state.agree_folder("gone", There.MADE)
    state.lead(["led", "husk", "was led", "same"])
    assert state.unsettled() == {"new", "gone", "husk", "was led"}
    assert state.folder_agreed("same") is There.MADE and state.folder_agreed("led") is There.LED


def test_what_was_made_or_removed_on_our_word_is_known_before_the_feed_tells(state: State) -> None:
    state.heard(Remote("x", None, 0, None, 5))
    state.folder_made("x", 7)
    state.mirror([Remote("x", None, 0, None, 6)], 6, at_end=False)
    known = state.made("x")
    assert known == made("x", 7) and state.folder_agreed("x") is There.MADE
    state.folder_removed(made("x", 6))
    assert state.made("x") == known
    state.folder_removed(known)
    assert state.made("x") is None and state.folder_agreed("x") is There.NOTHING
    state.mirror([made("x", 7)], 7, at_end=False)
    assert state.made("x") is None
    state.mirror([made("x", 9)], 9, at_end=False)
    assert state.made("x") == made("x", 9)


def test_folders_that_a_restored_server_lost_are_new(state: State) -> None:
    state.mirror([made("kept", 1), made("lost", 2)], 9, at_end=True)
    for path in ("kept", "lost"):
        state.agree_folder(path, There.MADE)
    state.begin_mirror()
    state.mirror([made("kept", 1)], 1, at_end=True)
    assert state.folders_agreed() == {"kept": There.MADE}


def test_a_file_from_before_folders_begins_its_mirror_anew_and_keeps_the_rest(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "state.db") as db:
        db.executescript(FIRST + "PRAGMA user_version = 1;")
        db.execute("INSERT INTO remote VALUES ('x', ?, 3, NULL, 4)", (A,))
        db.execute("INSERT INTO base VALUES ('x', ?, 3, 1, 1, 7, 420, 9)", (A,))
        db.execute("INSERT INTO meta VALUES ('cursor', '4'), ('whole', 'yes'), ('server', 'here')")
    db.close()
    for _ in range(2):
        state = State(tmp_path / "state.db")
        assert state.cursor == 0 and not state.is_whole and state.word("server") == "here"
        assert state.base("x") is not None and state.remote("x") is None
        state.close()
    state = State(tmp_path / "state.db")
    state.mirror([Remote("x", A, 3, None, 4), made("d", 5)], 5, at_end=True)
    state.close()
    state = State(tmp_path / "state.db")
    assert state.cursor == 5 and state.is_whole and state.made("d") == made("d", 5)
    state.close()


def test_a_file_from_the_future_is_not_touched(tmp_path: Path) -> None:
    State(tmp_path / "state.db").close()
    with sqlite3.connect(tmp_path / "state.db") as db:
        db.execute(f"PRAGMA user_version = {VERSION + 1}")
    db.close()
    with pytest.raises(sqlite3.DatabaseError, match="newer"):
        State(tmp_path / "state.db")
