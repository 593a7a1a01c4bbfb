"""Folders in which nothing is, on laptops and on the server."""

from __future__ import annotations

import os
import shutil
import sqlite3
import unicodedata
from pathlib import Path

import pytest

from syncd.client.engine import WORKERS
from tests.client.conftest import MakeLaptop
from tests.client.laptop import Laptop
from tests.client.older import older_server
from tests.daemon import Daemon, wait_until
from tests.sync.api import Api

pytestmark = pytest.mark.slow


def trees_of(*laptops: Laptop) -> list[set[str]]:
    return [one.folders() for one in laptops]


def there(api: Api) -> set[str]:
    return set(api.folders().json()["folders"])


def in_step(*laptops: Laptop) -> None:
    """Everybody tells and hears everything."""
    for _ in range(2):
        for one in laptops:
            one.synced()


@pytest.fixture
def two(laptop: MakeLaptop) -> tuple[Laptop, Laptop]:
    """Two laptops that both have a made folder, a folder with a file, and a made folder with a file."""
    one, other = laptop("one"), laptop("two")
    one.write("led/x", b"1")
    (one.folder / "made").mkdir()
    (one.folder / "full").mkdir()
    one.synced()
    one.write("full/y", b"2")
    in_step(one, other)
    assert trees_of(one, other) == [{"led", "made", "full"}] * 2
    return one, other


def test_an_empty_folder_comes_and_goes_everywhere(laptop: MakeLaptop, server: Daemon, user: str, api: Api) -> None:
    one, other = laptop("one"), laptop("two")
    (one.folder / "a/b/c").mkdir(parents=True)
    run = one.synced()
    assert run.paths("made") == {"a/b/c"}
    assert other.synced().paths("made") == {"a/b/c"}
    assert trees_of(one, other) == [{"a", "a/b", "a/b/c"}] * 2 and there(api) == {"a", "a/b", "a/b/c"}
    assert not any(run.paths("made") | run.paths("removed") for run in (one.synced(), other.synced()))
    (other.folder / "a/b/c").rmdir()  # and a/b stays
    other.synced()
    assert one.synced().paths("removed") == {"a/b/c"}
    assert trees_of(one, other) == [{"a", "a/b"}] * 2 and there(api) == {"a", "a/b"}
    shutil.rmtree(one.folder / "a")
    in_step(one, other)
    assert trees_of(one, other) == [set(), set()] and not there(api)


def test_a_whole_tree_of_folders_goes_and_comes_and_is_renamed(laptop: MakeLaptop, api: Api) -> None:
    one, other = laptop("one"), laptop("two")
    tree = {"t", "t/a", "t/a/b", "t/c"}
    for path in sorted(tree):
        (one.folder / path).mkdir()
    one.write("t/a/file", b"1")
    in_step(one, other)
    assert trees_of(one, other) == [tree] * 2
    one.rename("t", "u")
    in_step(one, other)
    renamed = {"u" + path[1:] for path in tree}
    assert trees_of(one, other) == [renamed] * 2 and there(api) == renamed
    shutil.rmtree(other.folder / "u")
    in_step(other, one)
    assert trees_of(one, other) == [set(), set()] and not there(api)


def test_what_the_user_left_empty_stays_and_what_went_elsewhere_leaves_no_husk(
    two: tuple[Laptop, Laptop], api: Api
) -> None:
    one, other = two
    one.remove("led/x")
    in_step(one, other)
    assert trees_of(one, other) == [{"led", "made", "full"}] * 2
    one.write("elsewhere/z", b"3")
    in_step(one, other)
    assert api.delete("elsewhere/z").status == 204  # nobody made that folder
    assert api.delete("full/y").status == 204
    in_step(one, other)
    assert trees_of(one, other) == [{"led", "made", "full"}] * 2 and there(api) == {"led", "made", "full"}


def test_a_file_that_moves_out_leaves_its_folder(two: tuple[Laptop, Laptop], api: Api) -> None:
    one, other = two
    one.rename("led/x", "x")
    assert one.synced().paths("moved") == {"led/x"}
    in_step(other, one)
    assert trees_of(one, other) == [{"led", "made", "full"}] * 2
    assert api.put("gone/x", b"5").status == 201
    in_step(one, other)
    assert api.move("gone/x", "here/x").status == 200
    in_step(one, other)
    assert trees_of(one, other) == [{"led", "made", "full", "here"}] * 2


def test_a_husk_that_cannot_be_removed_is_no_news(two: tuple[Laptop, Laptop], api: Api) -> None:
    one, other = two
    (other.folder / "led/.DS_Store").write_bytes(b"not synced")
    (other.folder / "made/.DS_Store").write_bytes(b"not synced")
    shutil.rmtree(one.folder / "led")
    shutil.rmtree(one.folder / "made")
    for _ in range(3):
        in_step(one, other)
        assert there(api) == {"full"} and one.folders() == {"full"}
        assert other.folders() == {"full", "led", "made"}
    for name in ("led", "made"):
        (other.folder / name / ".DS_Store").unlink()
    in_step(other, one)
    assert trees_of(one, other) == [{"full"}] * 2


def test_a_folder_that_was_removed_here_while_a_file_came_there_is_there_for_it(
    two: tuple[Laptop, Laptop], api: Api
) -> None:
    one, other = two
    (one.folder / "made").rmdir()
    shutil.rmtree(one.folder / "full")
    assert api.put("made/new", b"3").status == 201
    assert api.put("full/y", b"edited").status == 200
    in_step(one, other)
    assert one.tree() == other.tree() == {"led/x": b"1", "made/new": b"3", "full/y": b"edited"}
    assert trees_of(one, other) == [{"led", "made", "full"}] * 2


def test_a_folder_with_something_that_is_not_synced_there_comes_back(two: tuple[Laptop, Laptop], api: Api) -> None:
    one, _ = two
    assert api.put("made/.x.swp", b"ignored here").status == 201
    (one.folder / "made").rmdir()
    in_step(one)
    assert "made" in there(api) and api.download("made/.x.swp").status == 200
    assert api.delete("made/.x.swp").status == 204
    in_step(one)
    assert ("made" in there(api)) == ("made" in one.folders())


def test_a_file_outweighs_an_empty_folder_of_its_name(laptop: MakeLaptop, api: Api) -> None:
    one, other = laptop("one"), laptop("two")
    for name in ("first", "second"):
        (one.folder / name / "inner").mkdir(parents=True)
    other.write("first", b"a file")
    one.synced()
    other.write("second", b"a file")
    in_step(other, one)
    assert one.tree() == other.tree() == {"first": b"a file", "second": b"a file"}
    assert trees_of(one, other) == [set(), set()] and not there(api)


def test_a_file_becomes_a_folder_and_a_folder_a_file(two: tuple[Laptop, Laptop]) -> None:
    one, other = two
    one.remove("led/x")
    (one.folder / "led/x").mkdir()
    (one.folder / "made").rmdir()
    one.write("made", b"a file")
    in_step(one, other)
    assert one.tree() == other.tree() == {"full/y": b"2", "made": b"a file"}
    assert trees_of(one, other) == [{"led", "led/x", "full"}] * 2


def test_a_backup_sends_new_folders_and_removes_none(laptop: MakeLaptop, api: Api) -> None:
    one = laptop("one")
    assert api.keep_folder("of the server").status == 201
    for name in ("a", "b"):
        (one.folder / name).mkdir()
    assert one.synced("--up-only").paths("made") == {"a", "b"}
    (one.folder / "a").rmdir()
    assert api.remove_folder("b").status == 204
    run = one.synced("--up-only")
    assert not run.paths("made") | run.paths("removed")
    assert one.folders() == {"b"} and there(api) == {"a", "of the server"}
    one.synced()  # both ways from now on: what was promised to stay comes back
    assert "a" in there(api) and {"a", "of the server"} <= one.folders()


def test_patterns_hold_for_folders(laptop: MakeLaptop, api: Api) -> None:
    one = laptop("one")
    one.write(".syncdignore", b"build/\n*.tmp\n")
    for name in ("build/x", "a.tmp", "kept/build", ".Trash-1000", "lost+found"):
        (one.folder / name).mkdir(parents=True)
    assert api.keep_folder("other/build").status == 201
    run = one.synced()
    assert run.paths("made") == {"kept"} and there(api) == {"kept", "other", "other/build"}
    assert "other" not in one.folders()
    one.write(".syncdignore", b"")
    one.synced()
    assert {"build/x", "kept/build", "other/build"} <= one.folders() and {"build/x", "a.tmp"} <= there(api)
    one.write(".syncdignore", b"build/\n")
    shutil.rmtree(one.folder / "build")
    one.synced()
    assert "build/x" in there(api)


def test_a_prefix_is_a_world_of_its_own(laptop: MakeLaptop, api: Api) -> None:
    one = laptop("one")
    for path in ("Photos/2026", "Photosynthesis/x", "other"):
        assert api.keep_folder(path).status == 201
    (one.folder / "mine").mkdir()
    one.synced("--prefix", "Photos")
    assert one.folders() == {"2026", "mine"}
    assert there(api) == {"Photos", "Photos/2026", "Photos/mine", "Photosynthesis", "Photosynthesis/x", "other"}
    (one.folder / "2026").rmdir()
    one.synced("--prefix", "Photos")
    assert "Photos/2026" not in there(api) and "Photosynthesis/x" in there(api)


def test_a_dry_run_tells_of_folders_and_makes_none(two: tuple[Laptop, Laptop], api: Api) -> None:
    one, _ = two
    assert api.keep_folder("new there").status == 201
    assert api.remove_folder("made").status == 204
    (one.folder / "new here").mkdir()
    one.remove("led/x")
    shutil.rmtree(one.folder / "full")
    before = one.folders(), there(api)
    told = {(event["event"], event["path"], event.get("side")) for event in one.synced("--dry-run").events}
    assert told == {
        ("made", "new there", "here"),
        ("made", "new here", "there"),
        ("made", "led", "there"),  # or it would go with its last file
        ("removed", "made", "here"),
        ("removed", "full", "there"),
        ("deleted", "led/x", "there"),
        ("deleted", "full/y", "there"),
    }
    assert (one.folders(), there(api)) == before
    done = [event for event in one.synced().events if event["event"] != "in_step"]
    assert {(event["event"], event["path"], event.get("side")) for event in done} == told


def test_folders_with_files_cost_no_request_and_are_not_made(laptop: MakeLaptop, api: Api) -> None:
    one = laptop("one")
    for number in range(40):
        one.write(f"{number % 8}/{number}/x", b"%d" % number)
    (one.folder / "3/empty").mkdir()
    assert one.synced().paths("made") == {"3/empty"}
    told = api.changes(0, limit=1000, folders=1).json()["changes"]
    assert [change["path"] for change in told if change.get("is_folder")] == ["3/empty"]


def test_held_deletions_hold_their_folder_and_folders_count_for_nothing(laptop: MakeLaptop, api: Api) -> None:
    one = laptop("one")
    for number in range(110):
        one.write(f"d/{number}", b"%d" % number)
    for number in range(120):
        (one.folder / f"empty/{number}").mkdir(parents=True)
    assert api.keep_folder("d").status == 201
    one.synced()
    shutil.rmtree(one.folder / "d")
    shutil.rmtree(one.folder / "empty")
    run = one.sync()
    assert run.code == 1 and run.paths("held") == {""} and there(api) == {"d"} and not one.folders()
    assert len(api.live()) == 110
    one.synced("--yes")
    assert not there(api) and not one.folders()


@pytest.mark.parametrize("status", [404, 405])
def test_an_older_server_keeps_files_and_nothing_else(
    laptop: MakeLaptop, server: Daemon, api: Api, status: int
) -> None:
    with older_server(server.port, status) as url:
        one, other = laptop("one", url), laptop("two", url)
        one.write("d/x", b"1")
        (one.folder / "empty").mkdir()
        for _ in range(2):
            assert not one.synced().paths("error")
            other.synced()
        assert one.tree() == other.tree() == {"d/x": b"1"}
        assert trees_of(one, other) == [{"d", "empty"}, {"d"}] and there(api) == {"d"}
        one.remove("d/x")
        one.synced()
        other.synced()
        assert trees_of(one, other) == [{"d", "empty"}, set()] and not there(api)


def test_a_state_from_before_folders_learns_of_them(laptop: MakeLaptop, api: Api) -> None:
    one = laptop("one")
    one.write("x", b"1")
    one.synced()
    assert api.keep_folder("made meanwhile").status == 201
    one.synced()
    with sqlite3.connect(one.folder / ".syncd/state.db") as db:
        db.executescript("DROP TABLE folders; ALTER TABLE remote DROP COLUMN is_folder; PRAGMA user_version = 1;")
    db.close()
    (one.folder / "made meanwhile").rmdir()
    run = one.synced()
    assert run.paths("made") == {"made meanwhile"} and not run.paths("sent") | run.paths("deleted")


def test_names_that_differ_by_case_or_form_are_folders_of_their_own(laptop: MakeLaptop, api: Api) -> None:
    one, other = laptop("one"), laptop("two")
    nfd = unicodedata.normalize("NFD", "\u00fcber/\u00fc")
    for name in ("Docs", "docs", nfd):
        (one.folder / name).mkdir(parents=True)
    (one.folder / "back\\slash").mkdir()
    run = one.synced()
    assert run.paths("skipped") == {"back\\slash"}
    other.synced()
    composed = {"Docs", "docs", "\u00fcber", "\u00fcber/\u00fc"}
    assert other.folders() == there(api) == composed
    (other.folder / "\u00fcber/\u00fc").rmdir()
    (other.folder / "Docs").rmdir()
    in_step(other, one)
    assert {unicodedata.normalize("NFC", path) for path in one.folders()} == {"docs", "\u00fcber", "back\\slash"}
    assert there(api) == {"docs", "\u00fcber"}


def test_links_and_disks_are_no_folders(two: tuple[Laptop, Laptop], api: Api, tmp_path: Path) -> None:
    one, _ = two
    (tmp_path / "outside").mkdir()
    (one.folder / "made").rmdir()
    (one.folder / "made").symlink_to(tmp_path / "outside")
    assert api.keep_folder("made/inner").status == 201
    for _ in range(2):
        one.synced()
    assert not os.listdir(tmp_path / "outside") and {"made", "made/inner"} <= there(api)


def test_it_is_there_in_a_moment(laptop: MakeLaptop, api: Api, tmp_path: Path) -> None:
    one, other = laptop("one").start(), laptop("two").start()
    one.wait_for("in_step")
    other.wait_for("in_step")
    (one.folder / "a/b").mkdir(parents=True)
    wait_until(lambda: other.folders() == {"a", "a/b"}, "the folder")
    (other.folder / "a/b").rename(other.folder / "a/c")
    wait_until(lambda: one.folders() == {"a", "a/c"}, "the rename")
    one.write("a/c/x", b"1")
    wait_until(lambda: other.has("a/c/x", b"1"), "a file in it")
    one.remove("a/c/x")
    wait_until(lambda: not other.tree(), "the deletion")
    assert trees_of(one, other) == [{"a", "a/c"}] * 2
    (tmp_path / "outside/sub/empty").mkdir(parents=True)
    (tmp_path / "outside").rename(one.folder / "inside")
    wait_until(lambda: "inside/sub/empty" in other.folders(), "a tree that was moved in")
    (one.folder / "inside").rename(tmp_path / "outside")
    wait_until(lambda: other.folders() == {"a", "a/c"}, "a tree that was moved out")
    shutil.rmtree(other.folder / "a")
    wait_until(lambda: not one.folders() and not there(api), "the removal")
    assert one.stderr.read_text() == other.stderr.read_text() == ""


def test_killed_in_the_middle_it_goes_on(laptop: MakeLaptop, api: Api) -> None:
    one, other = laptop("one"), laptop("two")
    for number in range(60):
        (one.folder / f"d/{number}").mkdir(parents=True)
    other.start()
    other.wait_for("in_step")
    one.start()
    wait_until(lambda: len(there(api)) > 10, "some of them")
    one.kill()
    other.kill()
    for number in range(1, 60, 2):
        (one.folder / f"d/{number}").rmdir()
    in_step(one, other)
    left = one.folders()
    assert left == other.folders() == there(api)
    assert {"d", *(f"d/{number}" for number in range(0, 60, 2))} <= left
    assert len(left) <= 31 + WORKERS  # what was made there when it was killed comes back, as a file would
    shutil.rmtree(other.folder / "d")
    other.start()
    wait_until(lambda: len(there(api)) < 25, "some of them to go")
    other.kill()
    in_step(one, other)
    assert trees_of(one, other) == [set(), set()] and not there(api)


def test_a_husk_that_a_kill_left_is_removed(two: tuple[Laptop, Laptop], api: Api) -> None:
    one, other = two
    shutil.rmtree(one.folder / "led")
    one.synced()
    with sqlite3.connect(other.folder / ".syncd/state.db") as db:  # it got so far, and no further
        db.execute("INSERT OR IGNORE INTO folders VALUES ('led', 0)")
    db.close()
    other.remove("led/x")
    in_step(other, one)
    assert trees_of(one, other) == [{"made", "full"}] * 2 and there(api) == {"made", "full"}
