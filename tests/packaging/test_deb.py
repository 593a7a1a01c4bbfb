"""Debian packages: what they say of themselves, that the same is made twice, and what Debian's own checker says."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from bundle import elf
from debian import control, mkdeb
from debian.mkdeb import HERE, SCRIPTS
from debian.releases import RELEASES, TARGETS, Package
from syncd import __version__
from syncd.disk import state
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


def test_purging_knows_every_file_of_the_state() -> None:
    """By name, because the folder may hold more than ours; so each name has to stand there."""
    purge = (HERE / "postrm").read_text()
    for name in ("accounts.db", "accounts.db-wal", "accounts.db-shm", state.CONTROL, state._LOCK, state._SIGNING_KEY):
        assert f" {name}" in purge
    assert "rm -rf" not in purge


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
