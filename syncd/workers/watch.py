"""Looks after the disk: opens the volume when it comes, closes it when it goes, and scans what changed meanwhile."""

from __future__ import annotations

import asyncio
import logging

from syncd.core import reconcile
from syncd.core.core import Core
from syncd.disk.volume import VolumeState
from syncd.errors import IndexBroken, SyncError

log = logging.getLogger(__name__)

LOOK_S = 1.0
RETRY_S = 5.0


class Watch:
    """The worker for the one volume."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._state = VolumeState.ABSENT
        self._scan_wanted = asyncio.Event()
        self.last_scan: reconcile.Report | None = None

    async def run(self) -> None:
        """Look at the disk each second; the scans run beside it."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._look())
            group.create_task(self._scan())

    async def _look(self) -> None:
        while True:
            if self._core.is_mounted:
                await self._leave_if_gone()
            else:
                await self._mount_if_there()
            await asyncio.sleep(LOOK_S)

    async def _leave_if_gone(self) -> None:
        state = await self._core.volume_state()
        if state is not self._state:
            log.log(logging.INFO if state is VolumeState.OK else logging.ERROR, "the volume is now: %s", state)
            self._state = state
        if state is VolumeState.ABSENT:
            await self._core.unmount()

    async def _mount_if_there(self) -> None:
        if not await self._core.disk.run(self._core.volume.is_present):
            return
        try:
            await self._core.mount()
        except IndexBroken:
            raise
        except SyncError as exc:
            log.error("the volume cannot be opened: %s", exc)
            await asyncio.sleep(RETRY_S)
            return
        self.mounted()

    def mounted(self) -> None:
        """The volume was opened: whatever happened to it while nobody looked is found by a scan."""
        self._state = VolumeState.OK
        self._scan_wanted.set()

    async def _scan(self) -> None:
        while True:
            await self._scan_wanted.wait()
            self._scan_wanted.clear()
            try:
                self.last_scan = await reconcile.scan(self._core)
            except SyncError as exc:
                log.warning("the scan ended early and recorded no deletion: %s", exc)
                continue
            except Exception:  # what lies on the disk must not stop the service, and again after each restart
                log.exception("the scan failed")
                continue
            for name in self.last_scan.skipped_names:
                log.warning("not synced: %s", name)
            log.info("scan: %s", summary(self.last_scan))


def summary(report: reconcile.Report) -> str:
    """One line for a person."""
    told = f"{report.files} files, {report.new} new, {report.changed} changed, {report.gone} gone"
    return told + (f", {report.held} deletions held back" if report.held else "")
