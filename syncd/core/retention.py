"""What the index need not remember any longer: uploads that were given up, deletions that every device knows of.

As with the trash, nothing ends while the clock is not trusted, and an upload only when the box was up for as long.
"""

from __future__ import annotations

from syncd.clock import DAY_MS
from syncd.core.core import Core
from syncd.core.lifetime import when_over
from syncd.core.mount import Mount
from syncd.db import blocks, conflicts, cursors, entries, moments
from syncd.model import User

BATCH = 5000  # rows in one transaction: others want to write, too
MAPS = 200
ENDED_DAYS = 30
HOUR_S = 3600


async def end_uploads(core: Core) -> int:
    """Free what uploads hold that nobody touched for `[uploads] session_hours`; how many."""
    if not core.keeper.is_trusted():
        return 0
    now_ms, uptime_s = core.keeper.now()
    kept_s = core.config.uploads.session_hours * HOUR_S
    with core.use() as mount:
        return await mount.sessions.expire(now_ms - kept_s * 1000, uptime_s - kept_s)


async def forget_deletions(core: Core) -> int:
    """Drop tombstones older than `[sync] tombstone_days` that every enabled device acknowledged; how many."""
    if not core.keeper.is_trusted():
        return 0
    before_ms = core.keeper.now_ms - core.config.sync.tombstone_days * DAY_MS
    forgotten = 0
    for user in await core.accounts.all():
        with core.use() as mount:
            up_to = await _known_to_all(core, mount, user)
            while True:
                async with mount.index.write() as transaction:
                    gone = await cursors.forget_deletions(transaction, user.id, up_to, before_ms, BATCH)
                forgotten += gone
                if gone < BATCH:
                    break
    return forgotten


async def _known_to_all(core: Core, mount: Mount, user: User) -> int:
    """The seq up to which every enabled device has applied the feed; one that never said so begins at 0 anyway."""
    said = await cursors.of_user(mount.index, user.id)
    known = [said[one.id].seq for one in await core.accounts.devices(user) if one.enabled and one.id in said]
    return min(known, default=await entries.newest(mount.index))


async def end_log_ins(core: Core) -> None:
    """Drop what is kept of SyncFile's log-ins that are over."""
    await core.authids.forget_ended()


async def end_links(core: Core) -> None:
    """Drop what is kept of short links that are over."""
    with core.use() as mount:
        async with mount.index.write(durable=False) as transaction:
            await moments.drop_over(transaction, "links", when_over(core.keeper.moment()))


async def forget_conflicts(core: Core) -> None:
    """Drop what was resolved long ago: whoever asks again for the answer to an upload has done so by then."""
    if not core.keeper.is_trusted():
        return
    with core.use() as mount:
        async with mount.index.write(durable=False) as transaction:
            await conflicts.forget_ended(transaction, core.keeper.now_ms - ENDED_DAYS * DAY_MS)


async def forget_block_maps(core: Core) -> None:
    """Drop maps of contents that no tree has any more."""
    with core.use() as mount:
        async with mount.index.write(durable=False) as transaction:
            await blocks.forget_unused(transaction, MAPS)
