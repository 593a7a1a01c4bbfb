"""The data disk: its identity, its room, its state.

A mount point without the mark is never written to, else a missing USB disk fills the router's flash. The mark is
looked for *by path* before every answer: after a lazy unmount an open descriptor still takes writes.
"""

from __future__ import annotations

import os
import time
import uuid
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from syncd.errors import StorageFailed, StorageFull, VolumeUnavailable

SERVICE_DIR = ".syncd"
_MARK = "volume-id"
_FORMAT = "syncd-volume 1 "
_MIB = 1 << 20
_SEEN_S = 1.0  # before a write a look this old will do; before an answer none is old enough


class VolumeState(StrEnum):
    OK = "ok"
    FULL = "full"  # no writes; deleting still works
    READONLY = "readonly"
    SUSPECT = "suspect"  # answered an I/O error; no writes until it was opened anew
    ABSENT = "absent"  # no mark, another disk's mark, or not mounted


_REASONS = {
    VolumeState.FULL: "the disk is full; make room or empty the trash",
    VolumeState.READONLY: "the disk is read-only",
    VolumeState.SUSPECT: "the disk reports errors; look at it before going on",
    VolumeState.ABSENT: "the disk is not there; connect it again",
}


@dataclass(frozen=True, slots=True)
class Room:
    """Bytes on the disk, as an unprivileged program may use them."""

    total: int
    free: int
    readonly: bool


def read_mark(storage: Path) -> str | None:
    """The volume id found by path; None when the folder bears no mark."""
    try:
        fd = os.open(f"{storage}/{SERVICE_DIR}/{_MARK}", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        text = os.read(fd, 200).decode("ascii", "replace")
    except OSError:
        return None
    finally:
        os.close(fd)
    return text.removeprefix(_FORMAT).strip() if text.startswith(_FORMAT) else None


def mark(storage: Path) -> str:
    """Make *storage* a volume and return its id; one that is marked already keeps its id."""
    known = read_mark(storage)
    service = storage / SERVICE_DIR
    service.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in ("staging", "derived"):
        (service / name).mkdir(exist_ok=True)
    if known is None:
        known = uuid.uuid4().hex
        written = service / f"{_MARK}.new"
        with written.open("w", encoding="ascii") as out:
            out.write(f"{_FORMAT}{known}\n")
            out.flush()
            os.fsync(out.fileno())
        written.rename(service / _MARK)
    for folder in (service, storage):
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
    return known


class Volume:
    """The disk that must carry *volume_id* at *path*."""

    def __init__(self, path: Path, volume_id: str, reserve_bytes: int | None) -> None:
        self.path = path
        self.id = volume_id
        self._reserve = reserve_bytes
        self._device: int | None = None
        self._suspect = False
        self._seen_at = 0.0  # monotonic seconds of the last look before a write

    def attach(self, descriptor: int) -> None:
        """Remember the device that is served; from now on it must stay the one found by path."""
        self._device = os.fstat(descriptor).st_dev
        self._suspect = False

    def detach(self) -> None:
        self._device = None

    def suspect(self) -> None:
        """The disk answered an I/O error: nothing more is written until it is attached anew."""
        self._suspect = True

    def is_present(self) -> bool:
        """Is the right disk mounted? By path, with three system calls."""
        try:
            device = os.stat(self.path).st_dev
        except OSError:
            return False
        return self._device in (None, device) and read_mark(self.path) == self.id

    def room(self) -> Room:
        """What statvfs says now; raises OSError."""
        found = os.statvfs(self.path)
        return Room(found.f_frsize * found.f_blocks, found.f_frsize * found.f_bavail, bool(found.f_flag & os.ST_RDONLY))

    def reserve(self, room: Room) -> int:
        """Bytes that uploads leave free: the setting, else the larger of 64 MiB and 1 %."""
        return max(64 * _MIB, room.total // 100) if self._reserve is None else self._reserve

    def state(self) -> VolumeState:
        """How the disk is now."""
        if not self.is_present():
            return VolumeState.ABSENT
        if self._suspect:
            return VolumeState.SUSPECT
        try:
            room = self.room()
        except OSError:
            return VolumeState.ABSENT
        if room.readonly:
            return VolumeState.READONLY
        return VolumeState.FULL if room.free <= self.reserve(room) else VolumeState.OK

    def require_present(self) -> None:
        """Raise VolumeUnavailable unless the right disk is there."""
        if not self.is_present():
            raise VolumeUnavailable(_REASONS[VolumeState.ABSENT])

    def require_writable(self, wanted: int) -> None:
        """Raise unless *wanted* bytes may be written now: StorageFull, StorageFailed or VolumeUnavailable."""
        if self._suspect:
            raise StorageFailed(_REASONS[VolumeState.SUSPECT], retry_s=60)
        if time.monotonic() > self._seen_at + _SEEN_S:
            self.require_present()
            self._seen_at = time.monotonic()
        try:
            room = self.room()
        except OSError as exc:  # it went away since the last look
            raise VolumeUnavailable(_REASONS[VolumeState.ABSENT]) from exc
        if room.readonly:
            raise VolumeUnavailable(_REASONS[VolumeState.READONLY])
        if room.free - self.reserve(room) < wanted:
            raise StorageFull(_REASONS[VolumeState.FULL])
