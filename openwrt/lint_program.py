"""The rules for the package that brings the daemon: its files, its byte-code, its compiled libraries, its service."""

from __future__ import annotations

import marshal
import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from types import CodeType

from bundle import ROOT, elf, lock, targets
from bundle.bytecode import RUNNING
from bundle.files import FILES, LAUNCHER, RENDERED_SETTINGS, SETTINGS
from bundle.libraries import is_library, misfit
from bundle.tree import Order, is_own, launcher
from openwrt import feed
from openwrt.architectures import TARGETS
from openwrt.package import Member, Package, Rule

PROGRAM_FOLDER = "/usr/lib/syncd"
MAIN = f"{PROGRAM_FOLDER}/__main__.py"
KEEP = "/lib/upgrade/keep.d/syncd"

BYTECODE = (3495).to_bytes(2, "little") + b"\r\n" + (1).to_bytes(4, "little")  # Python 3.11, unchecked-hash (PEP 552)
MAX_PACKED, MAX_INSTALLED = 2_500_000, 8_000_000  # bytes; many a router has 16 MB of flash for everything
# aiohttp and its company go on without, and say nothing.
COMPILED = (
    *("aiohttp/_http_parser.so", "aiohttp/_http_writer.so", "aiohttp/_websocket/mask.so"),
    *("aiohttp/_websocket/reader_c.so", "bcrypt/_bcrypt.so", "frozenlist/_frozenlist.so"),
    *("multidict/_multidict.so", "propcache/_helpers_c.so", "yarl/_quoting_c.so"),
)
MODULES = {"attrs": "attr", "pyjwt": "jwt", "typing-extensions": "typing_extensions"}  # not as the project is called
NEEDLESS = re.compile(r"/tests?/|/__pycache__/|\.(pyi|pyx|pxd|c|h|whl)$|\.dist-info/(?!METADATA$)")


def target(package: Package) -> targets.Target:
    """The bundle that should be inside; the pure one for an architecture nobody knows, which another rule tells."""
    return targets.TARGETS[TARGETS.get(package.field("Architecture"), "pure")]


def places(package: Package) -> Iterator[str]:
    allowed = {LAUNCHER, SETTINGS, *(file.place for file in FILES["openwrt"])}
    for member in package.data:
        inside = member.path in allowed or member.path.startswith(f"{PROGRAM_FOLDER}/")
        if not member.info.isdir() and not inside:
            yield f"{member.path} is installed outside of syncd's own places"
        if NEEDLESS.search(member.path):
            yield f"{member.path} is nothing a router needs"


def depends(package: Package) -> Iterator[str]:
    wanted = {"libc", *feed.ipk_depends(), *(f"python3-{name}" for name in target(package).without)}
    listed = package.field("Depends").split(", ")
    for name in sorted(wanted - set(listed)):
        yield f"Depends does not name {name}"
    if len(listed) != len(set(listed)):
        yield "Depends names something twice"
    for name in sorted(set(listed) - wanted):
        yield f"Depends names {name}, which is not needed"


def user(package: Package) -> Iterator[str]:
    if not re.fullmatch(r"syncd=([1-9]\d*):syncd=\1", package.field("Require-User")):
        yield f"Require-User makes no user syncd that is not root: {package.field('Require-User')!r}"


def files_of_the_box(package: Package) -> Iterator[str]:
    """They run as root, or decide what does: so they are those of this checkout to the byte."""
    for file in FILES["openwrt"]:
        found = package.file(file.place)
        if found is None or found.data != (ROOT / file.source).read_bytes():
            yield f"{file.place} is missing, or is not {file.source}"
        elif found.info.mode != file.mode:
            yield f"{file.place} has mode {found.info.mode:o}, not {file.mode:o}"


def no_script_of_its_own(package: Package) -> Iterator[str]:
    for member in package.control:
        if member.path.endswith("-pkg"):
            yield f"{member.info.name} would run as root, and nothing here asks for it"


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


def command(package: Package) -> Iterator[str]:
    found = package.file(LAUNCHER)
    if found is None or not found.info.mode & 0o001:
        yield f"{LAUNCHER} is missing, or not for everybody to run"
    elif found.data != launcher(Order("openwrt", target(package), targets.OPENWRT_PYTHON)).encode():
        yield f"{LAUNCHER} is not the one of this checkout"
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
            if wrong := _path_inside(member):
                yield f"{member.path} {wrong}"


def _path_inside(member: Member) -> str | None:
    """What is wrong with the path in byte-code; only the Python that made it can read all of it."""
    path = member.path[:-1]
    if RUNNING != targets.OPENWRT_PYTHON or not member.data.startswith(BYTECODE):
        return None if path.encode() in member.data else "carries the path of the machine it was made on"
    try:
        code = marshal.loads(member.data[16:])
    except (EOFError, ValueError, TypeError) as exc:
        return f"is damaged: {exc}"
    if not isinstance(code, CodeType) or code.co_filename != path:
        return "carries the path of the machine it was made on"
    return None


def whole(package: Package) -> Iterator[str]:
    """Each file of syncd is there; what a router lacks it finds out when somebody needs it."""
    have = {member.path for member in package.files}
    for source in sorted((ROOT / "syncd").rglob("*")):
        name = source.relative_to(ROOT)
        if source.is_dir() or not is_own(name):
            continue
        place = name.with_suffix(".pyc") if source.suffix == ".py" else name
        if f"{PROGRAM_FOLDER}/{place}" not in have:
            yield f"{PROGRAM_FOLDER}/{place} is missing"


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
    if wanted.compiled:
        have = {member.path.removeprefix(f"{PROGRAM_FOLDER}/") for member in package.files}
        for name in COMPILED:
            if name.partition("/")[0] not in wanted.without and name not in have:
                yield f"{name} is missing: it would be slow"


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
    have = {member.path.removeprefix(f"{PROGRAM_FOLDER}/") for member in package.files}
    for pin in lock.pins(target(package), targets.OPENWRT_PYTHON):
        module = MODULES.get(pin.name, pin.name)
        if not {f"{module}/__init__.pyc", f"{module}.pyc"} & have:
            yield f"{pin.name} is not bundled"
        if f"{pin.name.replace('-', '_')}-{pin.version}.dist-info/METADATA" not in have:
            yield f"{pin.name} is not version {pin.version}, which wheels.lock names"
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
    files_of_the_box,
    no_script_of_its_own,
    service_is_off,
    settings_in_memory,
    kept_on_upgrade,
    command,
    bytecode,
    whole,
    compiled,
    libraries,
    size,
    no_carriage_returns,
)
