"""The life of a package on a Debian that runs: installed, set up, upgraded, removed, purged, installed again."""

from __future__ import annotations

import json
import os
import re
import textwrap
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from bundle import stage, uninstall
from syncd import __version__
from tests.daemon import PASSWORD, ROOT, USER, free_port, wait_until
from tests.packaging.box import Box, box
from tests.packaging.conftest import Deb
from tests.phone import Phone
from tests.samples import photo

pytestmark = [
    pytest.mark.packaging,
    pytest.mark.heavy,
    pytest.mark.timeout(900),  # the first boxes of all are made from packages
    pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts and boots"),
]

SUITES = {"bookworm": "deb12", "trixie": "deb13"}
SETTINGS = "/etc/syncd/syncd.conf"
Boot = Callable[[str], Box]

# Prints the network namespace of the daemon, then those of the processes that open photos, each once.
NETWORKS = """
import os, pathlib, sys
daemon, workers = set(), set()
WORKER = b"syncd/" + b"media/"  # in two, or this script would find itself
for entry in pathlib.Path("/proc").glob("[0-9]*"):
    try:
        words = (entry / "cmdline").read_bytes()
        where = daemon if words.endswith(b"\\0serve\\0") else workers if WORKER in words else set()
        where.add(os.readlink(entry / "ns" / "net"))
    except FileNotFoundError:
        pass
print(*daemon, *workers)
"""


@pytest.fixture
def package(deb: Deb) -> Callable[..., Path]:
    """Order a package for this machine: `package("deb12", "0.0.9")`."""
    architecture = {"x86_64": "amd64", "aarch64": "arm64"}[os.uname().machine]
    return lambda mark, version=__version__: deb(mark, architecture, version)


@pytest.fixture
def debian(tmp_path: Path) -> Iterator[Callable[[str], Box]]:
    """Order a box that is not booted yet: `debian("bookworm")`."""
    with ExitStack() as stack:
        yield lambda suite: stack.enter_context(box(suite, tmp_path))


def install(where: Box, deb: Path) -> str:
    """Have apt install *deb*, which must not need anything that is not there; what it prints."""
    target = where.path("/root") / deb.name
    target.write_bytes(deb.read_bytes())
    options = ["--yes", "--no-install-recommends", "-o", "Dpkg::Options::=--force-confold"]
    return where.must("apt-get", "install", *options, f"/root/{deb.name}")


def set_up(where: Box) -> Phone:
    """Choose a port, make the first account, start the service, give a phone its key."""
    port = free_port()
    settings = where.path(SETTINGS)
    text = settings.read_text()
    assert text.count("#listen = 0.0.0.0:8420\n") == 1
    settings.write_text(text.replace("#listen = 0.0.0.0:8420\n", f"listen = 127.0.0.1:{port}\n"))
    where.must("syncd", "init", "--user", USER, "--password-stdin", input=f"{PASSWORD}\n")
    where.must("systemctl", "start", "syncd")
    key = json.loads(where.must("syncd", "device", "add", USER, "phone", "--json"))["key"]
    return Phone(f"http://127.0.0.1:{port}/k/{key}", USER, "phone")


def shown(where: Box, name: str) -> str:
    """A property of the service, as systemd has it."""
    return where.must("systemctl", "show", "--property", name, "--value", "syncd").strip()


def files(where: Box) -> dict[str, bytes]:
    """Everything that belongs to people, by its path."""
    tree = where.path("/srv/syncd") / USER
    return {str(one.relative_to(tree)): one.read_bytes() for one in tree.rglob("*") if one.is_file()}


def uid_of_service(where: Box) -> int:
    return int(where.must("id", "-u", "syncd"))


@pytest.mark.parametrize("suite", SUITES)
def test_a_fresh_package_serves_in_its_cage_once_it_is_set_up(
    debian: Boot, package: Callable[..., Path], suite: str
) -> None:
    here = debian(suite)
    here.boot()
    assert "syncd init" in install(here, package(SUITES[suite]))
    here.must("systemctl", "start", "syncd")
    assert (shown(here, "ActiveState"), shown(here, "ConditionResult")) == ("inactive", "no")
    assert here.must("dpkg", "--verify", "syncd") == ""
    phone = set_up(here)
    assert phone.upload("x.jpg", photo()).status == 200
    [name] = _listed(phone)
    wait_until(lambda: phone.img(name, "low").status == 200, "the thumbnail")
    assert phone.stream(name).body == photo()
    status = here.must("syncd", "status")
    assert "sandbox:   landlock" in status and "volume:    /srv/syncd: ok" in status
    networks = here.must("python3", "-c", NETWORKS).split()
    assert len(networks) == len(set(networks)) == 2
    assert {one.stat().st_uid for one in here.path("/srv/syncd").rglob("*")} == {uid_of_service(here)}
    here.must("systemctl", "reload", "syncd")
    wait_until(lambda: "was read again" in here.must("journalctl", "-u", "syncd"), "the reload")
    here.must("systemctl", "stop", "syncd")
    assert shown(here, "Result") == "success"
    with here.path(SETTINGS).open("a") as settings:
        settings.write("\n[trash]\nkeep_dais = 3\n")
    assert here.run("systemctl", "start", "syncd").returncode != 0
    assert (shown(here, "ExecMainStatus"), shown(here, "NRestarts")) == ("78", "0")
    assert "[trash]" in here.must("journalctl", "-u", "syncd", "--lines=5")


def _listed(phone: Phone) -> list[str]:
    [device] = phone.folders().json()
    [month] = device["Months"]
    return phone.listed(month)


def drop_in(where: Box, unit: str, text: str) -> None:
    """What `systemctl edit` does with *text*."""
    folder = where.path("/etc/systemd/system") / f"{unit}.d"
    folder.mkdir()
    (folder / "override.conf").write_text(text)
    where.must("systemctl", "daemon-reload")


def test_a_visitor_starts_it_and_the_watchdog_ends_one_that_hangs(debian: Boot, package: Callable[..., Path]) -> None:
    here = debian("bookworm")
    here.boot()
    install(here, package("deb12"))
    set_up(here)
    here.must("systemctl", "stop", "syncd")
    door = free_port()
    drop_in(here, "syncd.socket", f"[Socket]\nListenStream=\nListenStream=127.0.0.1:{door}\n")
    drop_in(here, "syncd.service", "[Service]\nWatchdogSec=3\nRestartSec=0\n")
    here.must("systemctl", "enable", "--now", "syncd.socket")
    assert shown(here, "ActiveState") == "inactive"
    visitor = Phone(f"http://127.0.0.1:{door}", USER, "phone")
    assert visitor.setup_info().status == 200
    wait_until(lambda: f"on 127.0.0.1:{door}\n" in here.must("journalctl", "-u", "syncd"), "the address in the log")
    pid = shown(here, "MainPID")
    here.must("sh", "-c", f"kill -STOP {pid}")
    wait_until(lambda: shown(here, "MainPID") not in (pid, "0"), "another daemon in its place", 60)
    assert shown(here, "NRestarts") == "1" and "Watchdog timeout" in here.must("journalctl", "-u", "syncd")
    assert visitor.setup_info().status == 200


def test_an_upgrade_keeps_settings_state_and_files(debian: Boot, package: Callable[..., Path]) -> None:
    here = debian("bookworm")
    here.boot()
    install(here, package("deb12", "0.0.9"))
    phone = set_up(here)
    assert phone.upload("x.jpg", photo()).status == 200
    before, pid = files(here), shown(here, "MainPID")
    edited = here.path(SETTINGS).read_text() + "# mine\n"
    here.path(SETTINGS).write_text(edited)
    here.must("systemctl", "stop", "syncd")
    here.must("chown", "--recursive", "root:root", "/var/lib/syncd")  # as it comes from a backup
    install(here, package("deb12"))
    assert here.must("dpkg-query", "--show", "--showformat=${Version}", "syncd") == f"{__version__}-1~deb12"
    assert shown(here, "ActiveState") == "active" and shown(here, "MainPID") != pid
    assert here.path(SETTINGS).read_text() == edited
    assert files(here) == before and len(_listed(phone)) == 1
    assert phone.upload("y.jpg", photo((200, 100))).status == 200
    # The one file that differs from what the package holds is the one that was edited.
    assert [line.split()[-1] for line in here.run("dpkg", "--verify", "syncd").stdout.splitlines()] == [SETTINGS]


def test_a_purge_takes_the_program_and_the_accounts_and_nobody_s_files(
    debian: Boot, package: Callable[..., Path]
) -> None:
    here = debian("bookworm")
    here.boot()
    install(here, package("deb12"))
    phone = set_up(here)
    assert phone.upload("x.jpg", photo()).status == 200
    before, uid = files(here), uid_of_service(here)
    here.path("/var/lib/syncd/keepsake").write_text("put here by somebody")
    here.must("dpkg", "--remove", "syncd")
    for gone in ("/usr/lib/syncd", "/usr/bin/syncd", "/usr/lib/systemd/system/syncd.service"):
        assert not here.path(gone).exists()
    assert here.run("systemctl", "is-active", "syncd").stdout.strip() == "inactive"
    assert here.path("/var/lib/syncd/accounts.db").exists() and here.path(SETTINGS).exists()
    here.must("dpkg", "--purge", "syncd")
    assert not here.path("/etc/syncd").exists()
    assert [one.name for one in here.path("/var/lib/syncd").iterdir()] == ["keepsake"]
    assert not list(here.path("/etc/systemd/system").rglob("syncd*"))
    assert not list(here.path("/var/lib/systemd/deb-systemd-helper-enabled").rglob("syncd*"))
    assert files(here) == before and uid_of_service(here) == uid
    install(here, package("deb12"))
    here.must("syncd", "init")
    here.must("syncd", "user", "add", USER, "--adopt", "--no-password")
    here.must("systemctl", "start", "syncd")
    assert files(here) == before
    assert f"{USER}: {len(before)} file" in here.must("syncd", "status")


def test_a_package_comes_and_goes_where_no_systemd_runs(debian: Boot, package: Callable[..., Path]) -> None:
    here = debian("bookworm")
    (here.path("/root") / "syncd.deb").write_bytes(package("deb12").read_bytes())
    for argv in (["--install", "/root/syncd.deb"], ["--install", "/root/syncd.deb"], ["--purge", "syncd"]):
        done = here.chroot("dpkg", *argv)
        assert done.returncode == 0, done.stdout + done.stderr
    assert not here.path("/etc/syncd").exists() and not here.path("/usr/lib/syncd").exists()
    assert "syncd:" in here.path("/etc/passwd").read_text()


def test_make_install_and_a_disk_that_comes_late(debian: Boot) -> None:
    """As the page for Debian tells it; the disk has a space in its name, and is mounted after the service."""
    here = debian("bookworm")
    here.boot()
    here.path("/disk").mkdir()
    here.path("/mnt/my disk").mkdir()
    mount = ("mount", "--bind", "/disk", "/mnt/my disk")
    here.must(*mount)
    arguments = ["--destdir", str(here.root), "--prefix", "/usr/local"]
    assert stage.main([*arguments, "--python", "3.11", "--storage", "/mnt/my disk"]) == 0
    here.must("systemd-sysusers")
    here.must("systemd-tmpfiles", "--create")
    here.must("systemctl", "daemon-reload")
    phone = set_up(here)
    here.must("systemctl", "stop", "syncd")
    here.must("umount", "/mnt/my disk")
    here.must("systemctl", "start", "syncd")
    assert phone.upload("x.jpg", photo()).status == 503
    here.must(*mount)
    wait_until(lambda: phone.upload("x.jpg", photo()).status == 200, "the disk to be noticed", 60)
    stored = here.path("/disk") / USER / "phone" / "2024" / "5" / "x.jpg"
    assert stored.read_bytes() == photo()
    here.must("systemctl", "stop", "syncd")
    assert uninstall.main(arguments) == 0
    assert not here.path("/usr/local/lib/syncd").exists() and here.path("/var/lib/syncd/accounts.db").exists()
    assert stored.read_bytes() == photo()


def test_disk_and_accounts_elsewhere_as_the_page_tells_it(debian: Boot, package: Deb) -> None:
    here = debian("trixie")
    here.boot()
    install(here, package("deb13"))
    page = (ROOT / "docs" / "debian.md").read_text()
    drop_ins = [one for one in re.findall(r"(?:^    .*\n)+", page, re.MULTILINE) if "Paths=" in one and "/mnt/" in one]
    assert len(drop_ins) == 2
    folder = here.path("/etc/systemd/system/syncd.service.d")
    folder.mkdir()
    for number, text in enumerate(drop_ins):
        (folder / f"{number}.conf").write_text(textwrap.dedent(text))
    here.must("systemctl", "daemon-reload")
    here.path("/mnt/disk").mkdir()
    here.path("/mnt/ssd").mkdir()
    here.must("mount", "-t", "tmpfs", "disk", "/mnt/disk")
    here.must("mkdir", "/mnt/disk/syncd")
    places = {"#path = /srv/syncd": "path = /mnt/disk/syncd", "#state = /var/lib/syncd": "state = /mnt/ssd/syncd-state"}
    for default, chosen in places.items():
        text = here.path(SETTINGS).read_text()
        assert text.count(f"{default}\n") == 1
        here.path(SETTINGS).write_text(text.replace(default, chosen))
    phone = set_up(here)
    assert phone.upload("x.jpg", photo()).status == 200
    assert here.must("stat", "--format=%U %a", "/mnt/ssd/syncd-state").split() == ["syncd", "700"]
    in_use = here.run("umount", "/mnt/disk")
    assert in_use.returncode != 0 and "busy" in in_use.stderr
    here.must("systemctl", "stop", "syncd")
    here.must("umount", "/mnt/disk")
