"""Chunks of an upload on their way in, and what is known of an upload that is under way."""

from __future__ import annotations

import asyncio
import hashlib
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from syncd.core.uploads import Uploads
from syncd.disk.faults import translated
from syncd.disk.staging import PartFile
from syncd.errors import BadRequest, ChunksMissing, Conflict
from syncd.model import UploadSession

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

SHOWN_RANGES = 1000  # of what is missing; whoever sent these asks again
BEHIND_BYTES = 1 << 20  # collected for a thread while the disk is slow
MOST_DIGESTS = 10_000  # kept of one upload; a hint, which is not worth more memory


class Chunks:
    """Which of *count* chunks are here."""

    def __init__(self, count: int, here: bytes = b"") -> None:
        """*here*: what to_bytes gave."""
        self._here = bytearray(here.ljust(count, b"\0")[:count])

    def to_bytes(self) -> bytes:
        """One byte per chunk."""
        return bytes(self._here)

    def add(self, index: int) -> None:
        self._here[index] = 1

    def discard(self, index: int) -> None:
        self._here[index] = 0

    def forget_beyond(self, size: int, chunk_size: int) -> None:
        """The file has only *size* bytes: what should lie beyond is not here."""
        whole = min(size // chunk_size, len(self._here))
        self._here[whole:] = bytes(len(self._here) - whole)

    def __contains__(self, index: int) -> bool:
        return bool(self._here[index])

    def __len__(self) -> int:
        return self._here.count(1)

    def missing(self) -> list[tuple[int, int]]:
        """Ranges, first and last, of those that are not here; at most SHOWN_RANGES."""
        ranges: list[tuple[int, int]] = []
        start = self._here.find(0)
        while start >= 0 and len(ranges) < SHOWN_RANGES:
            end = self._here.find(1, start)
            ranges.append((start, (end if end >= 0 else len(self._here)) - 1))
            start = self._here.find(0, end) if end >= 0 else -1
        return ranges

    def require_all(self) -> None:
        """Raise ChunksMissing unless all are here."""
        if missing := self.missing():
            raise ChunksMissing(tuple(missing))


@dataclass(slots=True, eq=False)
class Progress:
    """What is known of a session in this run, beyond its row."""

    session: UploadSession
    received: Chunks
    saved: bytes = b""  # what the index says was received, or is about to
    claimed: int = 0  # bytes of room set aside by counting, where the file system cannot do it
    digests: dict[int, bytes] = field(default_factory=dict)  # of chunks received in this run
    writers: dict[int, ChunkWriter] = field(default_factory=dict)  # the newest of each chunk
    running: Hash = field(default_factory=hashlib.sha256)  # over the first `hashed` chunks
    hashed: int = 0
    unsaved: int = 0  # bytes received and not written down
    saved_at: float = field(default_factory=time.monotonic)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    sealed: bool = False  # no more chunks: it is being completed, or was

    @property
    def is_busy(self) -> bool:
        """Does anybody work with it at this moment?"""
        return bool(self.writers) or self.lock.locked()

    def forget_hash(self) -> None:
        self.running, self.hashed = hashlib.sha256(), 0

    def digest_of(self, index: int) -> bytes | None:
        """SHA-256 of a chunk that is here; None when it came in an earlier run."""
        return self.session.block(index) or self.digests.get(index)

    def note_digest(self, index: int, digest: bytes) -> None:
        """Chunk *index* has other bytes now. One that was announced is what was announced."""
        self.digests.pop(index, None)
        if self.session.blocks is None and len(self.digests) < MOST_DIGESTS:
            self.digests[index] = digest

    def lose(self, kept: bytes) -> None:
        """The disk could not keep what came since *kept* was written down; nobody knows what it has of that."""
        self.saved, self.received = kept, Chunks(self.session.chunk_count, kept)
        for index in self.writers:
            self.received.discard(index)
        self.forget_hash()


class ChunkWriter:
    """One chunk on its way in: `write` its bytes, then `finish`. Half a chunk never counts."""

    def __init__(self, progress: Progress, index: int, part: PartFile, uploads: Uploads) -> None:
        self._progress = progress
        self._index = index
        self._part = part
        self._uploads = uploads
        self._start = index * progress.session.chunk_size
        self._length = progress.session.length_of(index)
        self._size = 0
        self._waiting: list[bytes] = []
        self._waiting_at = self._start
        self._digest = hashlib.sha256()  # of the chunk alone, for the block map
        self.busy = asyncio.Lock()  # held while a thread writes
        # In order, the whole file's hash is made in passing.
        self._before = progress.running if index == progress.hashed else None
        self._running = self._before.copy() if self._before is not None else None

    async def write(self, piece: bytes) -> None:
        """Put *piece* after what came before; raises BadRequest for a chunk that is too long, Conflict when another
        request for the same chunk took over."""
        self._require_current()
        self._uploads.require_open()
        if self._size + len(piece) > self._length:
            raise wrong_size(self._index, self._length, self._size + len(piece))
        self._digest.update(piece)
        if self._running is not None:
            self._running.update(piece)
        self._waiting.append(piece)
        self._size += len(piece)
        if not self._uploads.is_slow():
            with translated():
                self._uploads.note(self._put())
        elif self._start + self._size - self._waiting_at >= BEHIND_BYTES:
            await self._put_behind()

    def _put(self) -> float:
        pieces, at = self._waiting, self._waiting_at
        self._waiting, self._waiting_at = [], self._start + self._size
        return self._part.write(pieces, at)

    async def _put_behind(self) -> None:
        async with self.busy:
            self._require_current()
            self._uploads.note(await self._uploads.disk.run(self._put))

    def _require_current(self) -> None:
        if self._progress.writers.get(self._index) is not self:
            raise Conflict("another request sends this chunk now, or the upload was completed or cancelled")

    async def finish(self, wanted: bytes | None = None) -> None:
        """All bytes are here; *wanted* is the SHA-256 that the sender announced. Raises BadRequest."""
        if self._size != self._length:
            raise wrong_size(self._index, self._length, self._size)
        if self._waiting:
            await self._put_behind()
        self._require_current()
        digest = self._digest.digest()
        for announced in (wanted, self._progress.session.block(self._index)):
            if announced is not None and announced != digest:
                raise BadRequest(f"chunk {self._index} was damaged on its way; send it again", code="digest_mismatch")
        self._note(digest)

    def _note(self, digest: bytes) -> None:
        progress = self._progress
        if self._index < progress.hashed and progress.digest_of(self._index) != digest:
            progress.forget_hash()  # it may be other content than what was hashed
        progress.note_digest(self._index, digest)
        # Only on top of the very hash it began with: chunks before it may have been sent again meanwhile.
        if self._running is not None and progress.running is self._before:
            progress.running, progress.hashed = self._running, self._index + 1
        progress.received.add(self._index)
        progress.unsaved += self._length
        released = min(self._length, progress.claimed)
        progress.claimed -= released
        self._uploads.release(released)
        self._part.start_writeback(self._start, self._length)


def wrong_size(index: int, wanted: int, got: int) -> BadRequest:
    """What to say of a chunk of *got* bytes that must have *wanted*."""
    return BadRequest(f"chunk {index} must be {wanted} bytes, got {got}", code="chunk_size_mismatch")
