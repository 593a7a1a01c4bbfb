"""Bytes on their way in: one hidden file each, on the volume itself, so that publishing is a rename.

Nothing here is ever listed, served or indexed. What is left after a crash was never acknowledged.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from syncd.disk import kernel
from syncd.disk.root import FileState, Place, Root
from syncd.disk.volume import SERVICE_DIR

if TYPE_CHECKING:
    from hashlib import _Hash as Hash  # what hashlib.sha256() gives has no public name

STAGING: Place = (SERVICE_DIR, "staging")

# Written pages are handed to the disk this often, so that a small box never collects hundreds of dirty MB.
_WRITEBACK_BYTES = 8 << 20
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_REOPEN = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
_PIECE_BYTES = 1 << 20
_MIN_MTIME_MS = 315_532_800_000  # 1980, where FAT begins
_MAX_MTIME_MS = 4_354_819_198_000  # 2107, where FAT ends


class Staged:
    """A file in staging, open for writing."""

    def __init__(self, root: Root, name: str, fd: int) -> None:
        self.place: Place = (*STAGING, name)
        self.published = False  # the committer moved it into a tree
        self._root = root
        self._fd = fd

    def finish(self, mtime_ms: int | None = None) -> FileState:
        """The file as the disk gives it back, its time set to *mtime_ms* (Unix ms) if given. Not durable yet."""
        if mtime_ms is not None:
            kept_ns = min(max(mtime_ms, _MIN_MTIME_MS), _MAX_MTIME_MS) * 1_000_000
            os.utime(self._fd, ns=(kept_ns, kept_ns))
        return FileState.of(os.fstat(self._fd))

    def flush(self) -> None:
        """Make the content durable. After an error never again: a second flush may lie about lost pages."""
        os.fsync(self._fd)

    def flush_everything(self) -> None:
        """Make this and every other staged file durable in one go."""
        kernel.syncfs(self._fd)

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def discard(self) -> None:
        """Close and remove."""
        self.close()
        self._root.unlink(self.place)


class StagedFile(Staged):
    """One upload's file: append, then seal. Hashes on the way, so the bytes are never read again."""

    def __init__(self, root: Root, folder: int, name: str) -> None:
        """Make the file *name* in the staging folder, which is open as *folder*."""
        # 0666 less the umask: the owner's other programs (SMB, FTP) read what arrives here.
        super().__init__(root, name, os.open(name, _CREATE, 0o666, dir_fd=folder))
        self.size = 0
        self._hash = hashlib.sha256()
        self._handed = 0  # bytes whose writeback was begun

    def write(self, blocks: Sequence[bytes]) -> float:
        """Append *blocks*; the seconds it took."""
        began = time.monotonic()
        for block in blocks:
            self._hash.update(block)
            view = memoryview(block)
            while view:
                view = view[os.write(self._fd, view) :]
            self.size += len(block)
        if self.size - self._handed >= _WRITEBACK_BYTES:
            self._hand_over()
        return time.monotonic() - began

    def _hand_over(self) -> None:
        """Start writing what is new, and drop from the page cache what was begun a round ago."""
        kernel.start_writeback(self._fd, self._handed, self.size - self._handed)
        if self._handed:
            os.posix_fadvise(self._fd, 0, self._handed, os.POSIX_FADV_DONTNEED)
        self._handed = self.size

    @property
    def digest(self) -> bytes:
        """SHA-256 of what was written so far."""
        return self._hash.digest()


class PartFile(Staged):
    """The file of an upload in chunks, which come in any order and over restarts. Opened anew for each of them."""

    def __init__(self, root: Root, name: str) -> None:
        """Open the file *name*, made if it is not there."""
        with root.folder(STAGING) as folder:
            super().__init__(root, name, os.open(name, _REOPEN, 0o666, dir_fd=folder))

    def allocate(self, size: int) -> bool:
        """Set room aside for *size* bytes; False where the file system cannot. Raises OSError (ENOSPC)."""
        return size == 0 or kernel.allocate(self._fd, size)

    def write(self, blocks: Sequence[bytes], offset: int) -> float:
        """Write *blocks* one after the other from *offset*; the seconds it took."""
        began = time.monotonic()
        for block in blocks:
            view = memoryview(block)
            while view:
                written = os.pwrite(self._fd, view, offset)
                view, offset = view[written:], offset + written
        return time.monotonic() - began

    def start_writeback(self, offset: int, length: int) -> None:
        """Begin to write that range to the disk without waiting."""
        kernel.start_writeback(self._fd, offset, length)

    def flush_content(self) -> None:
        """As flush, without the times of the file."""
        os.fdatasync(self._fd)

    def hash(self, running: Hash, start: int, end: int) -> None:
        """Go on with *running* over the bytes from *start* to *end*."""
        for piece in pieces(self._fd, start, end):
            running.update(piece)

    def copy_block(self, source: int, offset: int, target: int, length: int) -> bytes:
        """Copy *length* bytes at *offset* of the descriptor *source* to *target* here; the SHA-256 of what was read."""
        running = hashlib.sha256()
        for piece in pieces(source, offset, offset + length):
            running.update(piece)
            self.write((piece,), target)
            target += len(piece)
        return running.digest()


def pieces(fd: int, start: int, end: int) -> Iterator[bytes]:
    """The bytes of a file from *start* to *end* or to its end, in pieces that fit in any memory."""
    while start < end and (piece := os.pread(fd, min(_PIECE_BYTES, end - start), start)):
        yield piece
        start += len(piece)


def block_hashes(fd: int, chunk_size: int, first: int, end: int) -> list[bytes]:
    """SHA-256 of each *chunk_size* bytes of an open file, from *first* to *end*."""
    hashes = []
    for start in range(first, end, chunk_size):
        running = hashlib.sha256()
        for piece in pieces(fd, start, min(start + chunk_size, end)):
            running.update(piece)
        hashes.append(running.digest())
    return hashes


def sweep(root: Root, keep: frozenset[str] = frozenset()) -> int:
    """Remove what uploads of an earlier run left behind, but for *keep*; how many went."""
    left = [one.name for one in root.names(STAGING) if one.name not in keep]
    for name in left:
        root.unlink((*STAGING, name))
    return len(left)


def hash_file(root: Root, place: Place) -> bytes:
    """SHA-256 of a file that lies in a tree; raises OSError."""
    fd = root.open_file(place)
    with open(fd, "rb", buffering=0) as content:
        return hashlib.file_digest(content, "sha256").digest()
