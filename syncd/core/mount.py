"""Everything that lives on the disk, and so exists only while the disk is there.

Whoever works with it does so inside `use()`. Taking the mount down waits for them, then closes every descriptor, so
that the disk can be unmounted; a descriptor number must never be closed under somebody who still reads from it.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

from syncd.capacity import Capacity
from syncd.core.commit import Changes, Committer, carry
from syncd.core.plans import Ground
from syncd.core.sessions import SUFFIX, Sessions
from syncd.core.uploads import Uploads
from syncd.db import cursors, entries, meta, sessions
from syncd.db.database import Database, set_aside
from syncd.db.records import Place, Step, apply, seqs
from syncd.db.volumes import OPEN, Served
from syncd.disk import staging
from syncd.disk.batch import Batch
from syncd.disk.pool import DiskPool
from syncd.disk.root import FileState, Root
from syncd.disk.volume import SERVICE_DIR, Volume
from syncd.errors import BadName, Conflict, Forbidden, IndexDamaged, NotFound, SyncError, VolumeUnavailable

log = logging.getLogger(__name__)

INDEX = "index.db"
RESERVE_BLOCK = 10_000  # seqs reserved at a time in the accounts database
DRAIN_S = 5  # how long requests may finish when the disk goes away

Reserve = Callable[[int], Awaitable[None]]
Now = Callable[[], tuple[int, int]]


class Sequences:
    """The seqs that may be issued: reserved in blocks outside the disk, so that none is ever issued twice."""

    def __init__(self, reserved: int, newest: int, keep: Reserve) -> None:
        self._reserved = reserved
        self._newest = newest
        self._keep = keep

    async def make_room(self, count: int) -> None:
        """Make sure that the next *count* seqs are reserved."""
        self._newest += count
        if self._newest > self._reserved:
            wanted = self._newest + RESERVE_BLOCK
            await self._keep(wanted)
            self._reserved = wanted


class Use:
    """A `with` block that works with the mount. A class: on the way of every request, a generator costs too much."""

    __slots__ = ("_mount",)

    def __init__(self, mount: Mount) -> None:
        self._mount = mount

    def __enter__(self) -> Mount:
        return self._mount._enter()

    def __exit__(self, *_exc: object) -> None:
        self._mount._leave()


class Mount:
    """One volume, open: its root, its index, its uploads and its committer."""

    def __init__(self, volume: Volume, root: Root, index: Database, disk: DiskPool, slots: int) -> None:
        self.volume = volume
        self.root = root
        self.index = index
        self.disk = disk
        self.ground = Ground(root, index, disk)
        self.uploads = Uploads(root, disk, volume, slots)
        self.committer: Committer
        self.sessions: Sessions
        self.is_closing = False
        self.was_clean = True
        self.is_new = False
        self._users = 0
        self._is_late = False  # closed while somebody still used it: the last one closes the root
        self._unused = asyncio.Event()

    @classmethod
    async def open(
        cls,
        volume: Volume,
        disk: DiskPool,
        capacity: Capacity,
        *,
        served: Served,
        keep_reserved: Reserve,
        now: Now,
        always_durable: bool,
        on_commit: Callable[[Changes], None],
    ) -> Mount:
        """Open the volume and make it consistent; raises VolumeUnavailable, StorageFull or IndexBroken."""
        root = await disk.run(Root, str(volume.path))
        try:
            volume.attach(root.fd)
            await disk.run(volume.require_present)
            index = await _open_index(volume.path / SERVICE_DIR / INDEX, capacity.cache_kib)
        except BaseException:
            volume.detach()
            root.close()
            raise
        mount = cls(volume, root, index, disk, capacity.uploads)
        try:
            sequences = await mount._settle(served, keep_reserved, now)
            mount.committer = Committer(
                mount.ground,
                volume,
                mount.uploads,
                reserve=sequences.make_room,
                now=now,
                always_durable=always_durable,
                on_commit=on_commit,
            )
            mount.sessions = Sessions(mount.ground, mount.uploads, mount.committer, now)
            await mount.sessions.reopen()
        except BaseException:
            await index.close()
            volume.detach()
            root.close()
            raise
        return mount

    async def _settle(self, served: Served, keep_reserved: Reserve, now: Now) -> Sequences:
        """Finish what a crash interrupted, and see to it that no seq is issued twice."""
        newest = await entries.newest(self.index)
        self.is_new = newest == 0
        self.was_clean = self.is_new or await meta.number(self.index, "clean") == 1
        async with self.index.write() as transaction:
            if newest != served.last:
                # Not the index that was closed here last: a new one, one that a power cut threw back, or one
                # restored from a backup. It goes on above everything that may have been issued.
                # The first cursor it gives out is one that was never given out before, hence one more.
                begin = served.reserved + 1 if served.reserved else 0
                await entries.start_above(transaction, begin)
                if newest < begin:
                    await cursors.note_gap(transaction, newest, begin)
            await meta.set_number(transaction, "clean", 0)
        sequences = Sequences(served.reserved, await entries.newest(self.index), keep_reserved)
        await self._finish_intents(sequences, now)
        kept = frozenset(one.id + SUFFIX for one in await sessions.open_ones(self.index))
        await self.disk.run(staging.sweep, self.root, kept)
        return sequences

    async def _finish_intents(self, sequences: Sequences, now: Now) -> None:
        """Roll renames forward that were begun. Their content was durable before they were written down."""
        left = await meta.intents(self.index)
        if not left:
            return
        done = [step for _, step in left if await self._is_finished(step)]
        records = [one for step in done for one in step.records]
        await sequences.make_room(sum(map(seqs, records)))
        now_ms, uptime_s = now()

        def work(connection: sqlite3.Connection) -> None:
            apply(connection, records, now_ms=now_ms, uptime_s=uptime_s)
            meta.fulfil(connection, [number for number, _ in left])

        await self.index.transact(work)
        log.info("finished %d of %d changes that were cut off", len(done), len(left))

    async def _is_finished(self, step: Step) -> bool:
        """Carry *step* to its end; False when there is nothing to carry, or it would have been refused."""
        try:
            return await self.disk.run(_finish, self.root, step)
        except (Conflict, NotFound, BadName, Forbidden) as exc:
            log.warning("a change that was cut off cannot be finished: %s", exc)
            return False

    async def make_durable(self) -> None:
        """For `balanced`: everything committed so far survives a power cut once this returns."""
        newest = await entries.newest(self.index)
        if newest <= await meta.number(self.index, "durable_seq"):
            return
        await self.disk.run(self.root.flush_everything)
        async with self.index.write() as transaction:
            await meta.set_number(transaction, "durable_seq", newest)

    def use(self) -> Use:
        """Keep the mount from being taken down while a block works with it; entering raises VolumeUnavailable
        when that has begun."""
        return Use(self)

    def _enter(self) -> Mount:
        if self.is_closing:
            raise VolumeUnavailable("the disk is not there; connect it again")
        self._users += 1
        return self

    def _leave(self) -> None:
        self._users -= 1
        if not self._users:
            self._unused.set()
            if self._is_late:
                self._close_root()

    async def close(self) -> int:
        """Wait (bounded) for those who use it, then close every descriptor on the volume; the newest seq, or OPEN."""
        self.is_closing = True
        self.uploads.close()
        self._unused.clear()
        try:
            async with asyncio.timeout(DRAIN_S):
                while self._users:
                    await self._unused.wait()
        except TimeoutError:
            log.warning("%d requests still hold the volume", self._users)
        await self.committer.close()
        with suppress(SyncError):  # chunks that are forgotten are sent again
            await self.sessions.save_all()
        newest = await self._close_index()
        self.volume.detach()
        # A descriptor's number is given out again at once: it is not closed under somebody who still uses it.
        self._is_late = self._users > 0
        if not self._is_late:
            self._close_root()
        return newest

    def _close_root(self) -> None:
        self.uploads.release_folder()
        self.root.close()

    async def _close_index(self) -> int:
        try:
            await self.disk.run(self.volume.require_present)
            async with self.index.write() as transaction:
                # After a power cut, only a scan that came to its end makes it clean.
                await meta.set_number(transaction, "clean", int(self.was_clean))
            return await entries.newest(self.index)
        except SyncError as exc:  # the disk is gone, or full: then the next start checks what it finds
            log.warning("the index was not closed in order: %s", exc)
            return OPEN
        finally:
            await self.index.close()


async def _open_index(path: Path, cache_kib: int) -> Database:
    """The index, checked after an unclean stop; one that is damaged is set aside and begun anew."""
    try:
        index = await Database.open(path, "index", cache_kib)
    except IndexDamaged:
        return await _begin_anew(path, cache_kib)
    if await meta.number(index, "clean") == 1 or await index.quick_check():
        return index
    await index.close()
    return await _begin_anew(path, cache_kib)


async def _begin_anew(path: Path, cache_kib: int) -> Database:
    log.error("the index is damaged: it is kept as %s.damaged and built anew from the files", path.name)
    set_aside(path, "damaged")
    return await Database.open(path, "index", cache_kib)


def _finish(root: Root, step: Step) -> bool:
    """Carry what *step* does on the disk to its end; False when there is nothing left to carry."""
    if step.source is None or step.target is None:
        with Batch(root) as batch:
            if step.target is None or not root.is_folder(step.target):
                carry(batch, step)
        return True
    if step.aside is not None:
        return _finish_replacing(root, step.source, step.target, step.aside, step.inode)
    source_there = root.is_taken(step.source)
    if root.is_taken(step.target) == source_there:
        return False  # both: it never happened, and somebody else took the place
    with Batch(root) as batch:
        if source_there:
            carry(batch, step)
        else:
            batch.remove_emptied(step.emptied)
        batch.flush()
    return True


def _finish_replacing(root: Root, source: Place, target: Place, aside: Place, inode: int) -> bool:
    """As _finish, where something stood at the target. False: it never happened, or somebody else was there."""
    with Batch(root) as batch:
        match root.state(source), root.state(target):
            case None, FileState() as new:  # all was done, unless the new file never was here
                return new.inode == inode or root.is_taken(aside)
            case FileState(), None if root.is_taken(aside):  # without a swap: the old one was moved already
                batch.rename(source, target)
            case FileState(), FileState() as new if new.inode == inode:  # swapped
                batch.rename(source, aside)
            case FileState(), FileState():
                batch.replace(source, target, aside)
            case _:
                return False
        batch.flush()
    return True
