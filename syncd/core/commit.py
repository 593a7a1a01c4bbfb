"""The one door through which a tree changes.

Whatever wants a change (an upload, the trash, a scan) hands in a plan. Plans that wait together are carried out as one
group, so that hundreds of small files share three flushes:

    content durable -> intents -> renames -> folders durable -> index COMMIT -> the disk is still there -> answer

Killed in between, the intents say at the next start which renames to finish. A group that cannot be written down is
undone. Nothing is acknowledged before its COMMIT.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from syncd.core.emptied import with_emptied
from syncd.core.plans import IN_THE_WAY, Ground, Plan, Stored
from syncd.core.uploads import Uploads
from syncd.db import meta
from syncd.db.records import Change, FolderChange, Place, Step, apply, seqs
from syncd.disk import kernel
from syncd.disk.batch import Batch
from syncd.disk.faults import translate, translated
from syncd.disk.root import Root
from syncd.disk.staging import STAGING, Staged
from syncd.disk.volume import Volume
from syncd.errors import Conflict, StorageFailed, SyncError

log = logging.getLogger(__name__)

GROUP_PLANS = 64
GROUP_WAIT_S = 0.025  # how long a group waits for company at most
SINGLE_FLUSHES = 4  # up to this many files are flushed one by one, more with one syncfs

Changes = Sequence[tuple[int, Change]]


@dataclass(frozen=True, slots=True)
class Done:
    """What a plan came to: the changes with their seqs (none: nothing had to change)."""

    changes: Changes
    moved: int  # files that were renamed or removed
    stored: Stored | None = None

    @property
    def seq(self) -> int:
        """The newest of the changes or, when nothing had to change, of what was there already."""
        if self.changes:
            return self.changes[-1][0]
        return self.stored.seq if self.stored is not None else 0


@dataclass(slots=True, eq=False)
class _Ticket:
    make: Callable[[], Awaitable[Plan]]
    durable: bool
    result: asyncio.Future[Done]
    plan: Plan = field(default_factory=Plan)


class Committer:
    """Carries out plans, in groups, one group at a time; those that come meanwhile are the next group."""

    def __init__(
        self,
        ground: Ground,
        volume: Volume,
        uploads: Uploads,
        *,
        reserve: Callable[[int], Awaitable[None]],
        now: Callable[[], tuple[int, int]],
        always_durable: bool,
        on_commit: Callable[[Changes], None],
    ) -> None:
        """*reserve(count)* makes sure of that many seqs; *now()* gives Unix ms and seconds of uptime."""
        self._ground = ground
        self._volume = volume
        self._uploads = uploads
        self._reserve = reserve
        self._now = now
        self._always_durable = always_durable
        self._on_commit = on_commit
        self._waiting: list[_Ticket] = []
        self._grown = asyncio.Event()
        self._working: asyncio.Task[None] | None = None
        self._void: list[int] = []  # intents that were taken back and stand written all the same
        self._crowd = 0  # how many were about when the last group was done, and when that was
        self._crowd_seen = 0.0

    async def carry_out(self, make: Callable[[], Awaitable[Plan]], *, durable: bool = True) -> Done:
        """Have the plan that *make* returns carried out; raises what the plan or the disk refused with.

        *durable* False lets `[storage] durability = balanced` leave out the flushes.
        """
        ticket = _Ticket(make, durable or self._always_durable, asyncio.get_running_loop().create_future())
        # A refusal that nobody waits for any more is no error of ours.
        ticket.result.add_done_callback(lambda done: done.cancelled() or done.exception())
        self._waiting.append(ticket)
        self._grown.set()
        if self._working is None:
            self._working = asyncio.create_task(self._work())
        try:
            # Shielded: who is cancelled must not tear a group that holds other people's files ...
            return await asyncio.shield(ticket.result)
        except asyncio.CancelledError:
            # ... nor take away a staged file that the group is about to flush and rename, cancelled again or not.
            while not ticket.result.done():
                with suppress(asyncio.CancelledError):
                    await asyncio.wait((ticket.result,))
            raise

    async def settled(self) -> None:
        """Return when what was begun before is done."""
        await self.carry_out(_nothing)

    async def _work(self) -> None:
        """Carry out groups until nobody waits; ends, so that an idle daemon has no task for it."""
        try:
            while self._waiting:
                await self._await_company()
                await self._run_group()
        finally:
            self._working = None

    async def close(self) -> None:
        """Return when no group is under way; what was taken back is not done at the next start."""
        if self._working is not None:
            await asyncio.wait((self._working,))
        if self._void:
            await self._withdraw(list(self._void))

    async def _await_company(self) -> None:
        """A moment more makes the group larger and its flushes cheaper, when company can be expected:

        small uploads that are arriving, and those who were answered together just now and mostly have more to send.
        A single phone, which sends one after the other, never waits.
        """
        crowd = self._crowd if time.monotonic() - self._crowd_seen < GROUP_WAIT_S else 0
        wanted = min(GROUP_PLANS, max(len(self._waiting) + self._uploads.arriving, crowd))
        try:
            async with asyncio.timeout(GROUP_WAIT_S):
                while len(self._waiting) < wanted:
                    self._grown.clear()
                    await self._grown.wait()
        except TimeoutError:
            return

    async def _run_group(self) -> None:
        group = await self._gather()
        busy = [ticket for ticket in group if ticket.plan.steps]
        try:
            changes = await self._commit(busy) if busy else []
        except SyncError as exc:
            if isinstance(exc, StorageFailed):
                self._volume.suspect()
            log.warning("a group of %d changes failed: %s", len(busy), exc)
            _fail(group, exc)
            return
        except BaseException as exc:
            log.exception("a group of %d changes failed", len(busy))
            _fail(group, exc if isinstance(exc, Exception) else SyncError())
            if not isinstance(exc, Exception):
                raise
            return
        finally:
            about = len(group) + len(self._waiting) + self._uploads.arriving
            self._crowd, self._crowd_seen = about if len(group) > 1 else 0, time.monotonic()
        _settle(group, changes)
        if changes:
            self._on_commit(changes)

    async def _gather(self) -> list[_Ticket]:
        """Plan what waits, in order, up to the first that touches what an earlier one of the group touches."""
        group: list[_Ticket] = []
        touched: set[Place] = set()
        while self._waiting and len(group) < GROUP_PLANS:
            ticket = self._waiting.pop(0)
            try:
                ticket.plan = await with_emptied(self._ground, await ticket.make())
            except SyncError as exc:
                ticket.result.set_exception(exc)
                continue
            except Exception as exc:  # a plan that dies of a mistake of ours must not leave the others waiting for ever
                log.exception("a plan failed")
                ticket.result.set_exception(exc)
                continue
            if touched & ticket.plan.touched or (ticket.plan.is_alone and group):
                self._waiting.insert(0, ticket)
                break
            touched |= ticket.plan.touched
            group.append(ticket)
            if ticket.plan.is_alone:
                break
        return group

    async def _commit(self, group: list[_Ticket]) -> Changes:
        ground = self._ground
        durable = any(ticket.durable for ticket in group)
        staged = [ticket.plan.staged for ticket in group if ticket.plan.staged]
        if durable:
            await ground.disk.run(_flush, staged)
        steps = [step for ticket in group for step in ticket.plan.steps]
        await self._reserve(sum(seqs(record) for step in steps for record in step.records))
        intents = await self._intend(steps)
        try:
            refused, made = await ground.disk.run(_rename_all, ground.root, group, durable)
        except BaseException:
            await self._withdraw(intents)
            raise
        kept = [ticket for ticket in group if all(ticket is not one for one, _ in refused)]
        kept_steps = [step for ticket in kept for step in ticket.plan.steps]
        try:
            changes = await self._record(kept_steps, intents, durable)
        except BaseException:
            await ground.disk.run(_undo_all, ground.root, kept_steps, made)
            await self._withdraw(intents)
            raise
        finally:  # not before their intents are forgotten: else a start might do what was refused
            for ticket, error in refused:
                ticket.result.set_exception(error)
        for ticket in kept:
            if ticket.plan.staged:
                ticket.plan.staged.published = True
        # By path: after a lazy unmount all of the above went to a disk that nobody will see again.
        try:
            with translated():
                self._volume.require_present()
        except SyncError:
            self._on_commit(changes)  # refused, and in the index all the same: nobody may go by what was before
            raise
        return changes

    async def _intend(self, steps: Sequence[Step]) -> list[int]:
        moving = [step for step in steps if step.source or step.target or (step.emptied and step.records)]
        if not moving:
            return []
        # A plain rename has to survive a killed process only: after a power cut the scan finds the same. But of one
        # that replaces, a power cut may leave the old file in staging, and nobody else would know that it is no rest;
        # and a folder that moved would look like a library that was deleted and another that came.
        durable = any(
            step.aside is not None or any(isinstance(record, FolderChange) for record in step.records)
            for step in moving
        )
        return await self._ground.index.transact(partial(meta.intend, steps=moving), durable=durable)

    async def _withdraw(self, intents: list[int]) -> None:
        """The renames were taken back. If even this cannot be written, it is with the next commit."""
        try:
            await self._ground.index.transact(partial(meta.fulfil, intents=intents), durable=False)
        except SyncError as exc:
            log.warning("intents stay until the next commit: %s", exc)
            self._void += intents

    async def _record(self, steps: Sequence[Step], intents: list[int], durable: bool) -> Changes:
        now_ms, uptime_s = self._now()
        records = [record for step in steps for record in step.records]

        def work(connection: sqlite3.Connection) -> Changes:
            changes = apply(connection, records, now_ms=now_ms, uptime_s=uptime_s)
            meta.fulfil(connection, [*intents, *self._void])
            return changes

        changes = await self._ground.index.transact(work, durable=durable)
        self._void.clear()
        return changes


async def _nothing() -> Plan:
    return Plan()


def _fail(group: Sequence[_Ticket], exc: BaseException) -> None:
    for ticket in group:
        if not ticket.result.done():
            ticket.result.set_exception(exc)


def _settle(group: Sequence[_Ticket], changes: Changes) -> None:
    """Give each ticket of a group its own changes."""
    by_record = {id(record): (seq, record) for seq, record in changes}
    for ticket in group:
        if not ticket.result.done():
            records = [record for step in ticket.plan.steps for record in step.records]
            own = [by_record[id(one)] for one in records if id(one) in by_record]
            moved = sum(step.source is not None for step in ticket.plan.steps)
            ticket.result.set_result(Done(own, moved, ticket.plan.stored))


def _flush(staged: Sequence[Staged]) -> None:
    """Make the content of *staged* durable."""
    if len(staged) > SINGLE_FLUSHES and kernel.SYNCFS_REPORTS_ERRORS:
        staged[0].flush_everything()
    else:
        for one in staged:
            one.flush()


def _rename_all(
    root: Root, group: Sequence[_Ticket], durable: bool
) -> tuple[list[tuple[_Ticket, SyncError]], list[Place]]:
    """Carry out the renames; a ticket whose step is refused is undone and returned with the reason.

    Also the folders that were made on the way.
    """
    refused: list[tuple[_Ticket, SyncError]] = []
    carried: list[Step] = []
    with Batch(root) as batch:
        for ticket in group:
            done: list[Step] = []
            try:
                for step in ticket.plan.steps:
                    carry(batch, step)
                    done.append(step)
            except OSError as exc:
                _undo(batch, done, tuple(batch.made))
                refused.append((ticket, _refusal(exc)))
            else:
                carried += done
        try:
            if durable:
                batch.flush()
        except OSError:
            _undo(batch, carried, tuple(batch.made))
            raise
        return refused, batch.made


def _refusal(exc: OSError) -> SyncError:
    if isinstance(exc, NotADirectoryError):
        return Conflict(IN_THE_WAY)
    return translate(exc)


def carry(batch: Batch, step: Step) -> None:
    """Do what *step* does on the disk, if anything."""
    if step.source is None:
        if step.target is not None:
            batch.make_folder(step.target)
    elif step.target is None:
        batch.unlink(step.source)
    elif step.aside is not None:
        batch.replace(step.source, step.target, step.aside)
    else:
        batch.rename(step.source, step.target, note_source=step.source[:-1] != STAGING)
    batch.remove_emptied(step.emptied)


def _undo_all(root: Root, steps: Sequence[Step], made: Sequence[Place]) -> None:
    with Batch(root) as batch:
        _undo(batch, steps, made)


def _undo(batch: Batch, steps: Sequence[Step], made: Sequence[Place]) -> None:
    """Take renames back, last first, and the folders made for them. The next scan finds what cannot be taken back."""
    for step in reversed(steps):
        try:
            _take_back(batch, step)
        except OSError:
            log.exception("could not undo a rename; the next scan will find the file")
    batch.remove_made(made)


def _take_back(batch: Batch, step: Step) -> None:
    if step.target is None:
        if step.source is None:
            batch.make_again(step.emptied)
    elif step.source is None:
        batch.remove_emptied((step.target,))
    elif step.aside is not None:
        batch.take_back(step.source, step.target, step.aside)
    else:
        batch.rename(step.target, step.source)
