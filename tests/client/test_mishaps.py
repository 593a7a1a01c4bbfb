"""What befalls folders, disks and servers in a household, and what must not come of it."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from syncd.client.credentials import load
from syncd.client.state import Session, State
from tests.client.conftest import SECTIONS, MakeLaptop
from tests.client.laptop import Laptop
from tests.client.narrow import Narrow
from tests.daemon import USER, Daemon, wait_until
from tests.sync.api import Api
from tests.sync.conftest import logged_in

pytestmark = pytest.mark.slow
MIB = 1024 * 1024


class Portal(BaseHTTPRequestHandler):
    """A hotel's network: whatever is asked for, here is our page."""

    shown: list[str] = []

    def do_GET(self) -> None:
        self.shown.append(self.path)
        self.send_response(403 if "limit" in self.path else 200)
        self.end_headers()
        self.wfile.write(b"<html>Welcome</html>")

    do_POST = do_PUT = do_DELETE = do_GET


@pytest.fixture
def portal() -> Iterator[int]:
    """The port of one."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Portal) as httpd:
        threading.Thread(target=httpd.serve_forever, daemon=True).start()
        yield httpd.server_port
        httpd.shutdown()


def test_a_stranger_s_page_is_no_answer(laptop: MakeLaptop, server: Daemon, portal: int) -> None:
    with Narrow(server.port) as wire:
        one, two = laptop("one", wire.url), laptop("two").start()
        one.start().wait_for("in_step")
        wire.lead_to(portal)
        one.write("x", b"written in the hotel")
        wait_until(lambda: any("cursor" in path for path in Portal.shown), "the page to be shown")
        one.write("y", b"and another")
        one.wait_for("offline")
        wire.lead_to(server.port)
        one.wait_for("online")
        wait_until(lambda: two.has("x", b"written in the hotel"), "the file")
        assert one.end() == 130


def test_what_a_restored_server_does_not_know_yet_comes_back_to_it(tmp_path: Path) -> None:
    with Daemon(SECTIONS, tmp_path / "server") as server:
        one = Laptop(server.url, USER, tmp_path, "one").made_known(logged_in(server))
        one.write("old", b"old")
        one.write("edited", b"as it was")
        one.synced()
        server.stop()
        shutil.copytree(tmp_path / "server", tmp_path / "backup", symlinks=True)
        server.start()
        one.write("new", b"saved after the backup")
        one.write("edited", b"edited after the backup")
        one.synced()
        server.stop()
        for part in (server.storage, server.state):
            shutil.rmtree(part)
            shutil.copytree(tmp_path / "backup" / part.name, part, symlinks=True)
        server.start()
        run = one.synced()
        assert run.paths("deleted") == set(), run.events
        one.synced()
        assert set(one.tree().values()) == {b"old", b"as it was", b"edited after the backup", b"saved after the backup"}
        assert one.read("new") == b"saved after the backup"
        assert set(logged_in(server).live()) == set(one.tree())


def test_a_renamed_file_that_was_edited_and_kept_its_time_is_sent(laptop: MakeLaptop, api: Api) -> None:
    one = laptop("one")
    one.write("a/photo", b"title 1")
    one.age("a/photo")
    one.synced()
    found = (one.folder / "a/photo").stat()
    one.rename("a/photo", "b/photo")
    with (one.folder / "b/photo").open("r+b") as photo:  # as programs do that write a title into a photo
        photo.write(b"title 2")
    os.utime(one.folder / "b/photo", ns=(found.st_atime_ns, found.st_mtime_ns))
    one.synced()
    assert api.download("b/photo").body == b"title 2"


def test_a_backup_that_becomes_two_way_deletes_nothing(laptop: MakeLaptop, api: Api) -> None:
    one = laptop("one")
    one.write("a", b"a")
    one.write("b", b"b")
    one.synced("--up-only")
    one.remove("a")
    one.synced("--up-only")
    one.remove("b")
    one.synced()
    assert set(api.live()) == {"a", "b"}
    assert one.tree() == {"a": b"a", "b": b"b"}


def test_a_dry_run_leaves_no_file(laptop: MakeLaptop) -> None:
    one = laptop("one")
    one.write("a", b"a")
    one.synced()
    before = sorted((one.folder / ".syncd").rglob("*"))
    one.synced("--dry-run")
    assert sorted((one.folder / ".syncd").rglob("*")) == before


def test_a_disk_is_not_filled_to_the_brim(laptop: MakeLaptop, api: Api) -> None:
    one = laptop("one")
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "none", str(one.folder)], check=False).returncode:
        pytest.skip("only root can mount")
    try:
        assert api.upload("larger", os.urandom(32 * MIB)).status == 200
        assert api.put("x", b"1").status == 201
        run = one.sync()
        assert run.code == 1 and one.tree() == {"x": b"1"}
        assert [event["why"] for event in run.events if event["event"] == "error"] == [
            "there is no room for it on this disk"
        ]
        one.write("y", os.urandom(MIB))
        assert api.delete("larger").status == 204
        one.synced()
        assert not list((one.folder / ".syncd/tmp").iterdir())
    finally:
        subprocess.run(["umount", str(one.folder)], check=True)


def test_a_file_that_never_rests_is_looked_at_more_and_more_seldom(laptop: MakeLaptop, api: Api) -> None:
    one = laptop("one").start()
    one.wait_for("in_step")
    rests = threading.Event()

    def log() -> None:
        while not rests.is_set():
            with (one.folder / "log").open("r+b" if (one.folder / "log").exists() else "wb") as file:
                file.write(os.urandom(64))
                file.truncate(96 * MIB)

    program = threading.Thread(target=log)
    program.start()
    try:
        one.wait_for("error", "log", timeout_s=90)
        one.write("x", b"1")
        wait_until(lambda: "x" in api.live(), "another file")
    finally:
        rests.set()
        program.join()
    one.end()
    one.synced()
    assert api.download("log").body == one.read("log")


def test_a_file_there_and_edits_in_a_folder_here_are_both_kept(laptop: MakeLaptop) -> None:
    one, two = laptop("one"), laptop("two")
    for name in ("x", "y"):
        one.write(f"a.d/{name}", name.encode())
    one.synced()
    two.synced()
    for name in ("x", "y"):
        one.remove(f"a.d/{name}")
    (one.folder / "a.d").rmdir()
    one.write("a.d", b"now a file")
    two.write("a.d/x", b"edited")
    two.write("a.d/new", b"new")
    one.synced()
    run = two.synced()
    [told] = [event for event in run.events if event["event"] == "conflict"]
    one.synced()
    two.synced()
    assert one.tree() == two.tree() == {"a.d/x": b"edited", "a.d/new": b"new", told["to"]: b"now a file"}


def test_a_deletion_that_the_server_refuses_ends_nothing(laptop: MakeLaptop, api: Api) -> None:
    one = laptop("one")
    one.write("a", b"a file is in the trash")
    one.synced()
    one.remove("a")
    one.synced()
    for path in ("a/x", "b", "c", "d"):
        one.write(path, b"1")
    one.start().wait_for("in_step")
    for path in ("a/x", "b", "c", "d"):  # "a/x" finds a file where it needs a folder
        one.remove(path)
    wait_until(lambda: set(api.live()) <= {"a/x"}, "the deletions")
    one.write("e", b"2")
    wait_until(lambda: "e" in api.live(), "another file")
    assert one.end() == 130


def test_a_disk_in_the_folder_that_is_pulled_out_is_no_deletion(laptop: MakeLaptop, api: Api) -> None:
    one = laptop("one")
    one.write("disk/below", b"1")
    one.synced()
    if subprocess.run(["mount", "-t", "tmpfs", "none", str(one.folder / "disk")], check=False).returncode:
        pytest.skip("only root can mount")
    try:
        one.write("disk/x", b"on the disk")
        assert api.put("disk/y", b"2").status == 201
        run = one.synced()
        assert "disk" in run.paths("skipped") and not run.paths("sent") | run.paths("deleted")
    finally:
        subprocess.run(["umount", str(one.folder / "disk")], check=True)
    one.synced()
    assert one.tree() == {"disk/below": b"1", "disk/y": b"2"} and set(api.live()) == {"disk/below", "disk/y"}


def test_uploads_that_nobody_goes_on_with_are_in_nobody_s_way(laptop: MakeLaptop, api: Api) -> None:
    one = laptop("one")
    one.synced()
    device = api.with_token(next(iter(load(one.credentials).values())).token)
    state = State(one.folder / ".syncd/state.db")
    while (answer := device.open_upload(f"gone-{len(state.sessions())}", 6 * MIB)).status == 200:
        path = answer.json()["target_path"]
        state.began(Session(path, answer.json()["id"], "a" * 64))
    assert answer.status == 429
    state.close()
    one.write("large", os.urandom(6 * MIB))
    assert one.synced().paths("sent") == {"large"}
