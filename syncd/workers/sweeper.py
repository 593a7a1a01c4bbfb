"""What time brings: the trash ends, the clock is remembered, and in `balanced` what was written becomes durable."""

from __future__ import annotations

import asyncio
import logging

from syncd.core import trash
from syncd.core.core import Core
from syncd.errors import SyncError

log = logging.getLogger(__name__)

HOUR_S = 3600
DURABLE_S = 5  # in `balanced`, a power cut may undo at most this much


class Sweeper:
    """The worker for everything that is due now and then."""

    def __init__(self, core: Core) -> None:
        self._core = core

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
            try:
                erased = await trash.purge(self._core)
            except SyncError as exc:
                log.info("the trash was not purged: %s", exc)
                continue
            if erased:
                log.info("%d files in the trash were past [trash] keep_days and are removed", erased)

    async def _make_durable(self) -> None:
        while True:
            await asyncio.sleep(DURABLE_S)
            try:
                with self._core.use() as mount:
                    await mount.make_durable()
            except SyncError as exc:
                log.debug("not made durable: %s", exc)
