"""The ladder of confinements, best first, as argument lists. `confine.py` and bwrap do the work.

bwrap      own mount, pid, network and user namespaces; sees /usr and the interpreter, nothing else
landlock   the kernel refuses every other file and all TCP; no network namespace where that is possible
unshare    no network
limits     resource limits and own user only
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Level = Literal["bwrap", "landlock", "unshare", "limits"]
LADDER: tuple[Level, ...] = ("bwrap", "landlock", "unshare", "limits")

INPUT_FD = 3  # of every child; see confine.py
INPUT = f"/proc/self/fd/{INPUT_FD}"
CONFINE = Path(__file__).with_stem("confine")  # .py, or .pyc where only that is installed
PACKAGE = Path(__file__).parent.parent
SYSTEM = ("/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache", "/etc/alternatives")
NOBODY = 65534
FILE_LIMIT = 8 << 20  # bytes that a child may write into one file
OPEN_FILES = 32
MIN_ADDRESS_SPACE = 768 << 20  # ffmpeg maps 400 MiB of libraries before it begins

# Run at each level in turn. It must not see the files of the machine (a), or not its network (b).
PROBE_FILES = "open('/etc/passwd').close()"
# From a file, because the calls that list interfaces need a kind of socket that systemd may refuse a service.
PROBE_NET = (
    "import sys; lines = open('/proc/self/net/dev').read().splitlines()[2:];"
    " sys.exit([line.partition(':')[0].strip() for line in lines] != ['lo'])"
)


@dataclass(frozen=True, slots=True)
class Confinement:
    """How one child is held."""

    level: Level
    memory: int  # bytes resident; the address space may be three times that
    cpu_s: int | None  # None: the child renews its own limit for each job
    forks: bool  # may it start processes
    own_user: bool  # root only: become nobody; else only root's capabilities go
    supervise: bool = False


def environment() -> dict[str, str]:
    """All that a child gets of an environment.

    One malloc arena, as threads would each map 64 MiB; freed memory goes back from 256 KiB on (64 KiB was measured
    to cost a quarter more CPU for 2 MiB less).
    """
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "MALLOC_ARENA_MAX": "1",
        "MALLOC_MMAP_THRESHOLD_": "262144",
        "MALLOC_TRIM_THRESHOLD_": "262144",
    }


def readable(extra: Sequence[str] = ()) -> list[str]:
    """The folders that a child may read: system, interpreter, our own package, *extra*."""
    wanted = [*SYSTEM, sys.prefix, sys.base_prefix, str(PACKAGE), *extra]
    return [path for path in dict.fromkeys(wanted) if path != "/"]


def reachable_by_others(path: str) -> bool:
    """May any user walk to *path*? Not to an interpreter in somebody's closed home."""
    return all(folder.stat().st_mode & 0o001 for folder in Path(path).resolve().parents)


def argv(
    how: Confinement, folders: Sequence[str], daemon: int, source: int | None, command: Sequence[str]
) -> list[str]:
    """The whole command line that runs *command* confined; *daemon* is our pid, *source* becomes fd 3."""
    words = [sys.executable, "-I", "-S", str(CONFINE), f"parent={daemon}", *limits(how)]
    if source is not None:
        words.append(f"input={source}")
    if how.supervise:
        words.append("supervise=1")
    if how.level == "landlock":
        words += ["landlock=1", "net=off", *(f"read={folder}" for folder in folders)]
    if how.level == "unshare":
        words.append("net=must")
    if how.level != "bwrap":
        # Inside bwrap the user is nobody already, and root's powers end at its edge.
        words.append(f"uid={NOBODY if how.own_user else 'drop'}")
        return [*words, "--", *command]
    return [*words, "--", *bwrap(folders), *command]


def limits(how: Confinement) -> list[str]:
    """The resource limits of confine.py. Forks are counted per user, so only "none at all" means something."""
    words = [
        f"as={max(3 * how.memory, MIN_ADDRESS_SPACE)}",
        f"fsize={FILE_LIMIT}",
        f"nofile={OPEN_FILES}",
        "core=0",
    ]
    if how.cpu_s is not None:
        words.append(f"cpu={how.cpu_s}")
    if not how.forks and how.level != "bwrap":  # bwrap itself must fork; its pid namespace ends with it
        words.append("nproc=0")
    return words


def bwrap(folders: Sequence[str]) -> list[str]:
    """bwrap's part: a root of *folders*, nothing writable, nobody, no namespace shared."""
    words = [shutil.which("bwrap") or "/usr/bin/bwrap", "--unshare-all", "--die-with-parent", "--cap-drop", "ALL"]
    words += ["--uid", str(NOBODY), "--gid", str(NOBODY)]
    for folder in folders:
        words += ["--ro-bind-try", folder, folder]
    return [*words, "--proc", "/proc", "--dev", "/dev", "--remount-ro", "/", "--chdir", "/", "--"]


def probe(level: Level) -> list[str]:
    """A command that fails with 1 when *level* holds (files) or succeeds with 0 (network); see proven()."""
    script = PROBE_FILES if level in ("bwrap", "landlock") else PROBE_NET if level == "unshare" else "pass"
    return [sys.executable, "-I", "-S", "-c", script]


def proven(level: Level, code: int, stderr: bytes) -> bool:
    """Did the probe of *level* show that it holds?"""
    if level in ("bwrap", "landlock"):
        return code == 1 and (b"PermissionError" in stderr or b"FileNotFoundError" in stderr)
    return code == 0
