"""The checker of packages sees what it must: each mutation of a good package is caught, by the rule for it."""

from __future__ import annotations

import gzip
import io
import re
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bundle import lock
from bundle.targets import OPENWRT_PYTHON, TARGETS
from openwrt import ipk, lint_ipk
from openwrt.lint_form import FORM
from openwrt.lint_program import PROGRAM
from openwrt.package import Member, Package, read
from tests.packaging.conftest import Press

pytestmark = [pytest.mark.packaging, pytest.mark.heavy]

Mutation = Callable[[Package], Package]
PARSER = "/usr/lib/syncd/aiohttp/_http_parser.so"
WEB = "/usr/lib/syncd/aiohttp/web.pyc"
SETTINGS = "/etc/config/syncd"
[ATTRS] = [
    f"/usr/lib/syncd/attrs-{pin.version}.dist-info/METADATA"
    for pin in lock.pins(TARGETS["aarch64-musl"], OPENWRT_PYTHON)
    if pin.name == "attrs"
]


# What of the program the good package here keeps: enough for every rule, little enough for many mutations.
KEPT = ("/usr/lib/syncd/__main__.py", "/usr/lib/syncd/LICENSES", "/usr/lib/syncd/syncd/", WEB)
TOP = re.compile(r"/usr/lib/syncd/[^/]+(\.pyc|/__init__\.pyc|/METADATA)|.*\.so(\.1)?")


@pytest.fixture(scope="module")
def good(pressed: Press) -> Package:
    """A real package, made small."""
    file = pressed("aarch64_generic")
    package = read(file.name, file.read_bytes())
    kept = tuple(one for one in package.data if one.info.isdir() or is_kept(one.path))
    size = f"Installed-Size: {sum(len(one.data) for one in kept)}"
    return control("control", f"Installed-Size: {package.field('Installed-Size')}", size)(replace(package, data=kept))


def is_kept(path: str) -> bool:
    return path.startswith(KEPT) or bool(TOP.fullmatch(path)) or not path.startswith("/usr/lib/syncd/")


# What may happen to a package. A member is copied before it is changed: the good package is shared.


def changed(members: tuple[Member, ...], path: str, **info: object) -> tuple[Member, ...]:
    """*members*, of which the one at *path* has other values: data=b"" or those of its tarfile.TarInfo."""
    assert [one for one in members if one.path == path], path
    return tuple(_copy(one, **info) if one.path == path else one for one in members)


def _copy(member: Member, **info: object) -> Member:
    data = info.pop("data", member.data)
    assert isinstance(data, bytes)
    copy = tarfile.TarInfo.frombuf(member.info.tobuf(tarfile.GNU_FORMAT)[-512:], "utf-8", "strict")
    copy.name, copy.size = member.info.name, len(data) if member.info.isreg() else 0
    for key, value in info.items():
        setattr(copy, key, value)
    return Member(copy, data)


def data(path: str, **info: object) -> Mutation:
    return lambda package: replace(package, data=changed(package.data, path, **info))


def edited(path: str, old: bytes, new: bytes) -> Mutation:
    def mutate(package: Package) -> Package:
        found = package.file(path)
        assert found is not None and old in found.data
        return data(path, data=found.data.replace(old, new, 1))(package)

    return mutate


def control(name: str, old: str, new: str) -> Mutation:
    def mutate(package: Package) -> Package:
        text = package.text(name)
        assert old in text
        content = text.replace(old, new, 1).encode()
        return replace(package, control=changed(package.control, f"/{name}", data=content))

    return mutate


def renamed(path: str, name: str) -> Mutation:
    return data(path, name=f".{name}")


def without(path: str) -> Mutation:
    def mutate(package: Package) -> Package:
        assert package.file(path) is not None
        return replace(package, data=tuple(one for one in package.data if one.path != path))

    return mutate


def with_script(name: str) -> Mutation:
    """A script more in the control part."""
    return lambda package: replace(
        package, control=(*package.control, _copy(package.control[-1], name=f"./{name}", data=b"#!/bin/sh\n"))
    )


def cut(path: str) -> Mutation:
    def mutate(package: Package) -> Package:
        found = package.file(path)
        assert found is not None
        return data(path, data=found.data[:-100])(package)

    return mutate


def added(path: str, content: bytes, **info: object) -> Mutation:
    """A file more, beside the launcher in the order of the archive."""

    def mutate(package: Package) -> Package:
        launcher = package.file("/usr/bin/syncd")
        assert launcher is not None
        return replace(
            package, data=(*package.data, _copy(launcher, name=f".{path}", data=content, mode=0o644, **info))
        )

    return mutate


def everywhere(**info: object) -> Mutation:
    return lambda package: replace(package, data=tuple(_copy(one, **info) for one in package.data))


def glibc_library(package: Package) -> Package:
    """As a wheel for desktop systems would have it: same machine, other C library."""
    found = package.file(PARSER)
    assert found is not None
    return data(PARSER, data=found.data.replace(b"libc.musl-aarch64.so.1\0", b"libc.so.6\0\0\0\0\0\0\0\0\0\0\0\0\0\0"))(
        package
    )


def other_machine(package: Package) -> Package:
    found = package.file(PARSER)
    assert found is not None
    return data(PARSER, data=found.data[:18] + b"\x3e\x00" + found.data[20:])(package)


MUTATIONS: list[tuple[str, str, Mutation]] = [
    ("a user's own number", "owner_is_root", everywhere(uid=1000)),
    ("a user's name", "owner_is_root", data(WEB, uname="builder")),
    ("members in another order", "order_of_members", lambda one: replace(one, outer=one.outer[::-1])),
    ("files in another order", "same_bytes_whenever_made", lambda one: replace(one, data=one.data[::-1])),
    ("a file of another time", "same_bytes_whenever_made", data(WEB, mtime=1)),
    ("a name from the root", "names_of_members", data(WEB, name="/usr/lib/syncd/aiohttp/web.pyc")),
    ("a name that leads out", "names_of_members", renamed(WEB, "/usr/lib/../../evil.pyc")),
    ("a file twice", "names_of_members", lambda one: replace(one, data=(*one.data, one.data[-1]))),
    ("a file without its folder", "names_of_members", without("/etc/config")),
    ("setuid", "modes", data("/usr/bin/syncd", mode=0o4755)),
    ("for all to write", "modes", data(WEB, mode=0o666)),
    ("for its owner alone to read", "modes", data(WEB, mode=0o600)),
    ("a folder for its owner alone", "modes", data("/usr/lib/syncd", mode=0o700)),
    ("a device", "modes", data(WEB, type=tarfile.CHRTYPE)),
    ("an init script that cannot be started", "modes", data("/etc/init.d/syncd", mode=0o644)),
    ("carriage returns in control", "fields_of_control", control("control", "\nVersion", "\r\nVersion")),
    ("fields in another order", "fields_of_control", control("control", "Package: syncd\n", "") ),
    ("a field nobody knows", "fields_of_control", control("control", "Section:", "Recommends: ffmpeg\nSection:")),
    ("an empty field", "fields_of_control", control("control", "Section: net", "Section: ")),
    ("another version than its name", "name_of_file", control("control", "-r1\n", "-r2\n")),
    ("a version without release", "name_of_file", control("control", "-r1\n", "\n")),
    ("an architecture that is none", "architecture", control("control", "aarch64_generic", "arm64")),
    ("another architecture's payload", "compiled", control("control", "aarch64_generic", "arm_cortex-a9_neon")),
    ("another size", "installed_size", control("control", "Installed-Size: ", "Installed-Size: 1")),
    ("settings that are no conffile", "conffiles", control("conffiles", "/etc/config/syncd\n", "")),
    ("a conffile that is a folder", "conffiles", control("conffiles", "\n", "\n/etc/syncd\n")),
    ("a conffile that is not there", "conffiles", control("conffiles", "\n", "\n/etc/config/other\n")),
    ("a program that an upgrade leaves", "conffiles", control("conffiles", "\n", "\n/usr/bin/syncd\n")),
    ("a script that adds to the stock ones", "no_script_of_its_own", with_script("postinst-pkg")),
    ("a script of our own", "stock_scripts", control("postinst", "default_postinst", "reboot #")),
    ("no user", "user", control("control", "Require-User: syncd=481:syncd=481\n", "")),
    ("a user who is root", "user", control("control", "syncd=481:syncd=481", "syncd=0:syncd=0")),
    ("a group that is root's", "user", control("control", "syncd=481:syncd=481", "syncd=481:syncd=0")),
    ("libc twice", "depends", control("control", "libc, ", "libc, libc, ")),
    ("no SQLite", "depends", control("control", "python3-sqlite3, ", "")),
    ("a package no feed has", "depends", control("control", "libc, ", "libc, python3-aiosqlite, ")),
    ("a file somewhere else", "places", renamed(WEB, "/usr/lib/python3.11/web.pyc")),
    ("one more script for the first start", "places", added("/etc/uci-defaults/zz", b"#!/bin/sh\nreboot\n")),
    ("nothing done at the first start", "files_of_the_box", without("/etc/uci-defaults/syncd")),
    ("an init script that does nothing", "files_of_the_box", cut("/etc/init.d/syncd")),
    ("settings that can be started", "files_of_the_box", data(SETTINGS, mode=0o755)),
    ("tests of a library", "places", renamed(WEB, "/usr/lib/syncd/aiohttp/tests/web.pyc")),
    ("a service that starts by itself", "service_is_off", edited(SETTINGS, b"enabled '0'", b"enabled '1'")),
    ("no init script", "service_is_off", without("/etc/init.d/syncd")),
    ("settings on the flash", "settings_in_memory", data("/etc/syncd/syncd.conf", linkname="/etc/syncd.conf")),
    ("a link into the system", "settings_in_memory", data(WEB, type=tarfile.SYMTYPE, linkname="/etc/shadow")),
    ("nothing kept on upgrade", "kept_on_upgrade", data("/lib/upgrade/keep.d/syncd", data=b"")),
    ("a launcher nobody may run", "command", data("/usr/bin/syncd", mode=0o700)),
    ("a launcher for elsewhere", "command", edited("/usr/bin/syncd", b"/usr/lib/syncd", b"/opt/lib/syncd")),
    ("a launcher that does more", "command", edited("/usr/bin/syncd", b"#!/bin/sh\n", b"#!/bin/sh\nreboot\n")),
    ("no look at the version", "command", edited("/usr/lib/syncd/__main__.py", b'"3.11"', b'"3.12"')),
    ("a source of a library", "bytecode", renamed(WEB, "/usr/lib/syncd/aiohttp/web.py")),
    ("byte-code of another Python", "bytecode", edited(WEB, b"\xa7\x0d", b"\xcb\x0d")),
    ("byte-code that is checked", "bytecode", edited(WEB, b"\r\n\x01\0\0\0", b"\r\n\x03\0\0\0")),
    ("a path of the building machine", "bytecode", edited(WEB, b"/usr/lib/syncd/aiohttp", b"/home/me/syncd/aiohttp")),
    ("half a module", "bytecode", cut(WEB)),
    ("a module without its database", "whole", without("/usr/lib/syncd/syncd/db/schema/index/0001.sql")),
    ("without the program", "whole", without("/usr/lib/syncd/syncd/__main__.pyc")),
    ("a library for glibc", "compiled", glibc_library),
    ("a library for another processor", "compiled", other_machine),
    ("half a library", "compiled", edited(PARSER, b"\x7fELF", b"\x7fELFELF")),
    ("a program in disguise", "compiled", added("/usr/lib/syncd/z", b"\x7fELF")),
    ("a long name of a library", "compiled", renamed(PARSER, PARSER[:-3] + ".cpython-311-aarch64.so")),
    ("a slow parser", "compiled", without(PARSER)),
    ("a library left out", "libraries", without("/usr/lib/syncd/multidict/__init__.pyc")),
    ("a module of one file left out", "libraries", without("/usr/lib/syncd/typing_extensions.pyc")),
    ("another version of a library", "libraries", renamed(ATTRS, ATTRS.replace("/attrs-", "/attrs-1"))),
    ("no licences", "libraries", without("/usr/lib/syncd/LICENSES")),
    ("too big", "size", data("/usr/lib/syncd/LICENSES", data=b"\n" * 8_000_000)),
    ("carriage returns in the init script", "no_carriage_returns", edited("/etc/init.d/syncd", b"\n", b"\r\n")),
]  # fmt: skip


def repacked(package: Package) -> bytes:
    """The bytes of *package* as it is now."""
    inner = {
        "./data.tar.gz": quickly(package.data),
        "./control.tar.gz": quickly(package.control),
        "./debian-binary": b"2.0\n",
    }
    return quickly(tuple(_copy(one, data=inner[one.info.name]) for one in package.outer))


def quickly(members: tuple[Member, ...]) -> bytes:
    return ipk.packed(((one.info, one.data) for one in members), level=1)


def findings(package: Package) -> set[str]:
    return {one.rule for one in lint_ipk.lint(package.name, repacked(package))}


def test_the_good_package_is_good_also_when_made_small(good: Package) -> None:
    assert findings(good) == set()


@pytest.mark.parametrize(("rule", "mutation"), [one[1:] for one in MUTATIONS], ids=[one[0] for one in MUTATIONS])
def test_a_mutation_is_caught_by_the_rule_for_it(good: Package, rule: str, mutation: Mutation) -> None:
    assert rule in findings(mutation(good))


def test_every_rule_is_tried() -> None:
    rules = {rule.__name__ for rule in (*FORM, *PROGRAM)}
    assert rules == {rule for _, rule, _ in MUTATIONS}


def test_a_library_in_a_package_for_every_processor_is_seen(pressed: Press, good: Package) -> None:
    file = pressed("all")
    parser = good.file(PARSER)
    assert parser is not None
    mutated = added("/usr/lib/syncd/z.so", parser.data)(read(file.name, file.read_bytes()))
    assert "compiled" in findings(mutated)


@pytest.mark.parametrize(
    "content",
    [b"", b"!<arch>\ndebian-binary", gzip.compress(b"no tar"), b"\x1f\x8b\x08", ipk.packed([])],
    ids=["nothing", "ar", "no tar", "half", "empty"],
)
def test_what_is_no_package_at_all_is_said_to_be_none(content: bytes) -> None:
    assert [one.rule for one in lint_ipk.lint("syncd_1.0.0-r1_all.ipk", content)] == ["container"]


def test_a_time_in_the_compression_is_seen(good: Package) -> None:
    out = io.BytesIO()
    with gzip.GzipFile("name", "wb", 1, out, mtime=5) as stream:
        stream.write(gzip.decompress(repacked(good)))
    assert "same_bytes_whenever_made" in {one.rule for one in lint_ipk.lint(good.name, out.getvalue())}


def test_the_command_tells_what_is_wrong_with_which_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bad.ipk").write_bytes(b"!<arch>\n")
    assert lint_ipk.main([str(tmp_path / "bad.ipk"), str(tmp_path / "none.ipk")]) == 1
    assert "bad.ipk: container: an ar archive" in (out := capsys.readouterr().out) and "none.ipk: file: " in out
    assert lint_ipk.main([]) == 2
