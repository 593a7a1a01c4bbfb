"""What `syncd doctor` looks at. Nothing is changed; a probe of the disk cleans up after itself."""

from __future__ import annotations

import contextlib
import importlib.metadata
import importlib.util
import os
import pwd
import resource
import secrets
import socket
import sqlite3
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from syncd.cli.remedies import remedy
from syncd.cli.tables import size
from syncd.cli.wishes import granted, reach
from syncd.clock import BUILD_MS, now_ms
from syncd.config import Address, Config
from syncd.core.admin.volume import ShowStatus
from syncd.core.core import ACCOUNTS
from syncd.db.database import SQLITE_FLOOR
from syncd.disk.volume import SERVICE_DIR, Volume, VolumeState, read_mark
from syncd.errors import SyncError
from syncd.media.tools import find_tools

Weight = Literal["broken", "reduced", "note"]

AIOHTTP_FLOOR = (3, 14, 4)
OPEN_FILES = 4096  # connections and downloads are descriptors; below this a house full of phones may run out


@dataclass(frozen=True, slots=True)
class Finding:
    """Something a person should know; `broken` keeps syncd from working."""

    weight: Weight
    text: str
    cure: str = ""


def findings(config: Config) -> Iterator[Finding]:
    """Everything there is to say, the worst first within each area."""
    runs = _daemon_runs(config)
    yield from _storage(config)
    yield from _state(config)
    yield from _network(config, runs)
    yield from _service(config, runs)
    yield from _packages()
    yield from _programs()
    yield from _box()
    yield from _openness(config)


def _daemon_runs(config: Config) -> bool:
    try:
        daemon = reach(config.server.state)
    except SyncError:
        return True  # somebody else's
    if daemon is None:
        return False
    daemon.close()
    return True


def _storage(config: Config) -> Iterator[Finding]:
    path = config.storage.path
    if not path.is_dir():
        yield Finding("broken", f"{path} is not there", "mount the disk, or correct [storage] path")
        return
    mark = read_mark(path)
    if mark is None:
        yield Finding(
            "broken",
            f"{path} is not marked as a volume of syncd: the disk is not mounted, or was never prepared",
            "mount it or, if this is the right disk, run: syncd init",
        )
        return
    if not os.access(path, os.W_OK | os.X_OK):
        me = _user()
        yield Finding(
            "broken", f"{path} cannot be written by {me}", f"run syncd as its owner, or: chown -R {me} {path}"
        )
        return
    reserve = config.storage.reserve_mb
    volume = Volume(path, mark, reserve << 20 if reserve is not None else None)
    yield from _volume(volume)
    if volume.state() is VolumeState.OK:
        yield from _names(path / SERVICE_DIR)


def _user() -> str:
    """Who this process is, for people."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def _volume(volume: Volume) -> Iterator[Finding]:
    room = volume.room()
    if room.readonly:
        yield Finding(
            "broken", "the disk is read-only", "mount it writable; a disk with errors is mounted so on its own"
        )
    elif room.free <= volume.reserve(room):
        yield Finding("broken", f"the disk is full ({size(room.free)} free)", "make room, or run: syncd trash empty")
    elif room.free < 2 * volume.reserve(room):
        yield Finding("note", f"only {size(room.free)} are free", "make room soon, or run: syncd trash empty")


def _names(service: Path) -> Iterator[Finding]:
    """Does the file system tell capitals apart, and can it carry a write-ahead log?"""
    probe = service / f"doctor-{secrets.token_hex(4)}"
    try:
        probe.touch()
        if probe.with_name(probe.name.upper()).exists():
            yield Finding("note", "the disk does not tell capitals apart: A.jpg and a.jpg are one name there")
        yield from _journal(probe)
    except (OSError, sqlite3.Error) as exc:
        yield Finding("broken", f"the disk refused a small file: {exc}", "look at the disk; then run this again")
    finally:
        for suffix in ("", "-wal", "-shm", "-journal"):
            with contextlib.suppress(OSError):
                probe.with_name(probe.name + suffix).unlink(missing_ok=True)


def _journal(probe: Path) -> Iterator[Finding]:
    with contextlib.closing(sqlite3.connect(probe)) as db:
        if db.execute("PRAGMA journal_mode=WAL").fetchone() != ("wal",):
            yield Finding(
                "note",
                "the disk's file system carries no write-ahead log; the index is slower there",
                "ext4 does better",
            )


def _state(config: Config) -> Iterator[Finding]:
    state = config.server.state
    if not state.is_dir():
        yield Finding("broken", f"{state} is not there: nothing is set up", "run: syncd init")
        return
    if stat.S_IMODE(state.stat().st_mode) & 0o077:
        yield Finding("note", f"others can look into {state}, where accounts and keys are", f"run: chmod 700 {state}")
    if not os.access(state, os.R_OK | os.W_OK | os.X_OK):
        yield Finding("broken", f"{state} belongs to another user", "run this as root, or as the user syncd runs as")
    elif not (state / ACCOUNTS).exists():
        yield Finding("broken", f"there are no accounts in {state}", "run: syncd init")


def _network(config: Config, runs: bool) -> Iterator[Finding]:
    if runs:
        return
    free = True
    for address in config.server.listen:
        reason = _why_not(address)
        if reason:
            free = False
            yield Finding(
                "broken",
                f"cannot listen on {address}: {reason}",
                "end the program that does, or change [server] listen",
            )
    if free:
        yield Finding("note", "the daemon does not run", "start the service, or: syncd serve")


def _why_not(address: Address) -> str:
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            probe.bind((address.host, address.port))
            probe.listen(1)
    except OSError as exc:
        return exc.strerror or str(exc)
    return ""


def _service(config: Config, runs: bool) -> Iterator[Finding]:
    """What the running daemon, or the accounts themselves, say."""
    state = config.server.state
    if not (os.access(state, os.X_OK) and (state / ACCOUNTS).exists()) or read_mark(config.storage.path) is None:
        return
    try:
        status = granted(config, ShowStatus())
    except SyncError as exc:
        yield Finding("broken", exc.text)
        return
    if not status.clock_trusted:
        yield Finding("note", "the clock is not trusted, so nothing in the trash expires", "set it, or wait for NTP")
    if runs and status.volume is not VolumeState.OK:
        yield Finding("broken", f"the daemon says of the disk: {status.volume}", "look into the log of the daemon")
    sandbox = status.daemon.get("sandbox") if status.daemon is not None else None
    if sandbox not in (None, "bwrap", "landlock"):
        yield Finding(
            "reduced",
            f"photos are opened without a full sandbox ({sandbox})",
            f"{remedy('bubblewrap')}, or use a kernel with Landlock",
        )


def _packages() -> Iterator[Finding]:
    missing = {
        "bcrypt": ("reduced", "nobody can log in with a password; device keys work"),
        "segno": ("note", "syncd device add prints the address without its QR code"),
    }
    for name, (weight, loss) in missing.items():
        if importlib.util.find_spec(name) is None:
            yield Finding("reduced" if weight == "reduced" else "note", f"{name} is missing: {loss}", remedy(name))
    yield from _aiohttp()


def _aiohttp() -> Iterator[Finding]:
    """Its version and its C parser, without loading it."""
    spec = importlib.util.find_spec("aiohttp")
    if spec is None or spec.origin is None:
        yield Finding("broken", "aiohttp is missing: there is no server without it", "pip install aiohttp")
        return
    version = importlib.metadata.version("aiohttp")
    numbers = tuple(int(part) for part in version.split(".")[:3] if part.isdigit())
    if numbers < AIOHTTP_FLOOR:
        yield Finding("reduced", f"aiohttp {version} has known holes", "install 3.14.4 or newer")
    if not list(Path(spec.origin).parent.glob("_http_parser*.so")):
        yield Finding(
            "reduced",
            "aiohttp came without its C parser: uploads are slower",
            "a package for this processor, where there is one, has it",
        )


def _programs() -> Iterator[Finding]:
    tools = find_tools()
    if tools.pillow is None:
        yield Finding("reduced", "Pillow is missing: no thumbnails of photos", remedy("Pillow"))
    if tools.ffmpeg is None:
        yield Finding("reduced", "ffmpeg is missing: no thumbnails of videos", remedy("ffmpeg"))
    if tools.exiftool is None:
        yield Finding("reduced", "exiftool is missing: fewer dates and places", remedy("exiftool"))


def _box() -> Iterator[Finding]:
    if sqlite3.sqlite_version_info < SQLITE_FLOOR:
        yield Finding("broken", f"SQLite {sqlite3.sqlite_version} is too old", "syncd needs 3.37 or newer")
    if now_ms() < BUILD_MS:
        yield Finding("note", "the clock shows a time before this version was made", "set it, or wait for NTP")
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and most < OPEN_FILES:
        yield Finding("reduced", f"a program may open only {most} files: few phones at a time", "raise ulimit -n")


def _openness(config: Config) -> Iterator[Finding]:
    if config.mobisync.access == "open":
        yield Finding(
            "note", "anybody on the network can read and add files: [mobisync] access = open", "set it to token"
        )
    if config.accounts.registration == "open":
        yield Finding(
            "note", "anybody on the network can make an account: [accounts] registration = open", "set it to closed"
        )
