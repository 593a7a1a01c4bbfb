"""Systems other than this one, unpacked below `build/`: Debian on ARM, and musl as OpenWrt has it.

What was built is laid over one of them and started as it would be there: by its own launcher, in that system's own
shell and Python. Programs for another processor run under qemu's user emulation. It needs no binfmt_misc: the few
programs that a launcher or the daemon starts are scripts here, which the kernel hands to a shell of this machine.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tests.daemon import Daemon
from tests.packaging.archive import BUILD, Archive, made, unpack

ENTER = Path(__file__).with_name("enter.sh")
EMULATORS = {"arm64": "qemu-aarch64-static", "armhf": "qemu-arm-static", "aarch64": "qemu-aarch64-static"}
NATIVE = {"x86_64": ("amd64", "x86_64"), "aarch64": ("arm64", "aarch64")}
PLACES = ("dev", "proc", "usr/bin")
NOBODY = 65534
START_S = 120.0  # emulated, on a machine that has other things to do

# Runs the program beside it under its own name, so that what sys.executable names can be started again.
SHIM = """#!/native/sh
exec /native/qemu -0 /usr/bin/python3 /usr/bin/python3.11 "$@"
"""


@dataclass(frozen=True, slots=True)
class Userland:
    """Folders to lay over each other, the uppermost first, and how to start a shell that is for *machine*."""

    machine: str
    shell: tuple[str, ...]
    layers: tuple[Path, ...]

    def over(self, *folders: Path) -> Userland:
        """This one with *folders* on top."""
        return replace(self, layers=(*folders, *self.layers))

    def inside(self, folder: Path, uid: int) -> list[str]:
        """What stands before a program of this system to run it as *uid*.

        It sees *folder*/box under its own path, and may write there if that is its user's.
        """
        mountpoint, home = folder / "mountpoint", folder / "box"
        for one in (mountpoint, home):
            one.mkdir(exist_ok=True)
        layers = ":".join(map(str, (doorway(folder, home, uid), *self.layers)))
        emulator = ("/native/qemu",) if emulated(self.machine) else ()
        return ["sh", str(ENTER), layers, str(mountpoint), str(home), str(uid), *emulator]


@contextmanager
def box(userland: Userland, folder: Path, uid: int = NOBODY) -> Iterator[Daemon]:
    """A daemon of the syncd installed in *userland*, run by its own launcher; *folder* is for what it writes."""
    uid = possible(uid)
    command = [*userland.inside(folder, uid), *userland.shell, "/usr/bin/syncd"]
    daemon = Daemon(None, folder / "box", command, START_S)
    give(daemon.root, uid)
    give(daemon.storage, uid)
    try:
        yield daemon
    finally:
        daemon.close()


def run(userland: Userland, folder: Path, script: str, *arguments: str) -> str:
    """What the Python code *script* prints there, run as nobody; it may write in *folder*/box.

    Raises AssertionError with its words unless it succeeds.
    """
    uid = possible(NOBODY)
    command = [*userland.inside(folder, uid), "/usr/bin/python3.11", "-s", "-E", "-B", "-c", script]
    give(folder / "box", uid)
    done = subprocess.run([*command, *arguments], text=True, capture_output=True, timeout=START_S)
    assert done.returncode == 0, done.stderr
    return done.stdout


def possible(uid: int) -> int:
    """*uid* if we are root; otherwise ourselves, who are root in the only namespace that we can make."""
    return uid if os.geteuid() == 0 else 0


def give(folder: Path, uid: int) -> None:
    """Make *folder* the user's; where we are not root it is, seen from inside."""
    if os.geteuid() == 0:
        os.chown(folder, uid, uid)


def doorway(folder: Path, home: Path, uid: int) -> Path:
    """An uppermost layer with a place to mount what leads to *home*.

    For root's daemon nobody else may enter its "/". Then it opens pictures as root, not as nobody: every other user may
    start no thread there (RLIMIT_NPROC), and qemu cannot live without one of its own.
    """
    layer = folder / "doorway"
    (layer / home.parts[1]).mkdir(parents=True, exist_ok=True)
    layer.chmod(0o755 if uid else 0o700)
    return layer


def emulated(machine: str) -> bool:
    """Is *machine* (arm64, x86_64) another processor than ours?"""
    return machine not in NATIVE.get(platform.machine(), ())


def debian_userland(architecture: str, *packages: str) -> Userland:
    """Debian 12 on *architecture* with python3, dash, *packages* and all they need."""

    def fill(root: Path) -> None:
        with tempfile.TemporaryDirectory() as fetched:
            Archive("bookworm", architecture).packages(Path(fetched), "python3", "dash", *packages)
            unpack(Path(fetched), root)

    root = made(BUILD / "userland" / "-".join((architecture, *packages)), fill)
    return Userland(architecture, ("/bin/dash",), (glue(architecture), root))


def glue(machine: str) -> Path:
    """A layer of what only emulation needs: places to mount at, the emulator, and a python3 that starts it."""

    def fill(layer: Path) -> None:
        for place in PLACES:
            (layer / place).mkdir(parents=True)
        if emulated(machine):
            (layer / "native").mkdir()
            shutil.copy(program(EMULATORS[machine]), layer / "native/qemu")
            shutil.copy(program("busybox"), layer / "native/sh")
            script = layer / "usr/bin/python3"
            script.write_text(SHIM)
            script.chmod(0o755)

    return made(BUILD / "glue" / machine, fill)


def program(name: str) -> str:
    """The path of *name*; raises AssertionError: a test that cannot run has not passed."""
    found = shutil.which(name)
    assert found, f"{name} is not here: `make packaging` installs it"
    return found
