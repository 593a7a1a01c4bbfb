"""The disk as a whole: how it is, whether its files are whole, what other programs did, a new index."""

from __future__ import annotations

from dataclasses import dataclass

from syncd import __version__
from syncd.core import reconcile, verify
from syncd.core.admin.bin import Amount
from syncd.core.admin.wish import Disk, Ground, Wish
from syncd.core.reconcile import Report
from syncd.core.verify import Findings
from syncd.db import entries, trash
from syncd.disk.volume import Room, VolumeState
from syncd.errors import VolumeUnavailable


@dataclass(frozen=True, slots=True)
class UserUsage:
    name: str
    folder: str
    files: int
    size: int  # bytes


@dataclass(frozen=True, slots=True)
class Holdings:
    """What the index says lies on the disk."""

    room: Room
    seq: int  # the newest change
    users: list[UserUsage]
    trash: Amount


@dataclass(frozen=True, slots=True)
class Status:
    """How the service is. `holdings` is None while the disk is not open, `daemon` while none runs."""

    version: str
    storage: str
    volume: VolumeState
    clock_trusted: bool
    clock_ms: int
    holdings: Holdings | None
    daemon: dict[str, object] | None


@dataclass(frozen=True, slots=True)
class ShowStatus(Wish[Status]):
    """How the service is now."""

    disk = Disk.IF_THERE

    async def grant(self, ground: Ground) -> Status:
        core = ground.core
        return Status(
            version=__version__,
            storage=str(core.config.storage.path),
            volume=await core.volume_state(),
            clock_trusted=core.keeper.is_trusted(),
            clock_ms=core.keeper.now_ms,
            holdings=await _holdings(ground),
            daemon=ground.daemon() if ground.daemon is not None else None,
        )


async def _holdings(ground: Ground) -> Holdings | None:
    users = []
    try:
        with ground.core.use() as mount:
            for user in await ground.core.accounts.all():
                users.append(UserUsage(user.name, user.home, *await entries.usage(mount.index, user.id)))
            return Holdings(
                await ground.core.disk.run(mount.volume.room),
                await entries.newest(mount.index),
                users,
                Amount(*await trash.count(mount.index)),
            )
    except VolumeUnavailable:
        return None


@dataclass(frozen=True, slots=True)
class CheckFiles(Wish[Findings]):
    """Re-read every file and compare it with what was promised."""

    disk = Disk.NEEDED
    is_long = True
    ends_with_caller = True

    async def grant(self, ground: Ground) -> Findings:
        return await verify.check(ground.core, ground.progress)


@dataclass(frozen=True, slots=True)
class ScanTrees(Wish[Report]):
    """Take note of what other programs did to the files."""

    confirm_deletions: bool = False

    disk = Disk.NEEDED
    is_long = True
    ends_with_caller = True

    async def grant(self, ground: Ground) -> Report:
        return await reconcile.scan(ground.core, confirm_deletions=self.confirm_deletions, progress=ground.progress)


@dataclass(frozen=True, slots=True)
class RebuildIndex(Wish[Report]):
    """Set the index aside and make a new one from the files."""

    is_long = True

    async def grant(self, ground: Ground) -> Report:
        ground.progress("setting the old index aside")
        await ground.core.begin_index_anew()
        return await reconcile.scan(ground.core, progress=ground.progress)
