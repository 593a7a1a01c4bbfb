"""What goes into a bundle and what stays out, decided without a network."""

from __future__ import annotations

import _ctypes
import configparser
import contextlib
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bundle import BundleError, bytecode, elf, libraries, lock, stage, tree
from bundle.targets import ARMV7, TARGETS, X86_64, Libc, host, target

pytestmark = pytest.mark.packaging


@pytest.mark.parametrize(
    ("machine", "bits", "glibc", "expected"),
    [
        ("x86_64", 64, True, "x86_64-gnu"),
        ("x86_64", 64, False, "x86_64-musl"),
        ("aarch64", 64, True, "aarch64-gnu"),
        ("aarch64", 32, True, "armv7-gnu"),  # Raspberry Pi OS: a 32-bit system on a 64-bit kernel
        ("armv7l", 32, True, "armv7-gnu"),
        ("armv8l", 32, False, "armv7-musl"),
        ("armv6l", 32, True, "pure"),
        ("x86_64", 32, True, "pure"),
        ("mips", 32, False, "pure"),
        ("riscv64", 64, True, "pure"),
    ],
)
def test_the_machine_at_hand_has_a_target(machine: str, bits: int, glibc: bool, expected: str) -> None:
    assert host(machine, bits, glibc) is TARGETS[expected]


@pytest.mark.parametrize(
    ("member", "place"),
    [
        ("aiohttp/web.py", "aiohttp/web.py"),
        ("aiohttp/_http_parser.cpython-311-aarch64-linux-musl.so", "aiohttp/_http_parser.so"),
        ("aiohttp/_http_parser.cpython-313-x86_64-linux-gnu.so", "aiohttp/_http_parser.so"),
        ("bcrypt/_bcrypt.abi3.so", "bcrypt/_bcrypt.so"),
        ("bcrypt.libs/libgcc_s-2d945d6c.so.1", "bcrypt.libs/libgcc_s-2d945d6c.so.1"),
        ("aiohttp-3.14.5.dist-info/METADATA", "aiohttp-3.14.5.dist-info/METADATA"),
        ("aiohttp-3.14.5.dist-info/RECORD", None),
        ("aiohttp/_http_parser.pyx", None),
        ("aiohttp/py.typed", None),
        ("attr/__init__.pyi", None),
        ("multidict/multidict_capi.h", None),
        ("multidict/_testcapi.cpython-311-x86_64-linux-gnu.so", None),
        ("aiosqlite/tests/smoke.py", None),
        ("some-1.0.data/scripts/some", None),
        ("aiohttp/", None),
    ],
)
def test_of_a_wheel_only_what_runs_is_kept(member: str, place: str | None) -> None:
    assert libraries.kept(member, compiled=True) == place


def test_without_compiled_code_only_python_is_kept() -> None:
    names = ["aiohttp/web.py", "aiohttp/_http_parser.cpython-311-x86_64-linux-musl.so", "bcrypt.libs/libgcc_s-2d.so.1"]
    assert [libraries.kept(name, compiled=False) for name in names] == ["aiohttp/web.py", None, None]


def test_a_wheel_that_reaches_outside_is_refused(tmp_path: Path) -> None:
    wheel = tmp_path / "bad-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("../outside.py", "")
    with pytest.raises(BundleError, match=r"\.\./outside\.py"):
        libraries.unpack([wheel], tmp_path / "bundle", TARGETS["x86_64-gnu"])
    assert not (tmp_path / "outside.py").exists()


def library(machine: int, bits: int, *needed: str, versions: tuple[tuple[str, str], ...] = ()) -> elf.Elf:
    return elf.Elf(machine, bits, needed, frozenset(versions))


@pytest.mark.parametrize(
    ("one", "libc", "reason"),
    [
        (library(62, 64, "libc.musl-x86_64.so.1", "libz.so.1", "libgcc_s-1.so.1"), "musl", None),
        (library(62, 64, "libc.so.6", "ld-linux-x86-64.so.2", versions=(("libc.so.6", "GLIBC_2.2"),)), "gnu", None),
        (library(62, 64, "libc.so.6"), "musl", "libc.so.6"),
        (library(62, 64, "libc.musl-x86_64.so.1"), "gnu", "libc.musl"),
        (library(62, 64, "libssl.so.3"), "musl", "libssl"),
        (library(62, 64, versions=(("libm.so.6", "GLIBC_2.2"),)), "musl", "GLIBC_2.2"),
        (library(183, 64), "musl", "machine 183"),
        (library(62, 32), "musl", "32 bits"),
    ],
)
def test_a_library_for_another_system_is_seen(one: elf.Elf, libc: Libc, reason: str | None) -> None:
    found = libraries.misfit(one, X86_64, libc, bundled={"libgcc_s-1.so.1"})
    assert found is None if reason is None else found is not None and reason in found


def test_what_this_python_is_linked_with_can_be_read() -> None:
    found = elf.read(Path("/proc/self/exe").read_bytes())
    assert any(name.startswith("libc.") for name in found.needed)
    assert found.bits == (32 if found.machine == ARMV7.elf else 64)


@pytest.mark.parametrize("cut", [0, 3, 20, 60, 100, 500])
def test_a_damaged_library_is_said_to_be_one(cut: int) -> None:
    with pytest.raises(elf.NotElf):
        elf.read(Path("/proc/self/exe").read_bytes()[:cut])


@given(st.data())
def test_whatever_is_wrong_with_a_library_it_is_read_or_refused(data: st.DataObject) -> None:
    """No other exception, no loop without an end."""
    library = bytearray(Path(_ctypes.__file__).read_bytes())
    segments = st.integers(0, 600)
    names_and_needs = st.integers(len(library) - 8192, len(library) - 8) | st.integers(0, 8192)
    for where in data.draw(st.lists(segments | names_and_needs, max_size=8)):
        library[where : where + 8] = data.draw(st.binary(min_size=8, max_size=8) | st.just(b"\xff" * 8))
    with contextlib.suppress(elf.NotElf):
        elf.read(bytes(library[: data.draw(st.integers(0, len(library)))]))


def test_the_lock_has_what_setup_cfg_requires_for_every_target() -> None:
    """To renew it: make lock"""
    wanted = {lock.project(line) for line in lock.requirements()}
    assert {"aiohttp", "aiosqlite", "bcrypt", "pyjwt"} == wanted
    for one in TARGETS.values():
        for python in one.pythons:
            names = [pin.name for pin in lock.pins(one, one.wheels_for(python))]
            assert wanted - one.without <= set(names), (one.name, python)
            assert len(names) == len(set(names)) and not one.without & set(names)


def test_every_part_of_the_lock_has_the_same_libraries() -> None:
    """What a library needs itself, too: setup.cfg does not name those."""
    parts = {key: {pin.name for pin in pins} for key, pins in lock.parse(lock.LOCK.read_text()).items()}
    everything = set().union(*parts.values())
    lacking = {key: everything - names - TARGETS[key[0]].without for key, names in parts.items()}
    assert {key: names for key, names in lacking.items() if names} == {}


def test_the_lock_has_one_version_of_each_library_that_setup_cfg_allows() -> None:
    found = lock.parse(lock.LOCK.read_text())
    versions = {(pin.name, pin.version) for pins in found.values() for pin in pins}
    assert len(versions) == len({name for name, _ in versions})
    for line in lock.requirements():
        floor = line.partition(">=")[2].partition(",")[0]
        [have] = [version for name, version in versions if name == lock.project(line)]
        assert tuple(map(int, have.split("."))) >= tuple(map(int, floor.split("."))), line


@pytest.mark.parametrize("line", ["aiohttp>=3", "aiohttp==3.14.5", "aiohttp==3 --hash=sha256:12", "-r other.txt"])
def test_a_line_of_the_lock_without_version_or_hash_is_refused(line: str) -> None:
    with pytest.raises(BundleError, match=r"wheels\.lock:2: .*make lock"):
        lock.parse(f"# x86_64-gnu 3.11\n{line}\n")


def test_a_target_or_python_that_is_not_there_is_named() -> None:
    with pytest.raises(BundleError, match="there is no target vax; there are: x86_64-gnu"):
        target("vax", "3.11")
    with pytest.raises(BundleError, match=r"aarch64-musl is made for Python 3\.11, not 3\.9"):
        target("aarch64-musl", "3.9")


def test_byte_code_for_another_python_is_not_made(tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text("pass\n")
    with pytest.raises(BundleError, match=r"byte-code for Python 3\.2 is made by Python 3\.2"):
        bytecode.replace_sources(tmp_path, "/usr/lib/syncd", "3.2")
    assert (tmp_path / "module.py").exists()


def test_byte_code_takes_the_place_of_sources(tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text("print(__file__, (lambda: 0).__code__.co_filename)\n")
    bytecode.replace_sources(tmp_path, "/usr/lib/syncd", bytecode.RUNNING)
    assert [path.name for path in tmp_path.iterdir()] == ["module.pyc"]
    done = subprocess.run([sys.executable, "-c", "import module"], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout == f"{tmp_path}/module.pyc /usr/lib/syncd/module.py\n", done.stderr


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("--prefix", "usr"),
        ("--prefix", "/usr; rm -rf /"),
        ("--prefix", "/usr local"),
        ("--interpreter", "/usr/bin/$(id)"),
        ("--storage", "mnt"),
        ("--storage", "/mnt/a\n[server]"),
        ("--storage", " /mnt"),
        ("--storage", "/"),
        ("--storage", "/usr/lib"),
        ("--storage", "/usr/lib/syncd"),
        ("--storage", "/usr/lib/syncd/data"),
        ("--storage", "/usr/share/../lib//syncd/x"),
        ("--target", "vax"),
        ("--system=openwrt --target", "aarch64-gnu"),
        ("--python", "2.7"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], argument: str, value: str
) -> None:
    destdir = tmp_path / "destdir"
    assert stage.main(["--destdir", str(destdir), *argument.split()[:-1], f"{argument.split()[-1]}={value}"]) == 1
    assert capsys.readouterr().err.startswith("bundle.stage: ") and not destdir.exists()


def test_a_date_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    with pytest.raises(BundleError, match="SOURCE_DATE_EPOCH"):
        stage.epoch()
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    assert stage.epoch() == 86400


def test_what_lies_about_in_the_checkout_is_no_part_of_a_package() -> None:
    for name in ("syncd/app.py.orig", "syncd/app.py~", "syncd/notes.txt", "syncd/.env.py", "syncd/__pycache__/a.py"):
        assert not tree.is_own(Path(name)), name
    assert tree.is_own(Path("syncd/cli/init.py")) and tree.is_own(Path("syncd/db/schema/index/0001.sql"))


def test_every_kind_of_file_that_pip_installs_is_packed() -> None:
    setup = configparser.ConfigParser(interpolation=None)
    setup.read(Path(__file__).parents[2] / "setup.cfg")
    patterns = [one for line in setup["options.package_data"].values() for one in line.replace(",", " ").split()]
    assert len(patterns) > 4
    assert [one for one in patterns if not tree.is_own(Path("syncd") / one)] == []
