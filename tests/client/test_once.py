"""Laptops that are brought in step one run at a time, by the real client and the real server."""

from __future__ import annotations

import os
import shutil
import unicodedata
from pathlib import Path

import pytest

from tests.client.conftest import MakeLaptop
from tests.client.laptop import Laptop
from tests.client.narrow import Narrow
from tests.daemon import Daemon
from tests.sync.api import Api

pytestmark = pytest.mark.slow
MIB = 1024 * 1024


def pair_of(laptop: MakeLaptop, files: dict[str, bytes]) -> tuple[Laptop, Laptop]:
    """Two laptops that both have *files*."""
    one, two = laptop("one"), laptop("two")
    for path, content in files.items():
        one.write(path, content)
        one.age(path)
    one.synced()
    two.synced()
    assert one.tree() == two.tree() == files
    return one, two


def test_two_folders_come_in_step(laptop: MakeLaptop) -> None:
    files = {"a.txt": b"hello", "empty": b"", "d/e/f.bin": os.urandom(70_000), "big": os.urandom(5 * MIB + 1)}
    one, two = pair_of(laptop, {**files, "caf\u00e9 \U0001f600.txt": b"name", "d/copy": files["big"]})
    assert one.synced().paths("sent") == set() and two.synced().paths("fetched") == set()
    found = (two.folder / "a.txt").stat()
    assert (
        abs(found.st_mtime_ns - (one.folder / "a.txt").stat().st_mtime_ns) < 10_000_000
    )  # the server counts in milliseconds


def test_an_edit_and_a_deletion_travel_both_ways(laptop: MakeLaptop) -> None:
    one, two = pair_of(laptop, {"a": b"1", "d/b": b"2", "c": b"3"})
    one.write("a", b"edited")
    two.remove("d/b")
    assert one.synced().paths("sent") == {"a"}
    assert two.synced().paths("deleted") == {"d/b"}
    assert one.synced().paths("deleted") == {"d/b"}
    assert one.tree() == two.tree() == {"a": b"edited", "c": b"3"}
    assert (one.folder / "d").is_dir()  # two has it still, empty


def test_a_rename_is_a_rename_and_sends_nothing(laptop: MakeLaptop) -> None:
    one, two = pair_of(laptop, {"d/x": b"1" * 1000, "d/y": b"2"})
    inode = (two.folder / "d/x").stat().st_ino
    one.rename("d", "e")
    run = one.synced()
    assert run.paths("moved") == {"d/x", "d/y"} and not run.paths("sent") | run.paths("deleted")
    run = two.synced()
    assert run.paths("moved") == {"d/x", "d/y"} and not run.paths("fetched") | run.paths("deleted")
    assert (two.folder / "e/x").stat().st_ino == inode
    assert one.tree() == two.tree() == {"e/x": b"1" * 1000, "e/y": b"2"}
    assert not (two.folder / "d").exists()


def test_edits_on_both_sides_are_both_kept(laptop: MakeLaptop) -> None:
    one, two = pair_of(laptop, {"d/note.txt": b"old"})
    one.write("d/note.txt", b"of one")
    two.write("d/note.txt", b"of two")
    one.synced()
    run = two.synced()
    [told] = [event for event in run.events if event["event"] == "conflict"]
    assert told["path"] == "d/note.txt"
    one.synced()
    assert one.tree() == two.tree() == {"d/note.txt": b"of one", told["to"]: b"of two"}


def test_files_that_were_there_before_pairing_are_both_kept(laptop: MakeLaptop) -> None:
    one, two = laptop("one"), laptop("two")
    for each, content in ((one, b"of one"), (two, b"of two")):
        each.write("same", b"same")
        each.write("x", content)
    one.synced()
    run = two.synced()
    assert run.paths("conflict") == {"x"} and not run.paths("sent")
    one.synced()
    assert one.tree() == two.tree()
    assert sorted(one.tree().values()) == [b"of one", b"of two", b"same"]


def test_an_edit_beats_a_deletion(laptop: MakeLaptop) -> None:
    one, two = pair_of(laptop, {"x": b"1", "y": b"2"})
    one.remove("x")
    one.write("y", b"edited")
    two.write("x", b"edited")
    two.remove("y")
    one.synced()
    two.synced()
    one.synced()
    assert one.tree() == two.tree() == {"x": b"edited", "y": b"edited"}


def test_a_file_takes_the_place_of_a_folder_and_a_folder_that_of_a_file(laptop: MakeLaptop) -> None:
    one, two = pair_of(laptop, {"a/x": b"1", "b": b"2"})
    one.remove("a/x")
    (one.folder / "a").rmdir()
    one.remove("b")
    one.write("a", b"now a file")
    one.write("b/x", b"now in a folder")
    one.synced()
    two.synced()
    assert one.tree() == two.tree()
    assert one.tree() == {"a": b"now a file", "b/x": b"now in a folder"}


def test_what_is_no_plain_file_is_skipped_and_told(laptop: MakeLaptop, tmp_path: Path) -> None:
    one = laptop("one")
    one.write("x", b"1")
    (one.folder / "link").symlink_to("x")
    (one.folder / "out").symlink_to(tmp_path)
    os.mkfifo(one.folder / "pipe")
    run = one.synced()
    assert run.paths("skipped") == {"link", "out", "pipe"} and run.paths("sent") == {"x"}


def test_a_folder_replaced_by_a_symlink_deletes_nothing_and_leads_nowhere(laptop: MakeLaptop, tmp_path: Path) -> None:
    one, two = pair_of(laptop, {"d/x": b"1", "y": b"2"})
    (two.folder / "d").rename(tmp_path / "elsewhere")
    (two.folder / "d").symlink_to(tmp_path / "elsewhere")
    one.write("d/x", b"edited")
    one.write("d/new", b"new")
    one.synced()
    run = two.synced()
    assert {"d/x", "d/new"} <= run.paths("skipped") and not run.paths("deleted") | run.paths("fetched")
    assert [path.name for path in (tmp_path / "elsewhere").iterdir()] == ["x"]
    assert (tmp_path / "elsewhere/x").read_bytes() == b"1"
    one.synced()
    assert one.tree() == {"d/x": b"edited", "d/new": b"new", "y": b"2"}


def test_what_is_ignored_stays_on_its_side(laptop: MakeLaptop, api: Api) -> None:
    one = laptop("one")
    assert api.put("logs/there.log", b"1").status == 201
    one.write(".syncdignore", b"*.log\n")
    one.write("here.log", b"2")
    (one.folder / ".x.swp").write_bytes(b"3")
    run = one.synced()
    assert run.paths("sent") == {".syncdignore"} and not run.paths("fetched")
    assert set(api.live()) == {".syncdignore", "logs/there.log"}


def test_a_mass_deletion_here_is_held(laptop: MakeLaptop, api: Api) -> None:
    one = laptop("one")
    for number in range(110):
        one.write(f"d/{number}", b"%d" % number)
    one.synced()
    for number in range(105):
        one.remove(f"d/{number}")
    one.write("new", b"new")
    run = one.sync()
    assert run.code == 1 and run.paths("held") == {""} and run.paths("sent") == {"new"}
    assert len(api.live()) == 111
    assert len(one.synced("--yes").paths("deleted")) == 105
    assert len(api.live()) == 6


def test_a_mass_deletion_on_the_server_is_held(laptop: MakeLaptop, api: Api) -> None:
    one = laptop("one")
    for number in range(110):
        one.write(f"d/{number}", b"%d" % number)
    one.synced()
    gone = [{"path": f"d/{number}", "change_type": "deleted"} for number in range(110)]
    for change in gone:
        assert api.delete(change["path"]).status == 204
    run = one.sync()
    assert run.code == 1 and run.paths("held") == {""} and len(one.tree()) == 110
    assert len(one.synced("--yes").paths("deleted")) == 110 and not one.tree()


def test_a_dry_run_says_everything_and_does_nothing(laptop: MakeLaptop, api: Api) -> None:
    one, two = pair_of(laptop, {"x": b"1", "y": b"2", "z": b"3"})
    one.write("x", b"edited")
    one.remove("y")
    one.write("new", b"4")
    one.synced()
    two.write("of two", b"5")
    two.remove("z")
    state = (two.folder / ".syncd/state.db").read_bytes()
    run = two.synced("--dry-run")
    assert all(event.get("dry") for event in run.events)
    assert run.paths("fetched") == {"x", "new"} and run.paths("sent") == {"of two"}
    assert run.paths("deleted") == {"y", "z"}
    assert two.tree() == {"x": b"1", "y": b"2", "of two": b"5"}
    assert set(api.live()) == {"x", "z", "new"}
    assert (two.folder / ".syncd/state.db").read_bytes() == state
    fresh = laptop("fresh")
    assert fresh.synced("--dry-run").paths("fetched") == {"x", "z", "new"}
    assert not list(fresh.folder.iterdir())


def test_a_backup_goes_up_only(laptop: MakeLaptop, api: Api) -> None:
    one = laptop("one")
    assert api.put("of the server", b"1").status == 201
    one.write("a", b"a")
    one.write("b", b"b")
    one.write("c", b"c")
    one.synced("--up-only")
    one.remove("a")
    one.write("b", b"edited")
    one.rename("c", "moved")
    assert api.delete("b").status == 204
    run = one.synced("--up-only")
    assert run.paths("sent") == {"b", "moved"} and not run.paths("deleted") | run.paths("fetched") | run.paths("moved")
    assert set(api.live()) == {"a", "b", "c", "moved", "of the server"}
    assert set(one.tree()) == {"b", "moved"}


def test_a_prefix_syncs_one_folder_of_the_server(laptop: MakeLaptop, api: Api) -> None:
    one, all_of_it = laptop("one"), laptop("all")
    for path in ("Photos/a/x", "Photos.txt", "Documents/y"):
        assert api.put(path, path.encode()).status == 201
    one.write("of-one", b"1")
    one.synced("--prefix", "Photos")
    assert one.tree() == {"a/x": b"Photos/a/x", "of-one": b"1"}
    one.rename("a/x", "b/z")
    one.write("of-one", b"2")
    assert one.synced("--prefix", "Photos/").paths("moved") == {"a/x"}
    all_of_it.write("Photos/of-one", b"3")
    assert all_of_it.synced().paths("conflict") == {"Photos/of-one"}
    one.synced("--prefix", "Photos")
    assert one.tree() == {path[7:]: content for path, content in all_of_it.tree().items() if path[:7] == "Photos/"}
    assert one.sync().code == 2  # without the prefix everything would look deleted


def test_names_that_differ_by_case_or_form_are_kept_apart(laptop: MakeLaptop) -> None:
    nfd = unicodedata.normalize("NFD", "\u00fc.txt")
    one, two = pair_of(laptop, {"Readme": b"1", "readme": b"2"})
    one.write(nfd, b"3")
    one.synced()
    two.synced()
    assert two.read("\u00fc.txt") == b"3"
    two.write("\u00fc.txt", b"4")
    two.synced()
    one.synced()
    assert one.read(nfd) == b"4" and not (one.folder / "\u00fc.txt").exists()
    assert (one.read("Readme"), one.read("readme")) == (b"1", b"2")


def test_only_changed_blocks_travel_both_ways(laptop: MakeLaptop, server: Daemon) -> None:
    content = bytearray(os.urandom(256 * MIB))
    with Narrow(server.port) as wire:
        one, two = laptop("one", wire.url), laptop("two", wire.url)
        one.write("big", bytes(content))
        one.synced()
        two.synced()
        start = 100 * MIB + 300_000  # no block begins there
        content[start : start + MIB] = os.urandom(MIB)
        one.write("big", bytes(content))
        wire.halt_at(None)
        one.synced()
        assert wire.up >= MIB and wire.up + wire.down < 6 * MIB
        wire.halt_at(None)
        two.synced()
        assert wire.down >= MIB and wire.up + wire.down < 6 * MIB
        assert two.read("big") == content
        two.rename("big", "renamed")
        two.age("renamed")
        wire.halt_at(None)
        two.synced()
        one.synced()
        assert wire.up + wire.down < MIB / 8
        assert one.read("renamed") == content


def test_a_folder_keeps_to_its_server_and_to_one_client(laptop: MakeLaptop, server: Daemon, tmp_path: Path) -> None:
    one = laptop("one")
    one.synced()
    with Narrow(server.port) as other:
        stranger = laptop("stranger", other.url)
        one.credentials.write_bytes(stranger.credentials.read_bytes())
        run = one.sync()
        assert run.code == 2 and "was synced with the server" in run.stderr


def test_a_second_client_is_refused(laptop: MakeLaptop) -> None:
    one = laptop("one").start()
    one.wait_for("in_step")
    run = one.sync()
    assert run.code == 2 and "another syncd sync" in run.stderr
    assert one.end() == 130


def test_a_device_that_was_removed_is_told_to_pair_again(laptop: MakeLaptop, api: Api) -> None:
    one = laptop("one")
    one.write("x", b"1")
    [device] = api.devices().json()
    assert api.remove_device(device["id"]).status == 204
    run = one.sync()
    assert run.code == 1 and "pair again" in run.stderr


def test_pairing_keeps_a_secret_and_a_wrong_password_pairs_nothing(server: Daemon, user: str, tmp_path: Path) -> None:
    one = Laptop(server.url, user, tmp_path, "one")
    one.folder.mkdir()
    done = one.pair("wrong horse 9")
    assert done.returncode == 1 and "Traceback" not in done.stderr and not one.credentials.exists()
    assert one.pair().returncode == 0
    assert one.credentials.stat().st_mode & 0o777 == 0o600
    one.synced()
    one.credentials.chmod(0o640)
    run = one.sync()
    assert run.code == 2 and "chmod 600" in run.stderr


def test_what_the_server_does_not_take_is_told_and_the_rest_goes_on(laptop: MakeLaptop, api: Api) -> None:
    one = laptop("one")
    (one.folder / "back\\slash").write_bytes(b"1")
    one.write("x", b"1")
    (one.folder / "secret").write_bytes(b"2")
    (one.folder / "locked").mkdir()
    run = one.synced()
    assert run.paths("skipped") == {"back\\slash"} and run.paths("sent") == {"x", "secret"}


def test_a_feed_that_begins_anew_deletes_nothing(laptop: MakeLaptop, server: Daemon) -> None:
    one, two = pair_of(laptop, {"x": b"1", "y": b"2"})
    two.write("x", b"edited")
    server.stop()
    server.must("rebuild")
    server.start()
    run = two.synced()
    assert run.paths("sent") == {"x"} and not run.paths("deleted") | run.paths("conflict")
    one.synced()
    assert one.tree() == two.tree() == {"x": b"edited", "y": b"2"}


def test_an_empty_folder_that_was_in_step_before_is_a_disk_that_is_not_there(laptop: MakeLaptop, api: Api) -> None:
    one = laptop("one")
    one.write("x", b"1")
    one.synced()
    there = one.folder.with_name("there")
    one.folder.rename(there)
    one.folder.mkdir()  # where the disk is mounted
    run = one.sync()
    assert run.code == 2 and "is its disk there?" in run.stderr
    assert not list(one.folder.iterdir())
    one.folder.rmdir()
    there.rename(one.folder)
    one.synced()
    shutil.rmtree(one.folder)
    (one.folder / ".syncd").mkdir(parents=True)  # the person says so
    one.synced()
    assert one.tree() == {"x": b"1"} and set(api.live()) == {"x"}
