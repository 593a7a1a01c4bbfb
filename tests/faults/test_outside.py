"""Other programs write into the same tree: their changes become ordinary ones, a mass deletion asks first."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from tests import samples
from tests.conftest import MakeDaemon
from tests.daemon import USER, Daemon
from tests.phone import Phone

pytestmark = pytest.mark.slow


def served(daemon: MakeDaemon) -> tuple[Daemon, Phone]:
    server = daemon({"media": {"workers": 1}})
    return server, Phone(f"{server.url}/k/{server.add_device(USER, 'phone')}", USER, "phone-1")


def test_scan_takes_note_of_new_changed_and_removed_files(daemon: MakeDaemon) -> None:
    server, phone = served(daemon)
    for name in ("stays.jpg", "changes.jpg", "goes.jpg"):
        assert phone.upload(name, samples.jpeg()).status == 200
    folder = server.tree() / "phone-1" / "2024" / "5"
    (folder / "new.jpg").write_bytes(samples.jpeg((1, 1, 1)))
    (folder / "changes.jpg").write_bytes(samples.jpeg((2, 2, 2)))
    (folder / "goes.jpg").unlink()
    server.must("scan")
    assert phone.listed("2024/5") == ["2024/5/changes.jpg", "2024/5/new.jpg", "2024/5/stays.jpg"]
    assert phone.stream("2024/5/changes.jpg").body == samples.jpeg((2, 2, 2))


def test_a_file_of_another_age_stops_no_scan(daemon: MakeDaemon) -> None:
    when_s = 10_000_000_000  # in 2286, which ext4 knows and 64 bits of ns don't
    server, phone = served(daemon)
    assert phone.upload("x.jpg", samples.jpeg()).status == 200
    folder = server.tree() / "phone-1" / "2024" / "5"
    (folder / "odd.jpg").write_bytes(samples.jpeg((1, 1, 1)))
    for path in (folder / "odd.jpg", folder / "x.jpg", folder):
        os.utime(path, (when_s, when_s))
    server.must("scan")
    assert phone.listed("2024/5") == ["2024/5/odd.jpg", "2024/5/x.jpg"]
    assert phone.stream("2024/5/odd.jpg").body == samples.jpeg((1, 1, 1))


def test_mass_deletion_waits_for_a_person(daemon: MakeDaemon) -> None:
    server, phone = served(daemon)
    for number in range(30):
        assert phone.upload(f"{number}.jpg", samples.jpeg((number, 0, 0))).status == 200
    shutil.rmtree(server.tree() / "phone-1")
    refused = server.cli("scan")
    assert refused.returncode == 1
    assert "syncd scan --confirm-deletions" in refused.stdout + refused.stderr
    assert len(phone.listed("2024/5")) == 30
    server.must("scan", "--confirm-deletions")
    assert phone.listed("2024/5") == []


def test_links_and_special_files_are_never_opened(daemon: MakeDaemon, tmp_path: Path) -> None:
    server, phone = served(daemon)
    assert phone.upload("x.jpg", samples.jpeg()).status == 200
    folder = server.tree() / "phone-1" / "2024" / "5"
    (folder / "link.jpg").symlink_to("/etc/passwd")
    os.mkfifo(folder / "fifo.jpg")
    (server.tree() / "phone-1" / "2023").symlink_to(tmp_path)
    server.must("scan")
    assert phone.listed("2024/5") == ["2024/5/x.jpg"]
    assert phone.stream("2024/5/link.jpg").status == 404
    assert phone.stream("2024/5/fifo.jpg").status == 404
    assert phone.stream("2023/passwd").status == 404
    assert phone.upload("link.jpg", samples.jpeg((5, 5, 5))).status == 200
    assert phone.listed("2024/5") == ["2024/5/link (2).jpg", "2024/5/x.jpg"]
    refused = phone.upload("through.jpg", samples.jpeg(), "2023-1")
    assert (refused.status, refused.body) == (400, b"a link stands in that path; links are not followed\n")
    assert not (tmp_path / "1").exists()


def test_index_is_built_anew_from_the_files(daemon: MakeDaemon) -> None:
    server, phone = served(daemon)
    for number in range(5):
        assert phone.upload(f"{number}.jpg", samples.jpeg((number, 0, 0))).status == 200
    assert phone.move_to_trash("2024/5/0.jpg").status == 200
    server.kill()
    for path in (server.storage / ".syncd").glob("index.db*"):
        path.unlink()
    server.start()
    server.must("scan")
    assert phone.listed("2024/5") == [f"2024/5/{number}.jpg" for number in range(1, 5)]
    assert phone.listed("Trash") == ["Trash/2024/5/0.jpg"]
    assert phone.restore("Trash/2024/5/0.jpg").json() == {"Restored": 1}


def test_damaged_index_is_set_aside(daemon: MakeDaemon) -> None:
    server, phone = served(daemon)
    assert phone.upload("x.jpg", samples.jpeg()).status == 200
    server.kill()
    for path in (server.storage / ".syncd").glob("index.db-*"):
        path.unlink()
    (server.storage / ".syncd" / "index.db").write_bytes(b"no database" * 1000)
    server.start()
    server.must("scan")
    assert phone.listed("2024/5") == ["2024/5/x.jpg"]


def test_check_finds_a_flipped_bit(daemon: MakeDaemon) -> None:
    server, phone = served(daemon)
    assert phone.upload("x.jpg", samples.jpeg()).status == 200
    assert server.cli("check").returncode == 0
    path = server.tree() / "phone-1" / "2024" / "5" / "x.jpg"
    info = path.stat()
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(info.st_atime_ns, info.st_mtime_ns))
    found = server.cli("check", "--json")
    assert found.returncode == 1
    assert "x.jpg" in json.dumps(json.loads(found.stdout))
