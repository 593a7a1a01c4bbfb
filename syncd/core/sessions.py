"""Uploads in chunks: in any order, side by side, over restarts.

A chunk is a hint, complete is a promise. What the index says was received is durable, so after a crash it may have
forgotten chunks but never invents one.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial

from syncd.core import assembly, block_maps, held_blocks, swap
from syncd.core.chunks import Chunks, ChunkWriter, Progress, wrong_size
from syncd.core.commit import Committer
from syncd.core.conflicts import Knowledge
from syncd.core.plans import Ground
from syncd.core.swap import Author
from syncd.core.uploads import Arrived, Uploads
from syncd.db import sessions
from syncd.disk.faults import translated
from syncd.disk.staging import STAGING, PartFile
from syncd.errors import BadRequest, Conflict, NotFound, TooLarge, TooManySessions
from syncd.model import TreePath, UploadSession, User

Now = Callable[[], tuple[int, int]]

SUFFIX = ".session"
MIN_CHUNK = 64 << 10
MAX_CHUNK = 64 << 20
DEFAULT_CHUNK = 4 << 20
MOST_CHUNKS = 100_000
MOST_CHUNKS_OPEN = 1_000_000  # of all uploads together: each takes up to 35 bytes of memory
MOST_OPEN = 256
MOST_OPEN_PER_DEVICE = 16
IDLE_MS = 3_600_000  # a session this long untouched makes way for a new one
SAVE_BYTES = 8 << 20  # received chunks are written down this often,
SAVE_S = 2.0  # or after so long


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to upload."""

    path: TreePath
    size: int  # bytes
    hash: bytes | None = None
    chunk_size: int = DEFAULT_CHUNK
    mtime_ms: int | None = None
    knowledge: Knowledge = Knowledge()
    blocks: Sequence[bytes] | None = None  # SHA-256 of each chunk


class Sessions:
    """The upload sessions of one mount."""

    def __init__(self, ground: Ground, uploads: Uploads, committer: Committer, now: Now) -> None:
        """*now()* gives Unix ms and seconds of uptime."""
        self._ground = ground
        self._uploads = uploads
        self._committer = committer
        self._now = now
        self._open: dict[str, Progress] = {}

    async def reopen(self) -> None:
        """After a start: go on with what earlier runs left; room that only was counted is counted again."""
        for session in await sessions.open_ones(self._ground.index):
            progress = self._open[session.id] = _progress(session)
            place = (*STAGING, session.id + SUFFIX)
            # Not every file system remembers a new name as long as it does the content.
            state = await self._ground.disk.run(self._ground.root.state, place)
            self._believe(progress, state.size if state is not None else 0)
            progress.claimed = max(0, session.size - await self._ground.disk.run(self._ground.root.room_of, place))
            self._uploads.reclaim(progress.claimed)

    @staticmethod
    def _believe(progress: Progress, size: int) -> None:
        """The disk has *size* bytes of the file, whatever was written down."""
        if size < progress.session.size:
            progress.forget_hash()
            progress.received.forget_beyond(size, progress.session.chunk_size)

    # Beginning and ending

    async def begin(self, user: User, device_id: str | None, wish: Wish) -> UploadSession:
        """A new session, its room set aside, and the blocks that are here already copied.

        Raises TooLarge, StorageFull, TooManySessions, BadRequest for the wrong number of blocks.
        """
        now_ms, uptime_s = self._now()
        chunk_size = _chunk_size(wish.chunk_size, wish.size)
        self._uploads.require_fit(wish.size, None)
        session = UploadSession(
            id=secrets.token_hex(16),
            user_id=user.id,
            device_id=device_id,
            path=str(wish.path),
            size=wish.size,
            hash=wish.hash,
            chunk_size=chunk_size,
            mtime_ms=wish.mtime_ms,
            base_hash=wish.knowledge.base,
            known_seq=wish.knowledge.cursor,
            blocks=b"".join(wish.blocks) if wish.blocks is not None else None,
            received=b"",
            created_ms=now_ms,
            touched_ms=now_ms,
        )
        if wish.blocks is not None and len(wish.blocks) != session.chunk_count:
            raise BadRequest(f"blocks must be {session.chunk_count} hashes, one for each {chunk_size} bytes")
        await self._make_way(session, now_ms)
        progress = self._open[session.id] = Progress(session, Chunks(session.chunk_count))
        try:
            await self._reserve(progress)
            async with self._ground.index.write() as transaction:
                await sessions.add(transaction, session, uptime_s)
            if session.blocks is not None:
                await block_maps.ensure_likely(self._ground, user, wish.path, wish.size, chunk_size)
                await held_blocks.copy(self._ground, self._part, user, progress)
                await self._save(progress)
        except BaseException:  # nobody will ever learn its id
            await self.forget([session.id])
            raise
        return self._shown(progress)

    async def _make_way(self, session: UploadSession, now_ms: int) -> None:
        """Raise TooManySessions, unless one that was given up can go instead."""
        others = [progress.session for progress in self._open.values()]
        own = [one for one in others if (one.user_id, one.device_id) == (session.user_id, session.device_id)]
        chunks = sum(one.chunk_count for one in others) + session.chunk_count
        if len(own) < MOST_OPEN_PER_DEVICE and len(others) < MOST_OPEN and chunks <= MOST_CHUNKS_OPEN:
            return
        mine = [one for one in own or others if one.user_id == session.user_id]
        idle = [one for one in mine if now_ms - one.touched_ms > IDLE_MS and not self._open[one.id].is_busy]
        if not idle:
            raise TooManySessions("too many uploads are open; complete or cancel some", retry_s=60)
        await self.forget([min(idle, key=lambda one: one.touched_ms).id])

    async def _reserve(self, progress: Progress) -> None:
        session = progress.session
        self._uploads.claim(session.size)
        progress.claimed = session.size
        with translated():
            part = self._part(session.id)
        try:
            if await self._ground.disk.run(part.allocate, session.size):
                self._uploads.release(session.size)
                progress.claimed = 0
        finally:
            part.close()

    def _part(self, session_id: str) -> PartFile:
        return PartFile(self._ground.root, session_id + SUFFIX)

    async def _drop(self, progress: Progress) -> None:
        """Free what a session holds on the disk and in memory."""
        progress.sealed = True
        progress.writers.clear()
        self._uploads.release(progress.claimed)
        progress.claimed = 0
        self._open.pop(progress.session.id, None)
        await self._ground.disk.run(self._ground.root.unlink, (*STAGING, progress.session.id + SUFFIX))

    async def get(self, user: User, session_id: str) -> UploadSession:
        """The session as it stands; raises NotFound, also when it is another user's."""
        return self._shown(await self._find(user, session_id))

    async def _find(self, user: User, session_id: str) -> Progress:
        progress = self._open.get(session_id)
        if progress is None:
            session = await sessions.by_id(self._ground.index, session_id)
            if session is None or session.stored is None:  # its row could not be removed when it was given up
                raise NotFound(_NONE)
            progress = _progress(session)  # a completed one: it needs nothing
        if progress.session.user_id != user.id:
            raise NotFound(_NONE)
        return progress

    @staticmethod
    def missing(session: UploadSession) -> list[tuple[int, int]]:
        """Ranges, first and last, of the chunks that are still to be sent."""
        return [] if session.stored is not None else Chunks(session.chunk_count, session.received).missing()

    def _shown(self, progress: Progress) -> UploadSession:
        return replace(progress.session, received=progress.received.to_bytes())

    async def cancel(self, user: User, session_id: str) -> None:
        """End it; its space is free. Raises NotFound."""
        await self._find(user, session_id)
        await self.forget([session_id])

    async def forget(self, session_ids: Sequence[str]) -> None:
        """Remove these, complete or not; one that is being completed, after that."""
        under_way = [self._open[one] for one in session_ids if one in self._open]
        async with self._ground.index.write(durable=False) as transaction:
            await sessions.remove(transaction, [one for one in session_ids if one not in self._open])
        for progress in under_way:
            async with progress.lock:
                try:
                    async with self._ground.index.write(durable=False) as transaction:
                        await sessions.remove(transaction, [progress.session.id])
                finally:
                    await self._drop(progress)

    async def forget_all_of(self, user: User) -> None:
        """The user is removed: so is all that was under way."""
        await self.forget([one for one, progress in self._open.items() if progress.session.user_id == user.id])

    async def expire(self, before_ms: int, before_up_s: int) -> int:
        """Remove those that nobody touched since, by the clock *and* by the hours the box was up; how many."""
        found = await sessions.expired(self._ground.index, before_ms, before_up_s)
        old = [one for one in found if one not in self._open or not self._open[one].is_busy]
        await self.forget(old)
        return len(old)

    # Chunks

    @asynccontextmanager
    async def chunk(self, user: User, session_id: str, index: int, length: int | None) -> AsyncIterator[ChunkWriter]:
        """Receive chunk *index*, announced as *length* bytes (None: not announced).

        Raises NotFound, BadRequest for a wrong index or length, Conflict when the upload is completed.
        """
        progress = await self._find(user, session_id)
        session = progress.session
        if session.stored is not None or progress.sealed:
            raise Conflict("this upload is completed already")
        if not 0 <= index < session.chunk_count:
            raise BadRequest(f"chunks are numbered from 0 to {session.chunk_count - 1}")
        if length is not None and length != session.length_of(index):
            raise wrong_size(index, session.length_of(index), length)
        async with self._uploads.slot():
            if progress.sealed:  # while this one waited for its turn
                raise Conflict("this upload was completed or cancelled")
            with translated():
                part = self._part(session_id)
            try:
                writer = ChunkWriter(progress, index, part, self._uploads)
                await self._take_over(progress, index, writer)
                yield writer
            finally:
                part.close()
                if progress.writers.get(index) is writer:
                    del progress.writers[index]
        if progress.unsaved >= SAVE_BYTES or time.monotonic() - progress.saved_at > SAVE_S:
            await self._save(progress)

    async def _take_over(self, progress: Progress, index: int, writer: ChunkWriter) -> None:
        """From now on *writer* writes this chunk, and nobody else; until it has, the chunk is not here."""
        before = progress.writers.get(index)
        progress.writers[index] = writer
        progress.received.discard(index)
        if before is not None:
            # Its last piece may still be on its way to the disk; whoever takes over from this one waits for that, too.
            async with writer.busy, before.busy:
                pass
        if progress.saved[index : index + 1] == b"\1":
            # The index must not say that it is here while half of it is overwritten.
            async with progress.lock:
                kept = bytearray(progress.saved)
                kept[index] = 0
                await self._note_received(progress, bytes(kept), durable=True)

    async def _save(self, progress: Progress) -> None:
        """Make what was received durable, then write down that it is."""
        async with progress.lock:
            if not progress.sealed and progress.unsaved:
                # Before the flush, so that whoever overwrites one of these meanwhile waits, and takes it back.
                before, progress.saved = progress.saved, progress.received.to_bytes()
                received = progress.saved
                progress.unsaved, progress.saved_at = 0, time.monotonic()
                try:
                    await self._ground.disk.run(self._flush, progress.session.id)
                except BaseException:
                    progress.lose(before)  # a second flush may succeed and have lost pages all the same
                    raise
                await self._note_received(progress, received)

    async def _note_received(self, progress: Progress, received: bytes, *, durable: bool = False) -> None:
        now_ms, uptime_s = self._now()
        async with self._ground.index.write(durable=durable) as transaction:
            await sessions.note_received(transaction, progress.session.id, received, now_ms, uptime_s)
        progress.saved = received
        progress.session = replace(progress.session, touched_ms=now_ms)

    def _flush(self, session_id: str) -> None:
        part = self._part(session_id)
        try:
            part.flush_content()
        finally:
            part.close()

    async def save_all(self) -> None:
        """The daemon ends in order: nothing that was received is forgotten."""
        for progress in list(self._open.values()):
            if progress.unsaved:
                await self._save(progress)

    # Completing

    async def complete(self, user: User, session_id: str, author: Author) -> UploadSession:
        """Publish the file; the completed session. Done again, it gives the same.

        Raises NotFound, ChunksMissing, BadRequest for a wrong hash, and what the disk answers.
        """
        progress = await self._find(user, session_id)
        async with progress.lock:
            # Cancelled while this waited, or published by one that could not say so any more?
            found = await self._row(session_id)
            if found.stored is None:
                progress.received.require_all()
                progress.sealed = True
                progress.writers.clear()  # whoever still sends is told at the next piece
                try:
                    await self._publish(user, progress, author)
                except BaseException:
                    progress.sealed = False
                    raise
                found = await self._row(session_id)
            progress.session = found
            await self._drop(progress)
            return found

    async def _row(self, session_id: str) -> UploadSession:
        found = await sessions.by_id(self._ground.index, session_id)
        if found is None:
            raise NotFound(_NONE)
        return found

    async def _publish(self, user: User, progress: Progress, author: Author) -> None:
        session = progress.session
        with translated():
            part = self._part(session.id)
        try:
            state = await self._ground.disk.run(part.finish, session.mtime_ms)
            self._believe(progress, state.size)
            progress.received.require_all()
            digest = await assembly.hash_whole(self._uploads, progress, part)
            if session.hash is not None and digest != session.hash:
                await assembly.find_damage(self._ground.disk, progress, part)
                raise BadRequest(
                    "the bytes that arrived are not those that were announced; cancel this upload and begin again",
                    code="hash_mismatch",
                )
            arrived = Arrived(part, digest, state)
            knowledge = Knowledge(session.base_hash, session.known_seq)
            await self._committer.carry_out(
                partial(
                    swap.put,
                    self._ground,
                    user,
                    TreePath.parse(session.path),
                    arrived,
                    knowledge,
                    author,
                    session_id=session.id,
                )
            )
        finally:
            part.close()
        await assembly.remember_blocks(self._ground, progress, digest)


_NONE = "there is no such upload; it may have expired, begin a new one"


def _progress(session: UploadSession) -> Progress:
    return Progress(session, Chunks(session.chunk_count, session.received), session.received)


def _chunk_size(asked: int, size: int) -> int:
    """What was asked for, in bounds, and large enough that there are not too many; raises TooLarge."""
    least = max(MIN_CHUNK, -(-size // MOST_CHUNKS))
    if least > MAX_CHUNK:
        raise TooLarge(f"a file has at most {MOST_CHUNKS} chunks of {MAX_CHUNK} bytes")
    return min(max(asked, least), MAX_CHUNK)
