"""What can be brought back, and when it ends.

A file ends in the trash only when it is old by the wall clock *and* the box was up for that long, and never while the
clock is not trusted: a box that believes in 2036 for an hour must not empty everybody's trash.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from syncd.clock import DAY_MS
from syncd.core import changes
from syncd.core.core import Core
from syncd.db import trash
from syncd.errors import NotFound
from syncd.model import Trashed, User

PAGE = 500
PURGE_SHARE = 20  # at most one in so many per run, so that a mistake is noticed in time
PURGE_LEAST = 100


async def pages(core: Core, user: User | None = None) -> AsyncIterator[list[Trashed]]:
    """Everything in the trash of one user, or of all, oldest first."""
    last = 0
    while True:
        with core.use() as mount:
            found = await trash.page(mount.index, user.id if user else None, last, PAGE)
        if not found:
            return
        last = found[-1].id
        yield found


async def find(core: Core, trash_id: int) -> Trashed:
    """By its number; raises NotFound."""
    with core.use() as mount:
        found = await trash.by_id(mount.index, trash_id)
    if found is None:
        raise NotFound(f"there is no number {trash_id} in the trash")
    return found


async def page(core: Core, user: User, after_id: int, limit: int) -> list[Trashed]:
    """The next files in the trash of one user beyond *after_id*, oldest first."""
    with core.use() as mount:
        return await trash.page(mount.index, user.id, after_id, limit)


async def places_in(core: Core, user: User, folder: str) -> list[str]:
    """Where the files directly in *folder* of the trash lie."""
    with core.use() as mount:
        return await trash.in_folder(mount.index, user.id, folder)


async def places_below(core: Core, user: User, folder: str) -> list[str]:
    """Where the files at any depth below *folder* of the trash lie."""
    with core.use() as mount:
        return await trash.below(mount.index, user.id, folder)


async def tops(core: Core, user: User) -> list[str]:
    """The top folders of a user's trash: for a phone, its devices."""
    with core.use() as mount:
        return await trash.tops(mount.index, user.id)


async def purge(core: Core) -> int:
    """Remove what has lain longer than `[trash] keep_days`; how many files."""
    keep_days = core.config.trash.keep_days
    if not keep_days or not core.keeper.is_trusted():
        return 0
    now_ms, uptime_s = core.keeper.now()
    with core.use() as mount:
        files, _ = await trash.count(mount.index)
        most = max(PURGE_LEAST, files // PURGE_SHARE)
        old = await trash.expired(mount.index, now_ms - keep_days * DAY_MS, uptime_s - keep_days * 86_400, most)
    return await erase(core, old)


async def erase(core: Core, lying: list[Trashed]) -> int:
    """Remove these files for good, whosever they are; how many."""
    owners = {user.id: user for user in await core.accounts.all()}
    erased = 0
    for user_id in {one.user_id for one in lying} & owners.keys():
        erased += await changes.erase(core, owners[user_id], [one for one in lying if one.user_id == user_id])
    return erased
