"""What each kind of change does: the renames and the rows, decided just before they are carried out.

A plan is made by the committer while nothing else can change the tree, so what it looks up still holds when it is
carried out. Plans refuse by raising; a refused plan changes nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from syncd.core.conflicts import Verdict, decide
from syncd.core.names import candidates
from syncd.core.uploads import Arrived
from syncd.db import entries, trash
from syncd.db.database import Database
from syncd.db.records import Binned, Clashed, Gone, Live, Place, Record, Step, Unbinned
from syncd.disk.faults import translated
from syncd.disk.pool import DiskPool
from syncd.disk.root import FileState, Root
from syncd.disk.staging import Staged, hash_file
from syncd.errors import Conflict
from syncd.model import TRASH_DIR, Entry, Reason, Trashed, TreePath, User

IN_THE_WAY = "a file stands where a folder is needed; rename one of the two"


@dataclass(frozen=True, slots=True)
class Ground:
    """What a plan may look at."""

    root: Root
    index: Database
    disk: DiskPool
    mapping: asyncio.Lock = field(default_factory=asyncio.Lock)  # one large file is read for its block map at a time


@dataclass(frozen=True, slots=True)
class Stored:
    """Where an upload ended up, and why there."""

    path: TreePath
    verdict: Verdict
    seq: int = 0  # of what is there already, when nothing had to change
    clash: Clashed | None = None  # it is a conflicted copy


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps to carry out in order; `staged` must be durable before the first of them."""

    steps: tuple[Step, ...] = ()
    staged: Staged | None = None
    touched: frozenset[Place] = field(default_factory=frozenset)  # places another plan of the same group may not use
    stored: Stored | None = None
    is_alone: bool = False  # it touches so much that it is a group of its own


def tree_place(user: User, path: TreePath | str) -> Place:
    return (user.home, *(path.parts if isinstance(path, TreePath) else path.split("/")))


def trash_place(user: User, place: str) -> Place:
    return (user.home, TRASH_DIR, *place.split("/"))


async def store(ground: Ground, user: User, path: TreePath, upload: Arrived, device_id: str | None) -> Plan:
    """Publish *upload* at *path*, or beside it when the name is taken by other bytes.

    The same bytes under that name (or under one of its numbered neighbours) are there already: nothing is stored.
    """
    for name in candidates(path.name):
        target = path.renamed(name)
        standing = await look(ground, user, target, upload.state.size)
        match decide(standing.hash if standing else None, upload.digest, known=False):
            case Verdict.SAME:
                assert standing is not None
                return same(user, target, standing)
            case Verdict.FREE:
                return publish(user, target, upload, device_id)
    raise AssertionError("candidates() never ends")


def same(user: User, path: TreePath, standing: Standing, *records: Record) -> Plan:
    """What arrives is at *path* already; a file that the index does not know yet is taken note of."""
    if standing.entry is None:
        records = (live(user, path, standing.hash, standing.state), *records)
    steps = (Step(None, None, records),) if records else ()
    seq = standing.entry.seq if standing.entry is not None else 0
    return Plan(steps, touched=frozenset((tree_place(user, path),)), stored=Stored(path, Verdict.SAME, seq))


def publish(user: User, path: TreePath, upload: Arrived, device_id: str | None, *records: Record) -> Plan:
    """Rename *upload* to *path*, where nothing is."""
    place = tree_place(user, path)
    step = Step(upload.staged.place, place, (live(user, path, upload.digest, upload.state, device_id), *records))
    return Plan((step,), upload.staged, frozenset((place,)), Stored(path, Verdict.FREE))


def live(user: User, path: TreePath, digest: bytes, state: FileState, device_id: str | None = None) -> Live:
    """The row of a file that is at *path*."""
    return Live(user.id, str(path), digest, state.size, state.mtime_ns, device_id)


@dataclass(frozen=True, slots=True)
class Standing:
    """What is on the disk at a path; `hash` is b'' when it is certainly not what arrives."""

    hash: bytes
    state: FileState
    entry: Entry | None = None  # the index has it as it is

    @property
    def seq(self) -> int | None:
        return self.entry.seq if self.entry is not None else None


async def look(ground: Ground, user: User, path: TreePath, size: int) -> Standing | None:
    """What stands at *path*, as far as it can equal a file of *size* bytes; None when the place is free."""
    place = tree_place(user, path)
    # In the loop: one look at a folder that is about to be written, cheaper than a hop to a thread for each file.
    with translated():
        state = ground.root.look(place)
    if state is None:
        return None
    if not isinstance(state, FileState):
        return Standing(b"", FileState(0, 0, 0, 0))
    entry = await entries.at(ground.index, user.id, str(path))
    if entry is not None and is_current(entry, state):
        return Standing(entry.hash or b"", state, entry)
    if state.size != size or not await ground.disk.run(ground.root.has_exact_name, place):
        return Standing(b"", state)
    # Put there by another program and not scanned yet: only its bytes can tell whether it is the same.
    return Standing(await ground.disk.run(hash_file, ground.root, place), state)


def require_folders(ground: Ground, user: User, path: TreePath) -> None:
    """Raise Conflict when a file stands where *path* needs a folder."""
    place = tree_place(user, path)
    for depth in range(2, len(place)):
        with translated():
            state = ground.root.look(place[:depth])
        if state is None:
            return
        if isinstance(state, FileState):
            raise Conflict(IN_THE_WAY)


def is_current(entry: Entry, state: FileState) -> bool:
    """Is the file on the disk still the one the index knows?"""
    return entry.live and entry.size == state.size and entry.disk_mtime_ns == state.mtime_ns


async def store_in_trash(ground: Ground, user: User, path: TreePath, upload: Arrived, device_id: str | None) -> Plan:
    """Publish *upload* straight into the trash, as if it had stood at *path* and been deleted."""
    digest, state = upload.digest, upload.state
    known = await trash.at(ground.index, user.id, str(path))
    if known is not None and known.hash == digest:
        return Plan(stored=Stored(path, Verdict.SAME))
    place = await free_place(ground, trash_place(user, str(path)), frozenset())
    binned = Binned(
        user.id, below_trash(place), str(path), digest, state.size, state.mtime_ns, Reason.DELETED, device_id
    )
    stored = Stored(path, Verdict.FREE)
    return Plan((Step(upload.staged.place, place, (binned,)),), upload.staged, frozenset((place,)), stored)


async def discard(ground: Ground, user: User, paths: Sequence[str], reason: Reason, device_id: str | None) -> Plan:
    """Move the live files among *paths* to the trash; what is not there is skipped."""
    found = await entries.among(ground.index, user.id, paths)
    steps: list[Step] = []
    taken: set[Place] = set()
    for path in dict.fromkeys(paths):
        entry = found.get(path)
        if entry is None or await ground.disk.run(ground.root.state, tree_place(user, path)) is None:
            continue
        step = await to_trash(ground, user, entry, reason, device_id, taken)
        taken.update(place for place in (step.source, step.target) if place)
        steps.append(step)
    return Plan(tuple(steps), touched=frozenset(taken))


async def to_trash(
    ground: Ground, user: User, entry: Entry, reason: Reason, device_id: str | None, taken: Collection[Place] = ()
) -> Step:
    """The step that moves a live file to the trash, to none of the places *taken*."""
    place = await free_place(ground, trash_place(user, entry.path), taken)
    assert entry.hash is not None and entry.size is not None and entry.disk_mtime_ns is not None
    lying = Binned(
        user.id, below_trash(place), entry.path, entry.hash, entry.size, entry.disk_mtime_ns, reason, device_id
    )
    return Step(tree_place(user, entry.path), place, (Gone(user.id, entry.path, device_id), lying))


async def restore(ground: Ground, user: User, places: Sequence[str], device_id: str | None) -> Plan:
    """Bring the files among *places* of the trash back to where they were, or beside it when that is taken."""
    found = await trash.among(ground.index, user.id, places)
    steps: list[Step] = []
    taken: set[Place] = set()
    for lying in (found[one] for one in dict.fromkeys(places) if one in found):
        source = trash_place(user, lying.place)
        if await ground.disk.run(ground.root.state, source) is None:
            continue
        place = await free_place(ground, tree_place(user, lying.original), taken)
        taken.update((place, source))
        live = Live(user.id, "/".join(place[1:]), lying.hash, lying.size, lying.disk_mtime_ns, device_id)
        steps.append(Step(source, place, (live, Unbinned(lying.id))))
    return Plan(tuple(steps), touched=frozenset(taken))


async def erase(user: User, lying: Sequence[Trashed]) -> Plan:
    """Remove files of the trash for good."""
    steps = tuple(Step(trash_place(user, one.place), None, (Unbinned(one.id),)) for one in lying)
    return Plan(steps, touched=frozenset(step.source for step in steps if step.source))


async def free_place(ground: Ground, place: Place, taken: Collection[Place] = ()) -> Place:
    """*place*, or the first numbered neighbour that is free on the disk and in this plan.

    A folder of it whose name a file has gets a number, too: in the trash, the file A and a file of a folder A may meet.
    """
    for depth in range(2, len(place)):
        place = (*_past_file(ground, place[:depth], taken), *place[depth:])
    for name in candidates(place[-1]):
        one = (*place[:-1], name)
        if one not in taken and not await ground.disk.run(ground.root.is_taken, one):
            return one
    raise AssertionError("candidates() never ends")


def _past_file(ground: Ground, folder: Place, taken: Collection[Place]) -> Place:
    """*folder*, or its first numbered neighbour that is no file."""
    for name in candidates(folder[-1]):
        one = (*folder[:-1], name)
        with translated():
            if one not in taken and not isinstance(ground.root.look(one), FileState):
                return one
    raise AssertionError("candidates() never ends")


def below_trash(place: Place) -> str:
    """A place in the trash as its row has it."""
    return "/".join(place[2:])


async def adopt(ground: Ground, user: User, path: str, digest: bytes, state: FileState) -> Plan:
    """A file that another program put there, or changed: as found, unless it changed again since it was hashed."""
    now = await ground.disk.run(ground.root.state, tree_place(user, path))
    if now != state:
        raise Conflict("the file changed while it was read")
    entry = await entries.at(ground.index, user.id, path)
    if entry is not None and entry.live and entry.hash == digest and is_current(entry, state):
        return Plan()
    live = Live(user.id, path, digest, state.size, state.mtime_ns)
    return Plan((Step(None, None, (live,)),), touched=frozenset((tree_place(user, path),)))


async def forget(ground: Ground, user: User, paths: Sequence[str]) -> Plan:
    """Files and folders that another program removed; one that is back meanwhile stays."""
    files = await entries.among(ground.index, user.id, paths)
    made = await entries.made_among(ground.index, user.id, paths)
    gone = [
        Gone(user.id, path)
        for path in (*files, *made)
        if not await ground.disk.run(ground.root.is_taken, tree_place(user, path))
    ]
    touched = frozenset(tree_place(user, one.path) for one in gone)
    return Plan((Step(None, None, tuple(gone)),) if gone else (), touched=touched)


async def adopt_trashed(ground: Ground, user: User, place: str, digest: bytes, state: FileState) -> Plan:
    """A file in the trash that the index does not know (after a rebuild, or put there by hand)."""
    if await trash.at(ground.index, user.id, place) is not None:
        return Plan()
    binned = Binned(user.id, place, place, digest, state.size, state.mtime_ns, Reason.DELETED)
    return Plan((Step(None, None, (binned,)),))


async def forget_trashed(lying: Sequence[Trashed]) -> Plan:
    """Rows of the trash whose files are gone."""
    return Plan((Step(None, None, tuple(Unbinned(one.id) for one in lying)),))
