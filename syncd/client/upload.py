"""Sending a file: in one request when it is small, else as blocks of which only those the server lacks travel."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import AsyncIterator

from syncd.client.api import Api, Stored, Upload
from syncd.client.content import SMALL, Content, chunk_size, measure, read
from syncd.client.folder import Folder, Gap, Stat
from syncd.client.side_by_side import in_thread, together
from syncd.client.state import Session, State
from syncd.client.tell import Teller
from syncd.client.trouble import Away, Changed, Refused

TOO_MANY = 429
_CHANGED = ("hash_mismatch", "digest_mismatch")  # the file was written while it was sent


class Sender:
    """*slots* bounds how many chunks travel at a time; *stop* ends long reads."""

    def __init__(
        self, api: Api, folder: Folder, state: State, tell: Teller, slots: asyncio.Semaphore, stop: threading.Event
    ) -> None:
        self._api = api
        self._folder = folder
        self._state = state
        self._tell = tell
        self._slots = slots
        self._stop = stop

    async def send(self, path: str, judged: Stat, content: Content, base: str | None) -> Stored:
        """Bring *path*, made from the version *base*, to the server. Raises Changed when it is no more *judged*."""
        with self._folder.opened(path) as (fd, found):
            if not found.same_file(judged):
                raise Changed("it was saved meanwhile")
            if judged.size <= SMALL:
                whole = b"".join(read(fd, 0, judged.size))
                if hashlib.sha256(whole).hexdigest() != content.hash:
                    raise Changed("it was saved meanwhile")
                self._tell.expect(len(whole))
                stored = await self._api.put(path, whole, content.hash, base, judged.mtime_ns)
                self._tell.travelled(len(whole))
                return stored
            if not content.blocks:
                content = await in_thread(measure, fd, judged.size, self._stop)
            return await self._in_chunks(fd, path, judged, content, base)

    async def _in_chunks(self, fd: int, path: str, judged: Stat, content: Content, base: str | None) -> Stored:
        upload = await self._resumed(path, content.hash, chunk_size(judged.size))
        if upload is None:
            try:
                upload = await self._api.open_upload(
                    path, judged.size, content.hash, content.blocks, chunk_size(judged.size), base, judged.mtime_ns
                )
            except Refused as exc:
                if exc.status == TOO_MANY:
                    await self._drop_stale()
                raise
            self._state.began(Session(path, upload.id, content.hash))
        try:
            await self._send_missing(fd, judged.size, upload, upload.missing)
            stored = await self._completed(fd, judged.size, upload)
        except Refused as exc:
            if exc.code in _CHANGED or exc.status == 404:
                await self.drop(path)
                raise Changed("it was saved meanwhile") from exc
            raise
        except Changed:
            await self.drop(path)
            raise
        self._state.ended(path)
        return stored

    async def _resumed(self, path: str, digest: str, chunk: int) -> Upload | None:
        """The upload that was begun for exactly this content, if the server still has it."""
        begun = self._state.session(path)
        if begun is None:
            return None
        if begun.hash == digest:
            upload = await self._api.upload(begun.id)
            if upload is not None and upload.is_open and upload.chunk_size == chunk:
                return upload
        await self.drop(path)
        return None

    async def drop(self, path: str) -> None:
        """Cancel what was begun for *path*."""
        begun = self._state.session(path)
        if begun is not None:
            await self._api.cancel(begun.id)
            self._state.ended(path)

    async def _drop_stale(self) -> None:
        """Cancel what was begun for files that are gone: nobody comes back to it, and the server takes only so many."""
        for begun in self._state.sessions():
            if self._folder.look(begun.path) is Gap.MISSING:
                await self.drop(begun.path)

    async def _completed(self, fd: int, size: int, upload: Upload) -> Stored:
        try:
            return await self._api.complete(upload.id)
        except Refused as exc:
            if exc.code != "chunks_missing":
                raise
            missing = tuple(index for first, last in exc.missing for index in range(first, last + 1))
        await self._send_missing(fd, size, upload, missing)
        return await self._api.complete(upload.id)

    async def _send_missing(self, fd: int, size: int, upload: Upload, missing: tuple[int, ...]) -> None:
        step = upload.chunk_size
        self._tell.expect(sum(min(step, size - index * step) for index in missing))
        waiting = iter(missing)

        async def sending() -> None:
            for index in waiting:
                offset, length = index * step, min(step, size - index * step)
                async with self._slots:
                    await self._send_chunk(fd, upload.id, index, offset, length)

        await together(4, sending)

    async def _send_chunk(self, fd: int, id: str, index: int, offset: int, length: int) -> None:
        shorter: list[Changed] = []

        async def pieces() -> AsyncIterator[bytes]:
            try:
                for piece in read(fd, offset, length):
                    yield piece
                    self._tell.travelled(len(piece))
            except Changed as exc:  # aiohttp would make a network error of it
                shorter.append(exc)
                raise

        try:
            await self._api.send_chunk(id, index, length, pieces())
        except Away:
            if shorter:
                raise shorter[0] from None
            raise
