"""The packages as a feed describes them, read by make with a stand-in for OpenWrt's SDK."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bundle.bytecode import RUNNING
from openwrt import feed, mkipk
from syncd import __version__
from tests.daemon import ROOT

pytestmark = pytest.mark.packaging

SDK = Path(__file__).with_name("sdk")


def make(folder: Path, *args: str) -> str:
    """What make says in *folder* of the checkout, as the SDK would call it."""
    done = subprocess.run(
        ["make", "--no-print-directory", "-C", str(ROOT / folder), f"TOPDIR={SDK}", *args],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


def fields(folder: Path, *args: str) -> dict[str, str]:
    lines = (line.partition("=") for line in make(folder, *args, "fields").splitlines())
    return {key: value.strip() for key, _, value in lines}


def test_the_feed_and_the_ipk_say_the_same() -> None:
    said = fields(Path("openwrt"), "BUILD_DIR=/nowhere")
    control = mkipk.control("all")
    assert (said["PKG_NAME"], f"{said['PKG_VERSION']}-r{said['PKG_RELEASE']}") == (control.package, control.version)
    assert said["PKG_LICENSE"] == control.license
    assert said["PKG_MAINTAINER"] == control.maintainer
    assert said["SECTION"] == control.section
    assert said["USERID"] == control.user
    assert said["PKGARCH"] == control.architecture
    assert said["conffiles"] == "/etc/config/syncd"
    assert {one.removeprefix("+") for one in said["DEPENDS"].split()} == set(control.depends) - {"libc"}


@pytest.mark.parametrize(("python", "release"), [("3.11", "24.10"), ("3.13", "25.12"), ("3.14", "main")])
def test_each_release_is_asked_for_the_packages_it_has(python: str, release: str) -> None:
    said = fields(Path("openwrt"), f"PYTHON3_VERSION={python}")["DEPENDS"].split()
    assert said == [*(f"+{name}" for name in said_order(release)), "+python3-bcrypt"]


def said_order(release: str) -> list[str]:
    """The packages for *release* in the order of depends.txt."""
    return [name for name, releases in feed.parse(feed.DEPENDS.read_text()).items() if release in releases]


def test_the_page_for_luci_has_the_version_of_syncd_and_asks_for_it() -> None:
    said = fields(Path("openwrt/luci-app-syncd"))
    assert said["PKG_VERSION"] == __version__
    assert said["LUCI_PKGARCH"] == "all"
    assert "+syncd" in said["LUCI_DEPENDS"].split()


@pytest.mark.heavy
def test_the_sdk_makes_the_very_files_of_the_ipk(tmp_path: Path) -> None:
    downloads = ROOT / "build"
    make(
        Path("openwrt"),
        *(f"BUILD_DIR={tmp_path}", f"DL_DIR={downloads}", f"HOST_PYTHON3_BIN={sys.executable}"),
        *(f"PYTHON3_VERSION={RUNNING}", "build"),
    )
    staged = tmp_path / "staged"
    subprocess.run(
        [sys.executable, "-m", "bundle.stage", f"--destdir={staged}", "--system=openwrt", "--target=pure"],
        cwd=ROOT,
        check=True,
    )
    assert _files(tmp_path / "out") == _files(staged)
    assert (tmp_path / "out/etc/init.d/syncd").stat().st_mode & 0o111


def _files(root: Path) -> dict[str, bytes]:
    """Everything below *root*: content, or where a link leads."""
    return {
        str(path.relative_to(root)): str(path.readlink()).encode() if path.is_symlink() else path.read_bytes()
        for path in root.rglob("*")
        if path.is_symlink() or path.is_file()
    }
