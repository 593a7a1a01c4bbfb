"""Bytes on their way in: room is checked before the first one, hashing happens while they pass."""

from __future__ import annotations

import asyncio
import os
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from syncd.disk.faults import translated
from syncd.disk.pool import DiskPool
from syncd.disk.root import FileState, Root
from syncd.disk.staging import STAGING, Staged, StagedFile
from syncd.disk.volume import Volume
from syncd.errors import Busy, TooLarge, VolumeUnavailable

SLOT_WAIT_S = 60
SMALL_BYTES = 1 << 20  # an upload this small is worth waiting for, so that its flush can be shared
SLOW_WRITE_S = 0.02  # a write that takes longer shows a disk that stalls: from then on a thread waits for it
SLOW_FOR_S = 60
QUIET_S = 1.0
BLOCK_BYTES = 1 << 20
UNKNOWN_STEP = 8 << 20  # bytes of room claimed ahead, step by step, when the length was not announced


@dataclass(frozen=True, slots=True)
class Arrived:
    """A file whose bytes are all here: what a plan publishes."""

    staged: Staged
    digest: bytes  # SHA-256
    state: FileState


class Upload:
    """One file on its way in. Hand it bytes with `write`, then `seal` it and give it to the committer."""

    def __init__(self, uploads: Uploads, staged: StagedFile, claimed: int, most_bytes: int | None) -> None:
        self.staged = staged
        self._uploads = uploads
        self._is_small = False
        self._claimed = claimed  # bytes of room set aside and not yet written
        self._most = most_bytes
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0

    @property
    def size(self) -> int:
        return self.staged.size + self._waiting_bytes

    async def write(self, chunk: bytes) -> None:
        """Append *chunk*; raises TooLarge, StorageFull, StorageFailed, VolumeUnavailable."""
        self._uploads.require_open()
        if self._most is not None and self.size + len(chunk) > self._most:
            raise TooLarge(f"the file is larger than the {self._most} bytes this server takes")
        self._use_room(len(chunk))
        if self._uploads.is_slow():
            await self._write_behind(chunk)
        else:
            with translated():
                self._uploads.note(self.staged.write((chunk,)))

    def _use_room(self, size: int) -> None:
        """Bytes written are no longer set aside. An unannounced length claims its room on the way."""
        if size > self._claimed:
            self._uploads.claim(UNKNOWN_STEP)
            self._claimed += UNKNOWN_STEP
        used = min(size, self._claimed)
        self._claimed -= used
        self._uploads.release(used)

    async def _write_behind(self, chunk: bytes) -> None:
        self._waiting.append(chunk)
        self._waiting_bytes += len(chunk)
        if self._waiting_bytes >= BLOCK_BYTES:
            await self._drain()

    async def _drain(self) -> None:
        blocks, self._waiting, self._waiting_bytes = self._waiting, [], 0
        if blocks:
            self._uploads.note(await self._uploads.disk.run(self.staged.write, blocks))

    async def seal(self, mtime_ms: int | None = None) -> Arrived:
        """All bytes are here. Not durable yet: the committer flushes many at once."""
        await self._drain()
        with translated():
            state = self.staged.finish(mtime_ms)
        self._arrived()
        return Arrived(self.staged, self.staged.digest, state)

    def expect_soon(self) -> None:
        """The committer may wait a moment for this one."""
        self._is_small = True
        self._uploads.arriving += 1

    def _arrived(self) -> None:
        if self._is_small:
            self._is_small = False
            self._uploads.arriving -= 1

    async def end(self) -> None:
        """Free what was set aside; remove the bytes unless they were published."""
        self._arrived()
        self._uploads.release(self._claimed)
        if self.staged.published:
            self.staged.close()
        else:
            await self._uploads.disk.run(self.staged.discard)


class Uploads:
    """The slots and the room that uploads share."""

    def __init__(self, root: Root, disk: DiskPool, volume: Volume, slots: int) -> None:
        self.disk = disk
        self.arriving = 0  # small uploads under way: the committer waits a moment for them
        self._root = root
        self._volume = volume
        self._slots = asyncio.Semaphore(slots)
        self._claimed = 0
        self._slow_until = 0.0
        self._closed = False
        self._folder: int | None = None  # staging, open from the first upload on
        self._active = 0
        self._ended = 0.0
        self._idle = asyncio.Event()
        self._idle.set()

    def is_slow(self) -> bool:
        return time.monotonic() < self._slow_until

    def note(self, spent_s: float) -> None:
        if spent_s > SLOW_WRITE_S:
            self._slow_until = time.monotonic() + SLOW_FOR_S

    def claim(self, size: int) -> None:
        """Set *size* bytes of the disk aside, or raise why they cannot be."""
        with translated():
            self._volume.require_writable(self._claimed + size)
        self._claimed += size

    def reclaim(self, size: int) -> None:
        """Set aside again what was set aside before a restart, whatever room there is now."""
        self._claimed += size

    def release(self, size: int) -> None:
        self._claimed -= size

    def close(self) -> None:
        """The disk goes away: uploads under way fail at their next byte."""
        self._closed = True

    def require_fit(self, declared: int, most_bytes: int | None) -> None:
        """Raises TooLarge, StorageFull … when *declared* bytes cannot be taken: before any of them is read."""
        self.require_open()
        if most_bytes is not None and declared > most_bytes:
            raise TooLarge(f"the file is larger than the {most_bytes} bytes this server takes")
        with translated():
            self._volume.require_writable(self._claimed + declared)

    def release_folder(self) -> None:
        """Nobody stages any more: the disk can be unmounted."""
        if self._folder is not None:
            os.close(self._folder)
            self._folder = None

    def require_open(self) -> None:
        if self._closed:
            raise VolumeUnavailable("the disk is not there; connect it again")

    async def wait_quiet(self) -> None:
        """Return when no upload has been under way for a moment: a phone sends one after the other."""
        while self._active or (left := self._ended + QUIET_S - time.monotonic()) > 0:
            await (self._idle.wait() if self._active else asyncio.sleep(left))

    @asynccontextmanager
    async def begin(self, declared: int | None, most_bytes: int | None = None) -> AsyncIterator[Upload]:
        """A new upload of *declared* bytes (None: not announced). What was not committed at the end is removed.

        Raises TooLarge, StorageFull, VolumeUnavailable before a byte is read; Busy when no slot came free.
        """
        self.require_fit(declared or 0, most_bytes)
        async with self.slot():
            claimed = declared if declared is not None else UNKNOWN_STEP
            upload = self._stage(claimed, most_bytes)
            if declared is not None and declared <= SMALL_BYTES:
                upload.expect_soon()
            try:
                yield upload
            finally:
                await upload.end()

    def _stage(self, claimed: int, most_bytes: int | None) -> Upload:
        self.claim(claimed)
        try:
            with translated():
                if self._folder is None:
                    self._folder = self._root.open_folder(STAGING)
                staged = StagedFile(self._root, self._folder, f"{secrets.token_hex(16)}.part")
        except BaseException:
            self.release(claimed)
            raise
        return Upload(self, staged, claimed, most_bytes)

    async def _wait_for_slot(self) -> None:
        try:
            async with asyncio.timeout(SLOT_WAIT_S):
                await self._slots.acquire()
        except TimeoutError as exc:
            raise Busy("too many uploads at the same time; try again", retry_s=30) from exc

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """One of the few that may write at the same time; raises Busy when none came free."""
        if self._slots.locked():
            await self._wait_for_slot()
        else:
            await self._slots.acquire()  # at once
        self._active += 1
        self._idle.clear()
        try:
            yield
        finally:
            self._active -= 1
            self._ended = time.monotonic()
            if not self._active:
                self._idle.set()
            self._slots.release()
