"""status, doctor, check, scan, rebuild and trash, with a daemon running and without."""

from __future__ import annotations

import json
import os
import shutil
import socket

import pytest

from tests.cli.box import refused
from tests.daemon import USER, Daemon

pytestmark = pytest.mark.slow


@pytest.fixture
def filled(box: Daemon) -> Daemon:
    """Thirty files that another program put into the tree, and taken note of."""
    folder = box.tree() / "phone" / "2024"
    folder.mkdir(parents=True)
    for number in range(30):
        (folder / f"{number}.jpg").write_bytes(b"picture %d" % number)
    assert "30 files on the disk" in box.must("scan")
    return box


def status(box: Daemon) -> dict[str, object]:
    found: dict[str, object] = json.loads(box.must("status", "--json"))
    return found


def test_status_counts_what_is_there(filled: Daemon) -> None:
    found = status(filled)
    assert (found["volume"], found["daemon"] is not None) == ("ok", filled.process is not None)
    held = found["holdings"]
    assert isinstance(held, dict)
    assert held["users"] == [{"name": USER, "folder": USER, "files": 30, "size": 290}]
    assert held["seq"] >= 30 and held["trash"] == {"files": 0, "size": 0}
    assert f"{USER}: 30 files, 290 bytes" in filled.must("status")


def test_check_finds_the_byte_that_rotted(filled: Daemon) -> None:
    assert "all of them are as they were stored" in filled.must("check")
    rotten, gone, edited = (filled.tree() / "phone" / "2024" / f"{number}.jpg" for number in (3, 4, 5))
    before = rotten.stat()
    rotten.write_bytes(b"pictuRe 3")
    os.utime(rotten, ns=(before.st_atime_ns, before.st_mtime_ns))
    gone.unlink()
    edited.write_bytes(b"longer than it was")
    done = filled.cli("check", "--json")
    found = json.loads(done.stdout)
    assert done.returncode == 1
    assert [found[kind] for kind in ("damaged", "missing", "changed")] == [
        [f"{USER}/phone/2024/{number}.jpg"] for number in (3, 4, 5)
    ]
    assert "bring it back from a backup" in filled.cli("check").stdout


def test_many_deletions_wait_for_a_person(filled: Daemon) -> None:
    shutil.rmtree(filled.tree() / "phone")
    done = filled.cli("scan")
    assert done.returncode == 1 and "--confirm-deletions" in done.stdout
    assert json.loads(filled.must("scan", "--json", "--confirm-deletions"))["gone"] == 30
    assert "0 files on the disk: 0 new, 0 changed; 0 no longer there" in filled.must("scan")


def test_rebuild_makes_the_same_index_with_higher_numbers(filled: Daemon) -> None:
    before = status(filled)["holdings"]
    assert "30 files on the disk: 30 new" in filled.must("rebuild")
    after = status(filled)["holdings"]
    assert isinstance(before, dict) and isinstance(after, dict)
    assert after["users"] == before["users"] and after["seq"] > before["seq"]
    assert (filled.storage / ".syncd" / "index.db.before-rebuild").exists()


def test_the_trash_is_listed_restored_and_emptied(filled: Daemon) -> None:
    assert filled.must("trash", "list") == "the trash is empty\n"
    assert filled.must("trash", "empty") == "there is nothing to remove\n"
    lying = filled.tree() / ".trash" / "phone" / "2024"
    lying.mkdir(parents=True)
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        (lying / name).write_bytes(name.encode())
    filled.must("scan")
    rows = [json.loads(line) for line in filled.must("trash", "list", USER, "--json").splitlines()]
    assert [row["original"] for row in rows] == [f"phone/2024/{name}.jpg" for name in "abc"]
    assert "desi: phone/2024/b.jpg" in filled.must("trash", "list")
    assert "there is no number 99" in refused(filled, "trash", "restore", str(rows[0]["id"]), "99")
    assert filled.must("trash", "restore", str(rows[0]["id"])) == "1 file brought back\n"
    assert (filled.tree() / "phone" / "2024" / "a.jpg").read_bytes() == b"a.jpg"
    assert "add --yes" in refused(filled, "trash", "empty")
    assert filled.must("trash", "empty", "--older-than", "1") == "there is nothing to remove\n"
    assert "2 files (10 bytes) removed for good" in filled.must("trash", "empty", USER, "--yes")
    assert not (lying / "b.jpg").exists()


def test_bad_numbers_and_users_are_refused(box: Daemon) -> None:
    assert "see: syncd user list" in refused(box, "trash", "list", "nobody")
    for words in (["restore"], ["restore", "x"], ["restore", "-1"], ["empty", "--older-than", "soon"]):
        refused(box, "trash", *words, code=2)


def test_doctor_finds_a_good_box_good(box: Daemon) -> None:
    found = json.loads(box.must("doctor", "--json"))
    assert not [one for one in found if one["weight"] == "broken"]
    assert not [name for name in os.listdir(box.storage / ".syncd") if name.startswith("doctor")]


def test_doctor_names_a_port_in_use_and_an_open_state(tmp_path: object, box: Daemon) -> None:
    box.stop()
    box.state.chmod(0o755)
    with socket.create_server(("127.0.0.1", box.port)):
        done = box.cli("doctor")
    assert done.returncode == 1
    assert f"cannot listen on 127.0.0.1:{box.port}" in done.stdout and "chmod 700" in done.stdout


def test_without_its_disk_a_box_says_so(box: Daemon) -> None:
    """A daemon that runs notices by itself; this is the box that starts without it."""
    box.stop()
    box.storage.rename(box.root / "unplugged")
    assert "the disk is not there" in refused(box, "scan")
    assert "the disk is not there" in refused(box, "trash", "list")
    assert status(box)["volume"] == "absent"
    assert "is not there" in box.cli("doctor").stdout
    assert USER in box.must("user", "list")
