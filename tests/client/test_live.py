"""Laptops that keep their folders in step while people work."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import unicodedata
from pathlib import Path

import pytest

from tests.client.conftest import MakeLaptop
from tests.client.laptop import CLIENT, Laptop
from tests.client.narrow import Narrow
from tests.daemon import ROOT, Daemon, wait_until
from tests.sync.api import Api, sha256

pytestmark = pytest.mark.slow
MIB = 1024 * 1024


def test_what_is_saved_here_is_there_in_a_moment(laptop: MakeLaptop) -> None:
    one, two = laptop("one").start(), laptop("two").start()
    one.wait_for("in_step")
    two.wait_for("in_step")
    one.write("d/x", b"1")
    wait_until(lambda: two.has("d/x", b"1"), "the new file")
    two.write("d/x", b"edited there")
    wait_until(lambda: one.has("d/x", b"edited there"), "the edit")
    with (one.folder / "d/x").open("ab") as file:
        file.write(b", and here")
    wait_until(lambda: two.has("d/x", b"edited there, and here"), "what was appended")
    one.rename("d/x", "e/f/y")
    wait_until(lambda: two.tree() == {"e/f/y": b"edited there, and here"}, "the rename")
    two.remove("e/f/y")
    wait_until(lambda: not one.tree(), "the deletion")
    shutil.rmtree(two.folder / "e")
    wait_until(lambda: not (one.folder / "e").exists(), "the folders to go, too")
    assert (one.end(), two.end(signal.SIGTERM)) == (130, 0)
    assert one.stderr.read_text() == two.stderr.read_text() == ""


def test_what_was_saved_while_it_did_not_run_is_sent_when_it_starts(laptop: MakeLaptop, api: Api) -> None:
    one = laptop("one").start()
    one.wait_for("in_step")
    one.end()
    one.write("x", b"written on the train")
    one.start()
    wait_until(lambda: api.live() == {"x": sha256(b"written on the train")}, "the file, unasked")
    one.end()


def test_a_second_start_does_not_wait_for_news(laptop: MakeLaptop, api: Api) -> None:
    one = laptop("one")
    one.synced()
    one.write("x", b"1")
    one.start().wait_for("sent", "x", timeout_s=20)  # a long poll takes longer
    assert set(api.live()) == {"x"}


def test_a_file_that_is_removed_and_saved_again_stays(laptop: MakeLaptop) -> None:
    one, two = laptop("one").start(), laptop("two").start()
    two.wait_for("in_step")
    one.write("x", b"the same")
    for times in range(1, 6):
        one.wait_for("sent", "x", times)
        one.remove("x")
        one.wait_for("deleted", "x", times)
        one.write("x", b"the same")
    one.wait_for("sent", "x", 6)
    wait_until(lambda: two.has("x", b"the same"), "the file")
    one.end()
    two.end()
    one.synced()
    two.synced()
    assert one.tree() == two.tree() == {"x": b"the same"}


def test_a_whole_folder_moves_in_and_out(laptop: MakeLaptop, tmp_path: Path) -> None:
    one, two = laptop("one").start(), laptop("two").start()
    one.wait_for("in_step")
    files = {f"sub{number % 3}/{number}": b"%d" % number for number in range(40)}
    for path, content in files.items():
        (tmp_path / "outside" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "outside" / path).write_bytes(content)
    (tmp_path / "outside").rename(one.folder / "inside")
    wanted = {f"inside/{path}": content for path, content in files.items()}
    wait_until(lambda: two.tree() == wanted, "the folder")
    (one.folder / "inside" / "sub1" / "new").write_bytes(b"in a folder that came")
    wait_until(lambda: two.has("inside/sub1/new", b"in a folder that came"), "a file in it")
    (one.folder / "inside").rename(tmp_path / "outside")
    wait_until(lambda: not two.tree(), "the folder to go")


def test_a_server_that_goes_away_is_waited_for(laptop: MakeLaptop, server: Daemon) -> None:
    one, two = laptop("one").start(), laptop("two").start()
    one.wait_for("in_step")
    two.wait_for("in_step")
    server.kill()
    one.wait_for("offline")
    one.write("x", b"written meanwhile")
    server.start()
    one.wait_for("online")
    wait_until(lambda: two.has("x", b"written meanwhile"), "the file")
    assert [event["event"] for event in one.events].count("offline") == 1


def test_ignoring_begins_and_ends_with_the_file(laptop: MakeLaptop) -> None:
    one, two = laptop("one").start(), laptop("two").start()
    one.write(".syncdignore", b"*.log\n")
    wait_until(lambda: two.has(".syncdignore", b"*.log\n"), "the patterns")
    one.write("x.log", b"1")
    one.write("mark", b"1")
    wait_until(lambda: two.has("mark", b"1"), "the mark")
    assert not (two.folder / "x.log").exists()
    one.remove(".syncdignore")
    wait_until(lambda: two.has("x.log", b"1"), "what is not ignored any more")


def test_a_folder_that_vanishes_is_no_deletion(laptop: MakeLaptop, api: Api, tmp_path: Path) -> None:
    one = laptop("one")
    for number in range(5):
        one.write(f"{number}", b"%d" % number)
    one.start().wait_for("in_step")
    one.folder.rename(tmp_path / "unplugged")
    one.folder.mkdir()  # the empty folder below the disk that was mounted on it
    assert api.put("poke", b"1").status == 201
    assert one.ended() == 1
    assert "nothing was deleted" in one.stderr.read_text().lower()
    assert len(api.live()) == 6 and not one.tree()


def test_a_state_that_vanishes_is_no_deletion(laptop: MakeLaptop, api: Api) -> None:
    one = laptop("one")
    one.write("x", b"1")
    one.start().wait_for("in_step")
    for name in ("state.db", "x"):
        (one.folder / (name if name == "x" else f".syncd/{name}")).unlink()
    assert one.ended() == 1
    assert set(api.live()) == {"x"}


def test_an_upload_goes_on_after_a_kill(laptop: MakeLaptop, server: Daemon, api: Api) -> None:
    content = os.urandom(24 * MIB)
    with Narrow(server.port) as wire:
        one = laptop("one", wire.url)
        one.write("big", content)
        one.age("big")
        wire.halt_at(14 * MIB)
        one.start()
        wait_until(lambda: wire.is_halted, "the upload to be half-way")
        one.kill()
        assert not api.live()
        wire.halt_at(None)
        one.synced()
        assert wire.up < 16 * MIB
    assert api.download("big").body == content


def written(one: Laptop) -> int:
    """Bytes of unfinished downloads that are on the disk."""
    return sum(part.stat().st_blocks * 512 for part in (one.folder / ".syncd/tmp").iterdir())


def test_a_download_goes_on_after_a_kill(laptop: MakeLaptop, server: Daemon, api: Api) -> None:
    content = os.urandom(24 * MIB)
    assert api.upload("d/big", content).status == 200
    with Narrow(server.port) as wire:
        one = laptop("one", wire.url)
        wire.halt_at(14 * MIB)
        one.start()
        wait_until(lambda: wire.is_halted and written(one) > 8 * MIB, "the download to be half-way")
        one.kill()
        assert not one.tree()
        wire.halt_at(None)
        one.synced()
        assert wire.down < 20 * MIB  # what the sockets held was lost
    assert one.tree() == {"d/big": content}
    assert not list((one.folder / ".syncd/tmp").iterdir())


def test_a_file_that_is_saved_while_it_is_sent_arrives_as_it_was_saved_last(
    laptop: MakeLaptop, server: Daemon, api: Api
) -> None:
    with Narrow(server.port) as wire:
        one = laptop("one", wire.url)
        file = one.write("big", os.urandom(24 * MIB))
        wire.halt_at(6 * MIB)
        one.start()
        wait_until(lambda: wire.is_halted, "the upload to be under way")
        last = os.urandom(20 * MIB)
        file.write_bytes(last)
        wire.halt_at(None)
        wait_until(lambda: "big" in api.live(), "the upload", 60)
        wait_until(lambda: api.download("big").body == last, "the last version", 60)
        one.end()
        assert one.synced().paths("sent") == set()
    assert api.download("big").body == last and set(api.live()) == {"big"}


def test_ctrl_c_ends_it_in_the_middle_of_an_upload(laptop: MakeLaptop, server: Daemon) -> None:
    with Narrow(server.port) as wire:
        one = laptop("one", wire.url)
        one.write("big", os.urandom(24 * MIB))
        wire.halt_at(6 * MIB)
        one.start()
        wait_until(lambda: wire.is_halted, "the upload to be under way")
        assert one.end() == 130
        assert one.stderr.read_text() == ""


def test_a_feed_that_begins_anew_under_way_deletes_nothing(laptop: MakeLaptop, server: Daemon) -> None:
    one = laptop("one")
    for number in range(20):
        one.write(f"d/{number}", b"%d" % number)
    one.start().wait_for("in_step")
    server.stop()
    server.must("rebuild")
    server.start()
    one.write("d/3", b"edited")
    one.wait_for("sent", "d/3", 2)
    assert not [event for event in one.events if event["event"] in ("deleted", "conflict", "error")]
    assert one.end() == 130 and len(one.tree()) == 20


def test_a_person_at_a_terminal_is_asked_about_a_mass_deletion(laptop: MakeLaptop, api: Api) -> None:
    one = laptop("one")
    for number in range(110):
        one.write(f"d/{number}", b"%d" % number)
    one.synced()
    shutil.rmtree(one.folder / "d")
    for answer, left in ((b"n\n", 110), (b"y\n", 0)):
        person, terminal = os.openpty()
        os.write(person, answer)
        done = subprocess.run(
            [*CLIENT, "sync", str(one.folder), "--once", "--credentials", str(one.credentials)],
            stdin=terminal,
            capture_output=True,
            cwd=ROOT,
            text=True,
            timeout=60,
            check=False,
        )
        os.close(person)
        os.close(terminal)
        assert "110 of 110 files would be deleted on the server" in done.stderr
        assert (done.returncode, len(api.live())) == (1 if left else 0, left)


def test_while_a_person_thinks_about_the_question_everything_else_goes_on(laptop: MakeLaptop, api: Api) -> None:
    one = laptop("one")
    for number in range(110):
        one.write(f"d/{number}", b"%d" % number)
    one.synced()
    shutil.rmtree(one.folder / "d")
    person, terminal = os.openpty()
    told, tell = os.pipe()
    client = subprocess.Popen(
        [*CLIENT, "sync", str(one.folder), "--credentials", str(one.credentials)],
        stdin=terminal,
        stdout=subprocess.DEVNULL,
        stderr=tell,
        cwd=ROOT,
    )
    os.close(terminal)
    os.close(tell)
    try:
        said = b""
        while b"[y/N]" not in said:
            said += os.read(told, 1000)
        one.write("x", b"saved meanwhile")
        wait_until(lambda: "x" in api.live(), "the file that was saved meanwhile")
        assert len(api.live()) == 111
        os.write(person, b"y\n")
        wait_until(lambda: set(api.live()) == {"x"}, "the deletions")
    finally:
        client.send_signal(signal.SIGINT)
        assert client.wait(30) == 130
        os.close(person)
        os.close(told)


def test_deletions_that_trickle_are_held_all_the_same(laptop: MakeLaptop, api: Api) -> None:
    one = laptop("one")
    for number in range(130):
        one.write(f"d/{number}", b"%d" % number)
    one.start().wait_for("in_step")
    for number in range(60):
        one.remove(f"d/{number}")
    wait_until(lambda: len(api.live()) == 70, "the first deletions")
    for number in range(60, 120):
        one.remove(f"d/{number}")
    one.wait_for("held")
    held = next(event for event in one.events if event["event"] == "held")
    assert "in the last minutes" in held["why"]
    assert len(api.live()) >= 30  # a hundred at the most went
    one.end()


def test_once_without_a_server_fails_and_says_so(laptop: MakeLaptop, server: Daemon) -> None:
    with Narrow(server.port) as wire:
        one = laptop("one", wire.url)
    run = one.sync()
    assert run.code == 1 and "cannot be reached" in run.stderr


def test_decomposed_names_are_followed_live(laptop: MakeLaptop) -> None:
    one, two = laptop("one").start(), laptop("two").start()
    two.wait_for("in_step")
    nfd = unicodedata.normalize("NFD", "\u00fcber/\u00fc.txt")
    one.write(nfd, b"1")
    wait_until(lambda: two.tree() == {"\u00fcber/\u00fc.txt": b"1"}, "the file")
    one.write(nfd, b"2")
    one.write("x", b"3")
    wait_until(lambda: two.tree() == {"\u00fcber/\u00fc.txt": b"2", "x": b"3"}, "the edit")
    two.write("\u00fcber/\u00fc.txt", b"4")
    wait_until(lambda: one.tree() == {nfd: b"4", "x": b"3"}, "the other edit")
    one.rename(nfd, "y")
    wait_until(lambda: two.tree() == {"y": b"4", "x": b"3"}, "the rename")
