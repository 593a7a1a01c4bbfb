"""The change feed: everything after a cursor, in order, and a bell for those who wait for more.

A page is one query, so it is one moment of the tree: who applies every page up to one that says there is no more holds
the tree as it was at that page's cursor.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from syncd.core.commit import Changes
from syncd.core.conflicts import Knowledge
from syncd.core.core import Core
from syncd.core.mount import Mount
from syncd.db import cursors, entries, meta
from syncd.errors import BadRequest, Expired
from syncd.model import Cursor, Entry, User

PAGE = 500
PAGE_MOST = 1000


@dataclass(frozen=True, slots=True)
class Page:
    """Changes in the order of their seqs; *cursor* is what to ask with next."""

    changes: list[Entry]
    cursor: int
    has_more: bool


class Feed:
    """Reads the feed. One for the daemon; `close` lets all who wait go."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._bells: dict[int, asyncio.Event] = {}  # by user: rung and thrown away at the next change
        self._closed = False
        core.listeners.append(self._changed)

    def close(self) -> None:
        """The daemon ends: nobody waits any longer."""
        self._closed = True
        self.ring()

    def ring(self) -> None:
        """Everybody looks again."""
        for bell in self._bells.values():
            bell.set()
        self._bells.clear()

    def _changed(self, changes: Changes) -> None:
        for user_id in {record.user_id for _, record in changes}:
            if bell := self._bells.pop(user_id, None):
                bell.set()

    async def after(
        self, user: User, cursor: int, limit: int = PAGE, below: str = "", *, folders: bool = False
    ) -> Page:
        """The next *limit* changes beyond *cursor*, of the whole tree or of the folder *below*.

        Who does not ask for *folders* is told of a folder that was made what it is to files: nothing is there.
        Raises Expired for a cursor that means nothing (any more).
        """
        with self._core.use() as mount:
            newest, found, is_all = await entries.feed(
                mount.index, user.id, cursor, await self._last(mount), min(limit, PAGE_MOST), below
            )
            # Afterwards: what is forgotten while it is read must not be missing in silence.
            if cursor and not await cursors.means_something(mount.index, user.id, cursor):
                raise Expired(
                    "this cursor means nothing here any more; begin again with cursor 0 and compare",
                    code="cursor_expired",
                )
        return Page(found if folders else [_of_files(one) for one in found], newest, not is_all)

    async def _last(self, mount: Mount) -> int | None:
        """The newest seq that may be told. In `balanced`, what a power cut may still take back is not."""
        if self._core.config.storage.durability == "full":
            return None
        return await meta.number(mount.index, "durable_seq")

    async def wait(
        self, user: User, cursor: int, seconds: float, limit: int = PAGE, below: str = "", *, folders: bool = False
    ) -> Page:
        """As `after`, but when there is nothing newer, as soon as there is, or after *seconds*, empty."""
        deadline = asyncio.get_running_loop().time() + seconds
        while True:
            # The bell comes before the look, so that what happens in between is heard.
            bell = self._bells.setdefault(user.id, asyncio.Event())
            page = await self.after(user, cursor, limit, below, folders=folders)
            if page.changes or page.has_more or self._closed:
                return page
            try:
                async with asyncio.timeout_at(deadline):
                    await bell.wait()
            except TimeoutError:
                return page
            # Nothing below the folder asked for up to here: no need to read that part again.
            cursor = page.cursor

    @property
    def is_closed(self) -> bool:
        return self._closed

    async def acknowledge(self, user: User, device_id: str, cursor: int) -> None:
        """The device has applied everything up to *cursor*; raises BadRequest beyond the newest seq."""
        with self._core.use() as mount:
            if cursor > await entries.newest(mount.index):
                raise BadRequest("this cursor is beyond the newest change; send one that the feed gave you")
            async with mount.index.write(durable=False) as transaction:
                await cursors.acknowledge(transaction, device_id, user.id, cursor, self._core.keeper.now_ms)

    async def cursors(self, user: User) -> dict[str, Cursor]:
        """How far the user's devices are, by device."""
        with self._core.use() as mount:
            return await cursors.of_user(mount.index, user.id)

    async def knowledge(self, device_id: str | None, base: bytes | None) -> Knowledge:
        """What somebody knew who names the version *base*, or is a device that acknowledged some of the feed."""
        if base is not None or device_id is None:
            return Knowledge(base)
        with self._core.use() as mount:
            return Knowledge(cursor=await cursors.of_device(mount.index, device_id))


def _of_files(entry: Entry) -> Entry:
    """A folder, too, takes the place of the file that may have been there."""
    return replace(entry, live=False, moved_from=None) if entry.is_folder else entry
