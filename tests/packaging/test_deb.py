"""Debian packages: what they say of themselves, that the same is made twice, and what Debian's own checker says."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bundle import elf
from debian import control, mkdeb
from debian.mkdeb import HERE, SCRIPTS
from debian.releases import RELEASES, TARGETS, Package
from syncd import __version__
from syncd.core.core import ACCOUNTS, Core, initialise
from syncd.disk import state
from syncd.sections import Config, ServerSection, StorageSection
from tests.packaging.conftest import EPOCH, Deb

pytestmark = pytest.mark.packaging

OWN = Package(RELEASES["deb12"], "arm64", "1.2.3")
BUDGET_KIB = 8192  # on a small box, and less than half of it packed


def told(*argv: str | Path) -> str:
    """What a program prints; it has to succeed."""
    done = subprocess.run(argv, text=True, capture_output=True, timeout=110)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_package_is_for_one_release_and_machine() -> None:
    assert OWN.file_name == "syncd_1.2.3-1~deb12_arm64.deb"
    fields = dict(line.split(": ", 1) for line in control.control(OWN, 4711).splitlines() if not line.startswith(" "))
    assert fields["Depends"].startswith("python3 (>= 3.11~), python3 (<< 3.12~), ")
    assert (fields["Architecture"], fields["Installed-Size"]) == ("arm64", "4711")


def test_versions_grow_with_the_release_and_stay_below_debian_s_own() -> None:
    versions = ["1.2.3-1~deb12", "1.2.3-1~deb13", "1.2.3-1", "1.2.4-1~deb12"]
    for older, newer in zip(versions, versions[1:], strict=False):
        told("dpkg", "--compare-versions", older, "lt", newer)


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_scripts_are_plain_shell(name: str) -> None:
    told("shellcheck", "--shell=dash", HERE / name)


STUBS = "systemctl deb-systemd-invoke deb-systemd-helper systemd-sysusers systemd-tmpfiles python3"


@pytest.fixture
def script(tmp_path: Path) -> Callable[..., list[str]]:
    """Run a maintainer script by its name on a system of stubs where systemd runs: the commands that it gave."""
    log, programs, system = tmp_path / "log", tmp_path / "bin", tmp_path / "system"
    programs.mkdir()
    for name in STUBS.split():
        (programs / name).write_text(f'#!/bin/sh\necho "{name} $*" >>{log}\n')
        (programs / name).chmod(0o755)
    (system / "run/systemd/system").mkdir(parents=True)

    def run(name: str, *arguments: str) -> list[str]:
        text = (HERE / name).read_text()
        for place in ("/run/systemd/system", "/var/lib/syncd", "/srv/syncd", "/etc/syncd", "/usr/lib/syncd"):
            text = text.replace(place, f"{system}{place}")
        (tmp_path / name).write_text(text)
        log.write_text("")
        argv = ["dash", str(tmp_path / name), *arguments]
        done = subprocess.run(argv, env={"PATH": f"{programs}:/usr/bin:/bin"}, text=True, capture_output=True)
        assert (done.returncode, done.stderr) == (0, "")
        return log.read_text().splitlines()

    return run


STOPPED = "deb-systemd-invoke stop syncd.socket syncd.service"
STARTED = "deb-systemd-invoke start syncd.service"


@pytest.mark.parametrize("arguments", [["configure", ""], ["configure", "0.0.9"], ["abort-upgrade", "1.2.3"]])
def test_what_was_stopped_for_an_upgrade_runs_afterwards_whatever_came_of_it(
    script: Callable[..., list[str]], arguments: list[str]
) -> None:
    assert script("prerm", "upgrade", "1.2.3") == [STOPPED]
    given = script("postinst", *arguments)
    assert given[-1] == STARTED
    assert any(line.startswith("python3 -I -m compileall") for line in given)


@pytest.mark.parametrize("word", ["abort-remove", "abort-deconfigure"])
def test_a_removal_that_comes_to_nothing_leaves_the_service_running(
    script: Callable[..., list[str]], word: str
) -> None:
    assert script("prerm", "remove") == [STOPPED]
    assert script("postinst", word, "in-favour", "other", "1")[-1] == STARTED


def test_purging_takes_every_file_of_the_state_and_no_other(script: Callable[..., list[str]], tmp_path: Path) -> None:
    """By name, because the folder may hold more than ours."""
    folder = tmp_path / "system/var/lib/syncd"
    asyncio.run(_lived_in(folder))
    made = {path.name for path in folder.iterdir()}
    assert {ACCOUNTS, state._SIGNING_KEY, state._LOCK} <= made
    for name in (*made, f"{ACCOUNTS}-wal", f"{ACCOUNTS}-shm", f"{ACCOUNTS}-journal", state.CONTROL, "keepsake"):
        (folder / name).touch()
    script("postrm", "remove")
    assert made < {path.name for path in folder.iterdir()}
    script("postrm", "purge")
    assert [path.name for path in folder.iterdir()] == ["keepsake"]


async def _lived_in(folder: Path) -> None:
    """Leave in *folder* what a daemon leaves in its state."""
    files = folder.parent / "files"
    config = replace(Config(), server=ServerSection(state=folder), storage=StorageSection(path=files))
    files.mkdir(parents=True)
    await initialise(config)
    async with Core.open(config):
        pass


def test_purging_goes_through_no_link_to_a_folder(script: Callable[..., list[str]], tmp_path: Path) -> None:
    """The folders for files may be links to disks; what is empty there stays, too."""
    disk = tmp_path / "disk"
    disk.mkdir()
    (tmp_path / "system/srv").mkdir()
    (tmp_path / "system/srv/syncd").symlink_to(disk)
    script("postrm", "purge")
    assert disk.is_dir() and (tmp_path / "system/srv/syncd").is_symlink()


def test_a_wrong_word_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="2"):
        mkdeb.main(["--release", "deb11"])
    assert "deb12" in capsys.readouterr().err
    (tmp_path / "file").write_text("")
    assert mkdeb.main(["--out", str(tmp_path / "file")]) == 1
    assert str(tmp_path / "file") in capsys.readouterr().err


@pytest.mark.heavy
def test_the_same_bytes_are_made_twice(deb: Deb, tmp_path: Path) -> None:
    first = deb("deb12", "amd64")
    again = mkdeb.build(Package(RELEASES["deb12"], "amd64", __version__), tmp_path, EPOCH)
    assert again.name == first.name and again.read_bytes() == first.read_bytes()


@pytest.mark.heavy
@pytest.mark.parametrize(("mark", "architecture"), [("deb12", "amd64"), ("deb13", "armhf")])
def test_lintian_finds_nothing(deb: Deb, mark: str, architecture: str) -> None:
    assert told("lintian", "--allow-root", "--fail-on", "error,warning", deb(mark, architecture)) == ""


@pytest.mark.heavy
@pytest.mark.parametrize("mark", RELEASES)
@pytest.mark.parametrize("architecture", TARGETS)
def test_a_package_is_small(deb: Deb, mark: str, architecture: str) -> None:
    package = deb(mark, architecture)
    assert int(told("dpkg-deb", "--field", package, "Installed-Size")) <= BUDGET_KIB
    assert package.stat().st_size <= BUDGET_KIB * 1024 / 2
    assert told("dpkg-deb", "--field", package, "Architecture").strip() == architecture


@pytest.mark.heavy
@pytest.mark.parametrize("mark", RELEASES)
@pytest.mark.parametrize("architecture", TARGETS)
def test_what_its_libraries_need_is_in_packages_it_depends_on(
    deb: Deb, mark: str, architecture: str, tmp_path: Path
) -> None:
    package = deb(mark, architecture)
    told("dpkg-deb", "--extract", package, tmp_path)
    libraries = [path for path in tmp_path.rglob("*.so*") if path.read_bytes().startswith(elf.MAGIC)]
    assert len(libraries) > 5
    own = {path.name for path in libraries}
    needed = {name for path in libraries for name in elf.read(path.read_bytes()).needed} - own
    owners = {control.LIBRARIES[name] for name in needed}
    assert owners and owners <= set(told("dpkg-deb", "--field", package, "Depends").strip().split(", "))


@pytest.mark.heavy
def test_a_package_holds_what_an_installation_puts_there(deb: Deb) -> None:
    rows = [line.split() for line in told("dpkg-deb", "--contents", deb("deb12", "arm64")).splitlines()]
    assert {row[1] for row in rows} == {"root/root"}
    modes = {row[5]: row[0] for row in rows}
    assert modes["./usr/bin/syncd"] == "-rwxr-xr-x"
    assert {"./usr/lib/systemd/system/syncd.service", "./usr/share/man/man5/syncd.conf.5.gz"} <= set(modes)
    assert not [name for name in modes if name.startswith(("./srv", "./var", "./etc/systemd"))]
