"""What time brings: the trash ends, what is no longer needed is forgotten, the clock is remembered, and in `balanced`
what was written becomes durable."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from syncd.core import retention, trash
from syncd.core.core import Core
from syncd.core.feed import Feed
from syncd.errors import SyncError

log = logging.getLogger(__name__)

HOUR_S = 3600
DURABLE_S = 5  # in `balanced`, a power cut may undo at most this much

CHORES: tuple[tuple[Callable[[Core], Awaitable[int | None]], str], ...] = (
    (trash.purge, "%d files in the trash were past [trash] keep_days and are removed"),
    (retention.end_uploads, "%d uploads were not resumed within [uploads] session_hours; their room is free"),
    (retention.forget_deletions, "%d deletions are past [sync] tombstone_days and known to all; they are forgotten"),
    (retention.end_log_ins, ""),
    (retention.end_links, ""),
    (retention.forget_conflicts, ""),
    (retention.forget_block_maps, ""),
)


class Sweeper:
    """The worker for everything that is due now and then."""

    def __init__(self, core: Core, feed: Feed) -> None:
        self._core = core
        self._feed = feed

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._hourly())
            if self._core.config.storage.durability == "balanced":
                group.create_task(self._make_durable())

    async def _hourly(self) -> None:
        while True:
            await asyncio.sleep(HOUR_S)
            self._core.accounts.look_again()
            await self._core.keeper.save()
            for chore, said in CHORES:
                await self._do(chore, said)

    async def _do(self, chore: Callable[[Core], Awaitable[int | None]], said: str) -> None:
        try:
            done = await chore(self._core)
        except SyncError as exc:
            log.info("%s has to wait: %s", chore.__name__, exc)
            return
        if done:
            log.info(said, done)

    async def _make_durable(self) -> None:
        while True:
            await asyncio.sleep(DURABLE_S)
            try:
                with self._core.use() as mount:
                    await mount.make_durable()
            except SyncError as exc:
                log.debug("not made durable: %s", exc)
                continue
            self._feed.ring()
