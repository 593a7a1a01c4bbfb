"""What syncd imports is in the packages it asks for: OpenWrt cuts the standard library into many."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from openwrt import feed
from tests.daemon import USER, Daemon
from tests.packaging.conftest import Stage, program
from tests.phone import Phone
from tests.samples import jpeg

pytestmark = pytest.mark.packaging
ROOT = Path(__file__).parents[2]
STDLIB = frozenset(sys.stdlib_module_names)
RELEASES = ("23.05", "24.10", "25.12", "main")
# Packages whose modules came into another one that is asked for.
MERGED: dict[str, list[str]] = {release: [] for release in RELEASES} | {"main": ["python3-email"]}


def missing(folder: Path) -> dict[str, dict[str, str]]:
    """For each release, the modules that the sources in *folder* import and no package there brings."""
    modules = feed.imported(folder.rglob("*.py")) & STDLIB
    assert len(modules) > 40
    packages = {release: {*feed.depends(release), *MERGED[release]} for release in RELEASES}
    return {release: lacks for release in RELEASES if (lacks := feed.missing(modules, packages[release]))}


def test_what_syncd_imports_is_in_the_packages_it_asks_for() -> None:
    """A new one here: add its package to openwrt/depends.txt, or do without the module."""
    assert missing(ROOT / "syncd") == {}


@pytest.mark.heavy
def test_what_the_libraries_import_is_in_the_packages_syncd_asks_for(staged: Stage) -> None:
    """The whole bundle, while it is still sources."""
    assert missing(staged("--target=x86_64-gnu") / "usr/lib/syncd") == {}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import xml.etree.ElementTree", {"xml": "python3-xml"}),
        ("def late():\n    from multiprocessing import Process", {"multiprocessing": "python3-multiprocessing"}),
        ("try:\n    import decimal, json\nexcept ImportError:\n    pass", {"decimal": "python3-decimal"}),
        ("import tkinter", {"tkinter": "in no package"}),
        ("from . import lzma\nfrom .email import x", {}),
        ("import json, aiohttp, numpy", {}),
    ],
)
def test_a_module_of_another_package_is_seen(tmp_path: Path, source: str, expected: dict[str, str]) -> None:
    file = tmp_path / "module.py"
    file.write_text(source)
    assert feed.missing(feed.imported([file]) & STDLIB, ["python3-light"]) == expected


def test_what_is_asked_for_is_used() -> None:
    """A package that nothing imports would be flash for nothing."""
    used = {feed.package_of(name) for name in feed.imported((ROOT / "syncd").rglob("*.py"))}
    # aiohttp wants ssl, and hashlib is many times as fast with it.
    assert set(feed.depends("24.10")) <= used | {"python3-openssl"}


def test_both_releases_that_take_an_ipk_have_the_same_packages() -> None:
    assert feed.ipk_depends() == feed.depends("23.05") == feed.depends("24.10")


BARE_PYTHON = """
import runpy, sys

class Missing:
    # A part of Python that is not installed.
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in BLOCKED:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Missing())
loaded = BLOCKED & set(sys.modules)
assert not loaded, f"too late to block {loaded}"
runpy.run_path(PROGRAM, run_name="__main__")
"""


@pytest.mark.heavy
def test_the_daemon_works_with_those_packages_alone(staged: Stage, tmp_path: Path) -> None:
    """Python as a router has it: all that is in other packages cannot be imported, also not by the libraries."""
    blocked = {name for name in STDLIB if feed.package_of(name) not in feed.ipk_depends()}
    assert {"xml", "multiprocessing", "unittest", "decimal"} <= blocked
    folder = staged("--target=x86_64-gnu") / "usr/lib/syncd"
    bare = tmp_path / "bare.py"
    bare.write_text(f"BLOCKED, PROGRAM = {blocked!r}, {str(folder)!r}\n" + BARE_PYTHON)
    syncd = (program(folder)[0], "-S", "-s", "-E", "-B", str(bare))
    with Daemon(root=tmp_path / "box", syncd=syncd) as daemon:
        key = json.loads(daemon.must("device", "add", USER, "phone", "--json"))["key"]
        phone = Phone(f"{daemon.url}/k/{key}", USER, "phone")
        assert phone.upload("one.jpg", jpeg()).status == 200
        assert phone.login("wrong").status == 401
        assert len(phone.listed("2024/5")) == 1
        assert "daemon:    runs" in daemon.must("status")
        daemon.must("doctor")
        daemon.must("user", "list", "--json")
        daemon.must("config", "show")
