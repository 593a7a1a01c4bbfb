"""What lies in the trash: looked at, brought back, removed for good."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from syncd.clock import DAY_MS
from syncd.core import changes, trash
from syncd.core.admin.people import user_called
from syncd.core.admin.wish import Disk, Ground, Wish
from syncd.core.core import Core
from syncd.db import trash as rows
from syncd.errors import Conflict
from syncd.model import Reason, Trashed

PAGE = 500


@dataclass(frozen=True, slots=True)
class Discarded:
    """One file in the trash."""

    id: int
    user: str
    original: str  # the path it had
    size: int  # bytes
    reason: Reason
    trashed_ms: int


@dataclass(frozen=True, slots=True)
class TrashPage(Wish[list[Discarded]]):
    """The next files in the trash beyond number *after*, of one user or of all; none when that was all."""

    user: str | None = None
    after: int = 0

    disk = Disk.NEEDED

    async def grant(self, ground: Ground) -> list[Discarded]:
        owner = await user_called(ground.core, self.user) if self.user is not None else None
        names = {user.id: user.name for user in await ground.core.accounts.all()}
        with ground.core.use() as mount:
            page = await rows.page(mount.index, owner.id if owner else None, self.after, PAGE)
        return [
            Discarded(one.id, names.get(one.user_id, "?"), one.original, one.size, one.reason, one.trashed_ms)
            for one in page
        ]


@dataclass(frozen=True, slots=True)
class Amount:
    files: int = 0
    size: int = 0  # bytes


@dataclass(frozen=True, slots=True)
class SizeOfTrash(Wish[Amount]):
    """How much EmptyTrash would remove."""

    user: str | None = None
    older_than_days: int | None = None

    disk = Disk.NEEDED

    async def grant(self, ground: Ground) -> Amount:
        files = size = 0
        async for page in _chosen(ground.core, self.user, self.older_than_days):
            files += len(page)
            size += sum(one.size for one in page)
        return Amount(files, size)


@dataclass(frozen=True, slots=True)
class EmptyTrash(Wish[Amount]):
    """Remove for good: all, one user's, or what has lain there for some days."""

    user: str | None = None
    older_than_days: int | None = None

    disk = Disk.NEEDED

    async def grant(self, ground: Ground) -> Amount:
        files = size = 0
        async for page in _chosen(ground.core, self.user, self.older_than_days):
            files += await trash.erase(ground.core, page)
            size += sum(one.size for one in page)
            ground.progress(f"{files} files removed")
        return Amount(files, size)


async def _chosen(core: Core, name: str | None, older_than_days: int | None) -> AsyncIterator[list[Trashed]]:
    """What is meant, page by page; raises Conflict when it depends on a clock that may be wrong."""
    owner = await user_called(core, name) if name is not None else None
    if older_than_days is not None and not core.keeper.is_trusted():
        raise Conflict("the clock of this box may be wrong, so no age is certain; set it, or leave out --older-than")
    before_ms = core.keeper.now_ms - older_than_days * DAY_MS if older_than_days is not None else None
    async for page in trash.pages(core, owner):
        yield [one for one in page if before_ms is None or one.trashed_ms <= before_ms]


@dataclass(frozen=True, slots=True)
class RestoreTrashed(Wish[int]):
    """Bring files back, by their numbers in the trash; none when one of the numbers is wrong."""

    ids: tuple[int, ...]

    disk = Disk.NEEDED

    async def grant(self, ground: Ground) -> int:
        core = ground.core
        lying = [await trash.find(core, one) for one in dict.fromkeys(self.ids)]
        owners = {user.id: user for user in await core.accounts.all()}
        restored = 0
        for user_id in dict.fromkeys(one.user_id for one in lying):
            if user_id not in owners:
                raise Conflict("the user of that file was removed; its folder on the disk still holds it")
            places = [one.place for one in lying if one.user_id == user_id]
            restored += await changes.restore(core, owners[user_id], places)
        return restored
