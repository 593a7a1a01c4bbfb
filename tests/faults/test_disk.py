"""Disks that are full, gone, foreign or read-only: a reason and no deletion, and recovery without a restart."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import samples
from tests.conftest import MakeDaemon
from tests.daemon import USER, Daemon, wait_until
from tests.faults.test_kill import JPEG
from tests.faults.witness import feed, staged
from tests.phone import Phone

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.geteuid() != 0, reason="mounting a tmpfs takes root"),
]

MIB = 1 << 20


def mount(where: Path, size: str) -> None:
    where.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(where)], check=True)


def unmount(where: Path, *options: str) -> None:
    subprocess.run(["umount", *options, str(where)], check=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own."""
    where = tmp_path / "disk"
    mount(where, "48m")
    yield where
    while os.path.ismount(where):
        unmount(where, "-l")


def on(disk: Path, daemon: MakeDaemon) -> tuple[Daemon, Phone]:
    """A daemon whose storage is *disk*, and a phone that has backed up one picture."""
    server = daemon({"storage": {"path": str(disk), "reserve_mb": "16"}, "media": {"workers": 1}})
    phone = Phone(f"{server.url}/k/{server.add_device(USER, 'phone')}", USER, "phone-1")
    assert phone.upload("kept.jpg", samples.jpeg()).status == 200
    return server, phone


def no_deletion(server: Daemon) -> bool:
    return all(live for _, live, _ in feed(server).values())


def test_full_disk_refuses_and_recovers(disk: Path, daemon: MakeDaemon) -> None:
    server, phone = on(disk, daemon)
    refused, sent = 0, 0
    while not refused and sent < 60:
        answer = phone.upload(f"{sent}.jpg", JPEG + os.urandom(MIB))
        refused += answer.status != 200
        sent += 1
    assert (answer.status, answer.body) == (507, b"the disk is full; make room or empty the trash\n")
    assert staged(server) == []
    assert phone.listed("2024/5")[0] == "2024/5/0.jpg"
    assert server.health() == 200
    assert phone.move_to_trash("2024/5/0.jpg").status == 200
    server.must("trash", "empty", "--yes")
    assert phone.upload("again.jpg", JPEG + os.urandom(MIB)).status == 200
    assert "2024/5/0.jpg" not in phone.listed("2024/5")


def test_disk_filled_by_others_in_the_middle_of_an_upload(disk: Path, daemon: MakeDaemon) -> None:
    server, phone = on(disk, daemon)
    free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize

    def content() -> Iterator[bytes]:
        yield JPEG + bytes(MIB)
        (disk / "of another program").write_bytes(bytes(free - 2 * MIB))
        for _ in range(6):
            yield bytes(MIB)

    answer = phone.upload_stream("big.jpg", content(), 7 * MIB + len(JPEG))
    assert answer.status == 507
    assert staged(server) == []
    (disk / "of another program").unlink()
    assert phone.upload("big.jpg", JPEG + bytes(MIB)).status == 200
    assert phone.listed("2024/5") == ["2024/5/big.jpg", "2024/5/kept.jpg"]


def test_lazily_unmounted_disk_is_not_an_empty_tree(disk: Path, daemon: MakeDaemon) -> None:
    server, phone = on(disk, daemon)
    copy = disk.parent / "copy"
    shutil.copytree(disk, copy)
    unmount(disk, "-l")
    answer = phone.upload("lost.jpg", samples.jpeg((1, 2, 3)))
    assert answer.status == 503
    assert answer.header("retry-after")
    wait_until(lambda: server.health() == 503, "the daemon to see it")
    wait_until(lambda: phone.folders().status == 503, "the daemon to leave the disk")
    assert list(disk.iterdir()) == []  # nothing was written below the bare mount point
    mount(disk, "48m")
    shutil.copytree(copy, disk, dirs_exist_ok=True)
    wait_until(lambda: server.health() == 200, "the daemon to find it again")
    assert phone.listed("2024/5") == ["2024/5/kept.jpg"]
    assert phone.upload("lost.jpg", samples.jpeg((1, 2, 3))).status == 200
    assert no_deletion(server)


def test_no_descriptor_keeps_an_absent_disk_busy(disk: Path, daemon: MakeDaemon) -> None:
    server, phone = on(disk, daemon)
    (disk / ".syncd" / "volume-id").rename(disk / ".syncd" / "hidden")  # as if another disk lay above
    wait_until(lambda: server.health() == 503, "the daemon to leave the disk")

    def is_free() -> bool:
        return subprocess.run(["umount", str(disk)], check=False, capture_output=True).returncode == 0

    wait_until(is_free, "the disk to be free")


def test_wrong_disk_is_never_written(disk: Path, daemon: MakeDaemon) -> None:
    server, phone = on(disk, daemon)
    unmount(disk, "-l")
    mount(disk, "48m")
    (disk / ".syncd").mkdir()
    (disk / ".syncd" / "volume-id").write_text("syncd-volume 1 00000000000000000000000000000000\n")
    wait_until(lambda: server.health() == 503, "the daemon to see it")
    assert phone.upload("x.jpg", samples.jpeg()).status == 503
    assert sorted(path.name for path in disk.rglob("*")) == [".syncd", "volume-id"]


def test_readonly_disk_still_serves(disk: Path, daemon: MakeDaemon) -> None:
    server, phone = on(disk, daemon)
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=False, capture_output=True)
    if not os.statvfs(disk).f_flag & os.ST_RDONLY:
        # A disk with files open for writing cannot be remounted; the kernel's own way is to do it anyway.
        subprocess.run(["mount", "--bind", str(disk), str(disk)], check=True)
        subprocess.run(["mount", "-o", "remount,ro,bind", str(disk)], check=True)
    answer = phone.upload("x.jpg", samples.jpeg((9, 9, 9)))
    assert (answer.status, answer.body) == (503, b"the disk is read-only\n")
    assert phone.stream("2024/5/kept.jpg").body == samples.jpeg()
    assert phone.listed("2024/5") == ["2024/5/kept.jpg"]
