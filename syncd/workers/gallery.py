"""Thumbnails, previews and metadata, by content: made once per hash, whoever has the file and wherever it moves.

The worker follows the feed, so it needs no queue that a crash could lose. A picture that is asked for before its turn
is made at once, by whoever asks first; the others wait for the same one.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

from syncd.core import changes, tree
from syncd.core.commit import Changes
from syncd.core.core import Core
from syncd.db import entries, media, meta
from syncd.db.media import Known
from syncd.disk import derived
from syncd.disk.derived import Variant
from syncd.errors import Busy, NotFound, SyncError
from syncd.media.sniff import SNIFF_BYTES, sniff
from syncd.model import Entry, MediaType, Reason, Trashed, User
from syncd.workers.media import MediaPool

log = logging.getLogger(__name__)

PAGE = 50
ON_DEMAND_S = 45  # a request waits this long for a picture that has to be made
WAITING = 2000  # requests that may wait for pictures; a phone asks for all of its thumbnails at once
KINDS = 1024  # remembered
POLL_S = 30  # looks again after this even when nothing called: an upload may have kept it waiting


class Gallery:
    """Pictures and facts of contents. `run` is the worker; the rest is asked by doors."""

    def __init__(self, core: Core, pool: MediaPool) -> None:
        self._core = core
        self._pool = pool
        self._making: dict[tuple[bytes, Variant], asyncio.Future[bytes | None]] = {}
        self._called = asyncio.Event()
        self._waiting = 0
        self._kinds: dict[bytes, MediaType | None] = {}
        core.listeners.append(self._wake)

    def _wake(self, changes: Changes) -> None:
        self._called.set()

    # What doors ask for

    async def thumbnail(self, user: User, found: Entry | Trashed) -> bytes | None:
        """A 250x250 PNG; None when the file has no picture. Raises NotFound, Busy."""
        return await self._picture(user, found, "png", self._make_thumbnail)

    async def preview(self, user: User, found: Entry | Trashed) -> bytes | None:
        """An upright JPEG of at most 1920 pixels a side; None when the file has no picture. Raises NotFound, Busy."""
        return await self._picture(user, found, "jpeg", self._make_preview)

    async def remake(self, user: User, entry: Entry) -> bool:
        """Make the thumbnail anew, whatever is there; False when there is none to be had."""
        return await self._shared(user, entry, "png", self._make_thumbnail) is not None

    def kind_of(self, opened: tree.OpenFile) -> MediaType | None:
        """What an open file is, by its first bytes; remembered, since a player asks for many ranges of one file."""
        if opened.hash is None:
            return media_type(opened.fd)
        if opened.hash not in self._kinds:
            if len(self._kinds) >= KINDS:
                self._kinds.clear()
            self._kinds[opened.hash] = media_type(opened.fd)
        return self._kinds[opened.hash]

    async def is_document(self, user: User, entry: Entry) -> bool:
        """Is it a picture of a paper? The configured classifier decides; if it fails, the heuristic."""
        program = self._core.config.mobisync.document_classifier
        known = await self._known(user, entry)
        if known is None or not known.mime.startswith("image/"):
            return False
        if program:
            with tree.opened(self._core, user, entry) as opened:
                opinion = await self._pool.classify(opened.fd, Path(program))
            if opinion is not None:
                return opinion
        return known.is_document

    # Making them

    async def _picture(
        self,
        user: User,
        found: Entry | Trashed,
        variant: Variant,
        make: Callable[[User, Entry | Trashed], Awaitable[bytes | None]],
    ) -> bytes | None:
        if found.hash is None:
            raise NotFound("there is no such file")
        with self._core.use() as mount:
            kept = derived.read(mount.root, found.hash, variant)
            if kept is not None:
                return kept
            known = await media.of(mount.index, found.hash)
        if known is not None and not known.has_picture:
            return None
        return await self._shared(user, found, variant, make)

    async def _shared(
        self,
        user: User,
        found: Entry | Trashed,
        variant: Variant,
        make: Callable[[User, Entry | Trashed], Awaitable[bytes | None]],
    ) -> bytes | None:
        """Make it once for all who ask at the same time, within a bound."""
        assert found.hash is not None
        key = (found.hash, variant)
        if self._waiting >= WAITING:
            raise Busy("too many pictures are asked for at the same time; try again", retry_s=10)
        self._waiting += 1
        try:
            making = self._making.get(key)
            if making is None:
                making = asyncio.ensure_future(make(user, found))
                self._making[key] = making
                making.add_done_callback(lambda done: self._made(key, done))
            async with asyncio.timeout(ON_DEMAND_S):
                return await asyncio.shield(making)
        except TimeoutError as exc:
            raise Busy("the picture is still being made; try again", retry_s=10) from exc
        finally:
            self._waiting -= 1

    def _made(self, key: tuple[bytes, Variant], done: asyncio.Future[bytes | None]) -> None:
        del self._making[key]
        if not done.cancelled() and (error := done.exception()) is not None:
            log.debug("no picture of %s: %s", key[0].hex(), error)

    async def _make_thumbnail(self, user: User, found: Entry | Trashed) -> bytes | None:
        """Look at the content: keep its facts and its thumbnail."""
        assert found.hash is not None
        with tree.opened(self._core, user, found) as opened:
            kind = media_type(opened.fd)
            if kind is None or opened.hash is None:
                return None
            seen = await self._pool.examine(opened.fd, kind)
            known = Known(found.hash, kind.mime, seen.thumbnail is not None, seen.note, seen.is_document, seen.metadata)
            if seen.thumbnail is not None:
                await self._core.disk.run(derived.write, opened.mount.root, found.hash, "png", seen.thumbnail)
            async with opened.mount.index.write(durable=False) as transaction:
                await media.keep(transaction, known, self._core.keeper.now_ms)
        return seen.thumbnail

    async def _make_preview(self, user: User, found: Entry | Trashed) -> bytes | None:
        assert found.hash is not None
        with tree.opened(self._core, user, found) as opened:
            kind = media_type(opened.fd)
            if kind is None or opened.hash is None:
                return None
            picture = await self._pool.preview(opened.fd, kind)
            if picture is not None:
                await self._core.disk.run(derived.write, opened.mount.root, found.hash, "jpeg", picture)
        return picture

    async def _known(self, user: User, entry: Entry) -> Known | None:
        """What is known of the content, looking at it if nobody has yet."""
        assert entry.hash is not None
        with self._core.use() as mount:
            known = await media.of(mount.index, entry.hash)
            if known is None:
                await self._shared(user, entry, "png", self._make_thumbnail)
                known = await media.of(mount.index, entry.hash)
        return known

    async def close(self) -> None:
        """Give up what is being made; who waits for it gets an error."""
        making = list(self._making.values())
        for one in making:
            one.cancel()
        await asyncio.gather(*making, return_exceptions=True)

    # The worker

    async def run(self) -> None:
        """Look at every new content, when no upload is under way."""
        while True:
            self._called.clear()
            try:
                while await self._advance():
                    pass
            except SyncError as exc:  # the disk went away, or is full: later
                log.debug("the gallery waits: %s", exc)
            try:
                async with asyncio.timeout(POLL_S):
                    await self._called.wait()
            except TimeoutError:
                continue

    async def _advance(self) -> bool:
        """Take the next page of the feed; False when there is nothing new."""
        owners = {user.id: user for user in await self._core.accounts.all()}
        with self._core.use() as mount:
            last = await meta.number(mount.index, "examined_seq")
            page = await entries.after(mount.index, last, PAGE)
        for entry in page:
            if entry.user_id in owners:
                await self._visit(owners[entry.user_id], entry)
        if not page:
            return False
        with self._core.use() as mount:
            async with mount.index.write(durable=False) as transaction:
                await meta.set_number(transaction, "examined_seq", page[-1].seq)
        return True

    async def _visit(self, user: User, entry: Entry) -> None:
        assert entry.hash is not None
        with self._core.use() as mount:
            if await media.of(mount.index, entry.hash) is not None:
                return  # a move, a restore or a duplicate
            uploads = mount.uploads
        await uploads.wait_quiet()
        try:
            await self._shared(user, entry, "png", self._make_thumbnail)
            if self._core.config.mobisync.documents_to_trash and await self.is_document(user, entry):
                await changes.discard(self._core, user, [entry.path], Reason.DOCUMENT, entry.device_id)
        except (NotFound, Busy) as exc:
            log.debug("%r was not looked at: %s", entry.path, exc)
        except SyncError:
            raise
        except Exception:  # one file must not stop the service, and again after each restart
            log.exception("%r was not looked at", entry.path)


def media_type(fd: int) -> MediaType | None:
    """What the first bytes of an open file say it is."""
    return sniff(os.pread(fd, SNIFF_BYTES, 0))
