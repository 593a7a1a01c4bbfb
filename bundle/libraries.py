"""Third-party libraries: out of their wheels, without what a running daemon never reads."""

from __future__ import annotations

import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterable
from email.message import Message
from email.parser import Parser
from pathlib import Path, PurePath, PurePosixPath

from bundle import BundleError, elf
from bundle.targets import Libc, Machine, Target

# Sources of compiled code, type hints and packaging notes.
_NEEDLESS_SUFFIXES = {".pyi", ".pyx", ".pxd", ".pxi", ".c", ".h", ".typed"}
_NEEDLESS_FOLDERS = {"tests", "test", "__pycache__"}
# For developers: aiohttp's test tools and its worker for gunicorn, multidict's checks of its own C interface.
_NEEDLESS = {"aiohttp/pytest_plugin.py", "aiohttp/test_utils.py", "aiohttp/worker.py"}
_NEEDLESS_MODULES = ("multidict/_testcapi.",)

# "cpython-311-aarch64-linux-musl" and "abi3". A name without it is taken by every build of that Python; the long one
# only by those whose own triplet says musl, and then the slow code in Python is used without a word.
_TAGGED = re.compile(r"\.(?:cpython-\d+[a-z0-9_-]*|abi3)\.so$")
_GNU_NEEDED = re.compile(r"lib(?:c|m)\.so\.6|lib(?:pthread|dl|rt|gcc_s|stdc\+\+)\.so\.\d|ld-linux[a-z0-9_-]*\.so\.\d")
_MUSL_NEEDED = re.compile(r"libc\.musl-\w+\.so\.1|libz\.so\.1")


def kept(name: str, compiled: bool) -> str | None:
    """Where the member *name* of a wheel goes, relative to the bundle; None if it stays out."""
    path = PurePosixPath(name)
    if name.endswith("/") or name in _NEEDLESS or name.startswith(_NEEDLESS_MODULES):
        return None
    if path.suffix in _NEEDLESS_SUFFIXES or _NEEDLESS_FOLDERS & set(path.parts[:-1]):
        return None
    if path.parts[0].endswith(".data") or (path.parts[0].endswith(".dist-info") and path.name != "METADATA"):
        return None
    if is_library(path) and not compiled:
        return None
    return _TAGGED.sub(".so", name)


def is_library(path: PurePath) -> bool:
    """Is it compiled code, by its name? `x.so`, or `libx.so.1` of a wheel's own `.libs`."""
    return ".so" in path.suffixes


def unpack(wheels: Iterable[Path], folder: Path, target: Target) -> None:
    """Unpack *wheels* into *folder*. Raises BundleError for a wheel that reaches outside."""
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            for name in archive.namelist():
                if ".." in PurePosixPath(name).parts or name.startswith("/"):
                    raise BundleError(f"{wheel.name}: a member is called {name}")
                if place := kept(name, target.compiled):
                    path = folder / place
                    path.parent.mkdir(parents=True, exist_ok=True)
                    data = archive.read(name)
                    path.write_bytes(_brief(data) if path.name == "METADATA" else data)


def _brief(metadata: bytes) -> bytes:
    """Name and version alone; the rest is the project's README."""
    fields = Parser().parsestr(metadata.decode(), headersonly=True)
    return "".join(f"{key}: {fields[key]}\n" for key in ("Metadata-Version", "Name", "Version")).encode()


def compiled(folder: Path) -> list[Path]:
    """The compiled libraries below *folder*."""
    return sorted(path for path in folder.rglob("*") if path.is_file() and is_library(path))


def strip(folder: Path, machine: Machine, host_machine: str) -> None:
    """Take symbols and debug information out of what is compiled, which halves it."""
    libraries = compiled(folder)
    if not libraries:
        return
    program = shutil.which(machine.strip) or (shutil.which("strip") if host_machine == machine.name else None)
    if program is None:
        raise BundleError(f"{machine.strip} is missing: apt-get install {machine.strip_package}")
    done = subprocess.run([program, "--strip-unneeded", *libraries], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BundleError(f"{program} failed: {done.stderr.strip()}")


def verify(folder: Path, target: Target) -> None:
    """Raise BundleError unless every compiled library is for *target* and finds what it needs."""
    libraries = compiled(folder)
    bundled = {path.name for path in libraries}
    for path in libraries:
        if wrong := misfit(elf.read(path.read_bytes()), target.machine, target.libc, bundled):
            raise BundleError(f"{path.relative_to(folder)} does not fit {target.name}: {wrong}")


def misfit(library: elf.Elf, machine: Machine, libc: Libc, bundled: set[str]) -> str | None:
    """Why *library* would not load on *machine* with *libc* beside the files *bundled*; None if it would."""
    if (library.machine, library.bits) != (machine.elf, machine.bits):
        return f"it is for ELF machine {library.machine}, {library.bits} bits, not {machine.name}"
    known = _MUSL_NEEDED if libc == "musl" else _GNU_NEEDED
    for name in library.needed:
        if name not in bundled and not known.fullmatch(name):
            return f"it needs {name}"
    for name, version in library.versions:
        # The libgcc_s that some wheels bring along has symbols of that name itself.
        if libc == "musl" and version.startswith("GLIBC_") and name not in bundled:
            return f"it asks {name} for {version}"
    return None


def licences(wheels: Iterable[Path]) -> str:
    """The licences of all *wheels* as one text, each text once."""
    summary: list[str] = []
    texts: dict[str, list[str]] = {}
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            about = _about(archive)
            title = f"{about['Name']} {about['Version']}"
            summary.append(f"{title}: {about['License-Expression'] or about['License'] or 'see below'}")
            for name in archive.namelist():
                if _is_licence(PurePosixPath(name)):
                    text = archive.read(name).decode("utf-8", "replace").strip()
                    place = "/".join(PurePosixPath(name).parts[1:]).removeprefix("licenses/")
                    texts.setdefault(text, []).append(f"{title}, {place}")
    parts = [f"{'=' * 78}\n{chr(10).join(titles)}\n{'=' * 78}\n\n{text}\n" for text, titles in texts.items()]
    return "syncd is delivered with these libraries:\n\n" + "\n".join(summary) + "\n\n" + "\n".join(parts)


def _about(archive: zipfile.ZipFile) -> Message:
    [name] = [one for one in archive.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", one)]
    return Parser().parsestr(archive.read(name).decode(), headersonly=True)


def _is_licence(path: PurePosixPath) -> bool:
    return (
        len(path.parts) > 1
        and path.parts[0].endswith(".dist-info")
        and path.name.upper().startswith(("LICENSE", "LICENCE", "NOTICE", "COPYING", "AUTHORS"))
    )
