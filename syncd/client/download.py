"""Fetching a file into `.syncd/tmp/<hash>.part`: only the blocks that neither the part nor a file here has.

There is no note of how far a download came: what the part holds is hashed again, block by block.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from syncd.client.api import Api
from syncd.client.content import MIB, PIECE, SMALL, Stopped, block_hashes, chunk_size, measure, read
from syncd.client.folder import Folder, Stat
from syncd.client.side_by_side import in_thread, together
from syncd.client.state import Remote
from syncd.client.tell import Teller
from syncd.client.trouble import Away, Blocked, Changed

SPARE = 64 * MIB  # bytes that are left to the owner of the disk, if it is not a small one
SECTOR = 512  # bytes, in which stat(2) counts
RUN = 16 * MIB  # bytes asked for in one request at most, so that several travel side by side


class Fetcher:
    """*slots* bounds how many ranges travel at a time; *stop* ends long reads."""

    def __init__(self, api: Api, folder: Folder, tell: Teller, slots: asyncio.Semaphore, stop: threading.Event) -> None:
        self._api = api
        self._folder = folder
        self._tell = tell
        self._slots = slots
        self._stop = stop
        self._claimed = 0  # bytes of what is being fetched

    async def fetch(self, remote: Remote, digest: str, old: Stat | None) -> str:
        """Bring the version *digest* of *remote* to `.syncd/tmp/`; returns the name there.

        *old*: the path holds another version now, whose blocks may serve.
        """
        name = f"{digest}.part"
        fd = os.open(name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666, dir_fd=self._folder.tmp_fd)
        try:
            with self._room(remote.size - os.fstat(fd).st_blocks * SECTOR):
                if remote.size <= SMALL:
                    await self._whole(fd, remote, digest)
                else:
                    await self._in_blocks(fd, remote, digest, old)
                await in_thread(self._finish, fd, remote, old)
        finally:
            os.close(fd)
        return name

    @contextmanager
    def _room(self, size: int) -> Iterator[None]:
        """Claim *size* bytes of the disk, which must not be filled to the brim; raises Blocked."""
        disk = os.fstatvfs(self._folder.tmp_fd)
        spare = min(SPARE, disk.f_blocks * disk.f_frsize // 100)
        self._claimed += size
        try:
            if disk.f_blocks and self._claimed + spare > disk.f_bavail * disk.f_frsize:
                raise Blocked("there is no room for it on this disk")
            yield
        finally:
            self._claimed -= size

    async def _whole(self, fd: int, remote: Remote, digest: str) -> None:
        self._tell.expect(remote.size)
        pieces = []
        async with self._api.download(remote.path, digest) as body:
            async for piece in body.iter_chunked(PIECE):
                pieces.append(piece)
                self._tell.travelled(len(piece))
        content = b"".join(pieces)
        if hashlib.sha256(content).hexdigest() != digest:
            raise Blocked("what came is not what the server announced")
        os.ftruncate(fd, 0)
        os.pwrite(fd, content, 0)

    async def _in_blocks(self, fd: int, remote: Remote, digest: str, old: Stat | None) -> None:
        step = chunk_size(remote.size)
        announced, blocks = await self._api.blocks(remote.path, step)
        if announced != digest:
            raise Changed("it changed on the server meanwhile")
        missing = await in_thread(self._prepare, fd, remote, blocks, step, old is not None)
        runs = coalesced(missing, RUN // step)
        self._tell.expect(sum(min(step, remote.size - index * step) for index in missing))
        waiting = iter(runs)

        async def fetching() -> None:
            for first, last in waiting:
                async with self._slots:
                    await self._run(fd, remote, digest, blocks, step, first, last)

        await together(4, fetching)
        if (await in_thread(measure, fd, remote.size, self._stop)).hash != digest:
            os.ftruncate(fd, 0)
            raise Blocked("what came is not what the server announced")

    def _prepare(self, fd: int, remote: Remote, blocks: Sequence[str], step: int, has_old: bool) -> list[int]:
        """Fill the part from what is here; returns the blocks that are missing."""
        size = remote.size
        kept = min(os.fstat(fd).st_size, size) // step * step if os.fstat(fd).st_size != size else size
        have = {
            index
            for index, found in enumerate(block_hashes(fd, kept, step, self._stop))
            if index < len(blocks) and found == blocks[index]
        }
        os.ftruncate(fd, size)
        if has_old:
            have |= self._copy_old(fd, remote, blocks, step, have)
        return [index for index in range(len(blocks)) if index not in have]

    def _copy_old(self, fd: int, remote: Remote, blocks: Sequence[str], step: int, have: set[int]) -> set[int]:
        wanted: dict[str, list[int]] = {}
        for index, block in enumerate(blocks):
            if index not in have:
                wanted.setdefault(block, []).append(index)
        copied = set()
        with self._folder.opened(remote.path) as (source, found):
            for number, block in enumerate(block_hashes(source, found.size, step, self._stop)):
                length = min(step, found.size - number * step)
                for index in wanted.pop(block, ()):
                    offset = index * step
                    for piece in read(source, number * step, length):
                        offset += os.pwrite(fd, piece, offset)
                    copied.add(index)
        return copied

    async def _run(
        self, fd: int, remote: Remote, digest: str, blocks: Sequence[str], step: int, first: int, last: int
    ) -> None:
        """Fetch the blocks from *first* to *last*."""
        start, end = first * step, min((last + 1) * step, remote.size)
        hasher, offset = hashlib.sha256(), start
        async with self._api.download(remote.path, digest, (start, end)) as body:
            while offset < end:
                border = min(offset - offset % step + step, end)
                piece = await body.read(min(PIECE, border - offset))
                if not piece:
                    raise Away("the download broke off")
                os.pwrite(fd, piece, offset)
                hasher.update(piece)
                offset += len(piece)
                self._tell.travelled(len(piece))
                if offset == border:
                    if hasher.hexdigest() != blocks[(offset - 1) // step]:
                        raise Blocked("what came is not what the server announced")
                    hasher = hashlib.sha256()

    def _finish(self, fd: int, remote: Remote, old: Stat | None) -> None:
        if old is not None:
            os.fchmod(fd, old.mode)
        if remote.mtime_ms is not None:
            os.utime(fd, ns=(remote.mtime_ms * 1_000_000,) * 2)
        os.fsync(fd)

    def copy(self, source: str, judged: Stat, digest: str, remote: Remote, old: Stat | None) -> str | None:
        """Make the part from the local file *source*, which should hold *digest*; None when it does not."""
        name = f"{digest}.part"
        with self._folder.opened(source) as (have, found):
            if not found.same_file(judged):
                return None
            fd = os.open(name, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666, dir_fd=self._folder.tmp_fd)
            try:
                hasher, offset = hashlib.sha256(), 0
                for piece in read(have, 0, found.size):
                    if self._stop.is_set():
                        raise Stopped
                    hasher.update(piece)
                    offset += os.pwrite(fd, piece, offset)
                if hasher.hexdigest() != digest:
                    return None
                self._finish(fd, remote, old)
            finally:
                os.close(fd)
        return name


def coalesced(indexes: Sequence[int], longest: int) -> list[tuple[int, int]]:
    """Ascending *indexes* as ranges, first and last, of at most *longest*."""
    runs: list[tuple[int, int]] = []
    for index in indexes:
        if runs and index == runs[-1][1] + 1 and index - runs[-1][0] < longest:
            runs[-1] = (runs[-1][0], index)
        else:
            runs.append((index, index))
    return runs
