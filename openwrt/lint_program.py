"""The rules for the package that brings the daemon: its files, its byte-code, its compiled libraries, its service."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from bundle import elf, targets
from bundle.files import LAUNCHER, RENDERED_SETTINGS, SETTINGS
from bundle.libraries import is_library, misfit
from openwrt import feed
from openwrt.architectures import TARGETS
from openwrt.package import Package, Rule

PROGRAM_FOLDER = "/usr/lib/syncd"
MAIN = f"{PROGRAM_FOLDER}/__main__.py"
PLACES = (LAUNCHER, PROGRAM_FOLDER, "/etc/config/syncd", "/etc/init.d/syncd", "/etc/uci-defaults", SETTINGS)
KEEP = "/lib/upgrade/keep.d/syncd"

BYTECODE = (3495).to_bytes(2, "little") + b"\r\n" + (1).to_bytes(4, "little")  # Python 3.11, unchecked-hash (PEP 552)
MAX_PACKED, MAX_INSTALLED = 2_500_000, 8_000_000  # bytes; many a router has 16 MB of flash for everything
NEEDLESS = re.compile(r"/tests?/|/__pycache__/|\.(pyi|pyx|pxd|c|h|whl)$|\.dist-info/(?!METADATA$)")


def target(package: Package) -> targets.Target:
    """The bundle that should be inside; the pure one for an architecture nobody knows, which another rule tells."""
    return targets.TARGETS[TARGETS.get(package.field("Architecture"), "pure")]


def places(package: Package) -> Iterator[str]:
    allowed = (*PLACES, KEEP)
    for member in package.data:
        if not member.info.isdir() and not any(member.path == at or member.path.startswith(f"{at}/") for at in allowed):
            yield f"{member.path} is installed outside of syncd's own places"
        if NEEDLESS.search(member.path):
            yield f"{member.path} is nothing a router needs"


def depends(package: Package) -> Iterator[str]:
    wanted = {"libc", *feed.ipk_depends(), *(f"python3-{name}" for name in target(package).without)}
    listed = package.field("Depends").split(", ")
    for name in sorted(wanted - set(listed)):
        yield f"Depends does not name {name}"
    for name in sorted(set(listed) - wanted):
        yield f"Depends names {name}, which is not needed"


def user(package: Package) -> Iterator[str]:
    if not re.fullmatch(r"syncd=\d+:syncd=\d+", package.field("Require-User")):
        yield f"Require-User makes no user syncd: {package.field('Require-User')!r}"


def service_is_off(package: Package) -> Iterator[str]:
    settings = package.file("/etc/config/syncd")
    if settings is None or not re.search(rb"^\s*option enabled '0'$", settings.data, re.MULTILINE):
        yield "/etc/config/syncd does not say option enabled '0': installing would start the service"
    init = package.file("/etc/init.d/syncd")
    if init is None or not init.data.startswith(b"#!/bin/sh /etc/rc.common\n"):
        yield "/etc/init.d/syncd is missing, or no script of rc.common"


def settings_in_memory(package: Package) -> Iterator[str]:
    link = package.file(SETTINGS)
    if link is None or not link.info.issym() or link.info.linkname != RENDERED_SETTINGS:
        yield f"{SETTINGS} does not lead to {RENDERED_SETTINGS}"
    for member in package.data:
        if member.info.issym() and member.path != SETTINGS:
            yield f"{member.path} is a link"


def kept_on_upgrade(package: Package) -> Iterator[str]:
    keep = package.file(KEEP)
    if keep is None or b"/etc/syncd/" not in keep.data.splitlines():
        yield f"{KEEP} does not keep /etc/syncd/: accounts would be gone after a sysupgrade"


def launcher(package: Package) -> Iterator[str]:
    found = package.file(LAUNCHER)
    if found is None or not found.info.mode & 0o001:
        yield f"{LAUNCHER} is missing, or not for everybody to run"
    elif not re.search(rf'^exec "\$python" -s -E -B {PROGRAM_FOLDER} "\$@"$'.encode(), found.data, re.MULTILINE):
        yield f"{LAUNCHER} does not start {PROGRAM_FOLDER}"
    main = package.file(MAIN)
    if main is None or f'NEEDED = "{targets.OPENWRT_PYTHON}"\n'.encode() not in main.data:
        yield f"{MAIN} does not look whether this is Python {targets.OPENWRT_PYTHON}"


def bytecode(package: Package) -> Iterator[str]:
    for member in package.files:
        if member.path.endswith(".py") and member.path != MAIN:
            yield f"{member.path} is a source"
        if member.path.endswith(".pyc"):
            if not member.data.startswith(BYTECODE):
                yield f"{member.path} is no byte-code of Python {targets.OPENWRT_PYTHON} that is taken unchecked"
            if f"{member.path[:-1]}".encode() not in member.data:
                yield f"{member.path} carries the path of the machine it was made on"
    if package.file(f"{PROGRAM_FOLDER}/syncd/__main__.pyc") is None:
        yield "syncd itself is missing"


def compiled(package: Package) -> Iterator[str]:
    wanted = target(package)
    bundled = {PurePosixPath(member.path).name for member in package.files if is_library(PurePosixPath(member.path))}
    for member in package.files:
        library = is_library(PurePosixPath(member.path))
        if library != member.data.startswith(elf.MAGIC):
            yield f"{member.path} is compiled code by its name or by its content, not by both"
        elif library and not wanted.compiled:
            yield f"{member.path} is compiled code in a package for every processor"
        elif library:
            yield from _library(member.path, member.data, wanted, bundled)
    if wanted.compiled and not bundled:
        yield "no compiled library is there: it would be slow"


def _library(path: str, data: bytes, wanted: targets.Target, bundled: set[str]) -> Iterator[str]:
    if ".cpython-" in path or ".abi3." in path:
        yield f"{path} has a name that some routers' Python does not look for"
    try:
        wrong = misfit(elf.read(data), wanted.machine, wanted.libc, bundled)
    except elf.NotElf as exc:
        wrong = str(exc)
    if wrong:
        yield f"{path} does not load on {wanted.name}: {wrong}"


def libraries(package: Package) -> Iterator[str]:
    have = {member.path.removeprefix(f"{PROGRAM_FOLDER}/").partition("/")[0] for member in package.data}
    for name in {"aiohttp", "aiosqlite", "bcrypt", "jwt"} - target(package).without - have:
        yield f"{name} is not bundled"
    if "LICENSES" not in have:
        yield "the licences of the libraries are missing"


def size(package: Package) -> Iterator[str]:
    if package.size > MAX_PACKED:
        yield f"{package.size} bytes packed, more than {MAX_PACKED}"
    if (installed := sum(len(member.data) for member in package.data)) > MAX_INSTALLED:
        yield f"{installed} bytes installed, more than {MAX_INSTALLED}"


def no_carriage_returns(package: Package) -> Iterator[str]:
    for member in package.files:
        if not member.path.startswith(f"{PROGRAM_FOLDER}/") and b"\r" in member.data:
            yield f"{member.path} has carriage returns, which no shell of a router takes"


PROGRAM: tuple[Rule, ...] = (
    places,
    depends,
    user,
    service_is_off,
    settings_in_memory,
    kept_on_upgrade,
    launcher,
    bytecode,
    compiled,
    libraries,
    size,
    no_carriage_returns,
)
