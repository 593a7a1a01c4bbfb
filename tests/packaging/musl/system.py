"""musl as OpenWrt has it: CPython 3.11 built for it from Debian's sources, its loader from Debian, BusyBox as shell."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.packaging.archive import BUILD, FETCH_S, Archive, made, unpack
from tests.packaging.userland import Userland, glue, program

HERE = Path(__file__).parent
SCRIPT, MODULES, LOCK = HERE / "build.sh", HERE / "modules.setup", HERE / "compiler.lock"
MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}
SOURCES = ("python3.11", "openssl", "zlib", "libffi", "sqlite3")
TOOLS = ("perl", "tclsh", "make", "cc")
BUILD_S = 3600


def musl_userland(machine: str) -> Userland:
    """A system of *machine* (x86_64, aarch64) with musl, Python 3.11 and BusyBox; built on first use."""
    return Userland(machine, ("/bin/busybox", "sh"), (glue(machine), interpreters() / machine, base(machine)))


def interpreters() -> Path:
    """The folder with a CPython per machine; its name changes with the recipe, so that an old one is not taken."""
    return made(BUILD / "musl" / f"python-{fingerprint(SCRIPT, MODULES, LOCK)}", _build)


def fingerprint(*files: Path) -> str:
    """A name for the content of *files*."""
    return hashlib.sha256(b"".join(one.read_bytes() for one in files)).hexdigest()[:12]


def _build(folder: Path) -> None:
    assert sys.version_info[:2] == (3, 11), "CPython 3.11 can only be built for another machine by a Python 3.11"
    for tool in TOOLS:
        program(tool)
    with tempfile.TemporaryDirectory() as sources:
        Archive("bookworm", "amd64", with_sources=True).sources(Path(sources), *SOURCES)
        zig = made(BUILD / f"zig-{fingerprint(LOCK)}", _install_compiler) / "ziglang" / "zig"
        command: list[str | Path] = ["sh", SCRIPT, sources, zig, sys.executable, folder, *MACHINES]
        subprocess.run(command, check=True, timeout=BUILD_S, stdin=subprocess.DEVNULL)


def _install_compiler(folder: Path) -> None:
    """zig brings musl's headers along."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    pip += ["--require-hashes", "--only-binary=:all:", "--target", str(folder), "--requirement", str(LOCK)]
    subprocess.run(pip, check=True, timeout=FETCH_S, stdin=subprocess.DEVNULL)


def base(machine: str) -> Path:
    """A layer with musl's loader and a BusyBox.

    musl is Debian 13's: before 1.2.4 it ignores a kind of relocation (RELR) that today's wheels have, and crashes.
    OpenWrt has 1.2.4 since 23.05.
    """

    def fill(layer: Path) -> None:
        with tempfile.TemporaryDirectory() as fetched:
            Archive("trixie", MACHINES[machine]).single(Path(fetched), "musl")
            Archive("bookworm", MACHINES[machine]).single(Path(fetched), "busybox-static")
            unpack(Path(fetched), layer)
        (layer / "lib").mkdir(exist_ok=True)
        (layer / f"lib/ld-musl-{machine}.so.1").symlink_to(f"/usr/lib/ld-musl-{machine}.so.1")
        (layer / "usr/bin/python3").symlink_to("python3.11")

    return made(BUILD / "musl" / f"base-{machine}", fill)
