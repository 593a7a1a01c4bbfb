"""What a device says it did to its copy of the tree, and what the server makes of it.

What the device *knew* decides, never a clock (protocol: "Reporting local changes").
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import partial
from typing import Literal

from syncd.core import clashes, plans, swap
from syncd.core.conflicts import Knowledge, Verdict, decide
from syncd.core.mount import Mount
from syncd.core.plans import Ground, Plan, Standing, tree_place
from syncd.core.swap import Author
from syncd.db import conflicts
from syncd.db.records import Clashed, Place, Step
from syncd.errors import BadRequest, Conflict, NotFound, SyncError
from syncd.model import Clash, ClashKind, Reason, TreePath, User

BATCH = 100  # changes in one plan: others get their turn in between

What = Literal["created", "modified", "deleted", "moved"]


@dataclass(frozen=True, slots=True)
class Reported:
    """One change on a device. `hash` is of the content that is there now; None when there is none, or not said."""

    what: What
    path: TreePath
    knowledge: Knowledge
    hash: bytes | None = None
    old_path: TreePath | None = None  # of a move

    @property
    def paths(self) -> tuple[TreePath, ...]:
        return (self.path,) if self.old_path is None else (self.old_path, self.path)


class Answer(Enum):
    ACCEPTED = auto()
    UPLOAD = auto()  # the content has to be sent
    CONFLICT = auto()  # the versions did not know of each other
    REFUSED = auto()  # no such path can be: a part of it is a file


@dataclass(slots=True)
class Reply:
    """The answers to one report, by path."""

    accepted: list[str] = field(default_factory=list)
    upload_required: list[str] = field(default_factory=list)
    conflicts: list[Clash] = field(default_factory=list)
    refused: list[tuple[TreePath, SyncError]] = field(default_factory=list)


async def take(mount: Mount, user: User, changes: Sequence[Reported], author: Author) -> Reply:
    """Carry out what can be carried out now, and say of each change what it needs; repeating it changes nothing."""
    reply = Reply()
    for batch in _batches(changes):
        notes: list[_Note] = []
        await mount.committer.carry_out(partial(_plan, mount.ground, user, batch, author, notes), durable=False)
        for note in notes:
            await _tell(mount, note, reply)
    return reply


def _batches(changes: Sequence[Reported]) -> Iterator[list[Reported]]:
    """Runs of changes of which no two touch one path, nor one a folder that is a file to the other: a plan sees nothing
    of what it is going to do itself."""
    batch: list[Reported] = []
    files: set[tuple[str, ...]] = set()
    folders: set[tuple[str, ...]] = set()
    for one in changes:
        own = {path.parts for path in one.paths}
        above = {parts[:depth] for parts in own for depth in range(1, len(parts))}
        if len(batch) == BATCH or own & files or own & folders or above & files:
            yield batch
            batch, files, folders = [], set(), set()
        batch.append(one)
        files |= own
        folders |= above
    if batch:
        yield batch


@dataclass(frozen=True, slots=True)
class _Note:
    """The answer for one path."""

    path: TreePath
    answer: Answer
    clash: Clashed | None = None
    refusal: SyncError | None = None


async def _tell(mount: Mount, note: _Note, reply: Reply) -> None:
    match note.answer:
        case Answer.ACCEPTED:
            reply.accepted.append(str(note.path))
        case Answer.UPLOAD:
            reply.upload_required.append(str(note.path))
        case Answer.REFUSED:
            assert note.refusal is not None
            reply.refused.append((note.path, note.refusal))
        case Answer.CONFLICT:
            assert note.clash is not None
            found = await clashes.noted(mount, note.clash)
            if found is not None:  # else somebody resolved it this moment
                reply.conflicts.append(found)


async def _plan(ground: Ground, user: User, changes: Sequence[Reported], author: Author, notes: list[_Note]) -> Plan:
    """The steps for *changes*; *notes* gets what to answer."""
    notes.clear()
    plan = _Plan(ground, user, author, notes)
    for one in changes:
        try:
            await plan.add(one)
        except (BadRequest, Conflict, NotFound) as exc:
            notes.append(_Note(one.path, Answer.REFUSED, refusal=exc))
    return Plan(tuple(plan.steps), touched=frozenset(plan.taken))


class _Plan:
    """A plan in the making."""

    def __init__(self, ground: Ground, user: User, author: Author, notes: list[_Note]) -> None:
        self.steps: list[Step] = []
        self.taken: set[Place] = set()
        self._ground = ground
        self._user = user
        self._author = author
        self._notes = notes

    async def add(self, one: Reported) -> None:
        self.taken.update(tree_place(self._user, path) for path in one.paths)
        if one.old_path is None:
            await (self._deleted(one, one.path) if one.what == "deleted" else self._written(one))
        elif not await self._moved(one, one.old_path):
            await self._deleted(one, one.old_path)
            await self._written(one)

    async def _written(self, one: Reported) -> None:
        if one.hash is None:  # the upload will tell, and be compared
            self._note(one.path, Answer.UPLOAD)
            return
        standing = await swap.standing_at(self._ground, self._user, one.path)
        if standing is None:
            plans.require_folders(self._ground, self._user, one.path)
        match decide(standing.hash if standing is not None else None, one.hash, _is_known(one, standing)):
            case Verdict.SAME:
                self._note(one.path, Answer.ACCEPTED)
            case Verdict.FREE | Verdict.KNOWN:
                self._note(one.path, Answer.UPLOAD)
            case Verdict.CLASH:
                assert standing is not None
                await self._clash(one.path, "edit_edit", one.hash, standing)

    async def _deleted(self, one: Reported, path: TreePath) -> None:
        standing = await swap.standing_at(self._ground, self._user, path)
        match decide(standing.hash if standing is not None else None, None, _is_known(one, standing)):
            case Verdict.SAME:
                self._note(path, Answer.ACCEPTED)
            case Verdict.KNOWN:
                assert standing is not None
                aside = await plans.free_place(self._ground, plans.trash_place(self._user, str(path)), self.taken)
                self.taken.add(aside)
                self.steps.append(swap.trash_step(self._user, path, standing, aside, Reason.DELETED, self._author))
                self._note(path, Answer.ACCEPTED)
            case Verdict.CLASH:
                assert standing is not None
                await self._clash(path, "delete_edit", b"", standing)

    async def _moved(self, one: Reported, old_path: TreePath) -> bool:
        """Rename on the server, if it has there what the device knew and nothing stands at the new place."""
        standing = await swap.standing_at(self._ground, self._user, old_path)
        if standing is None or not _is_known(one, standing) or one.hash not in (None, standing.hash):
            return False
        if await plans.look(self._ground, self._user, one.path, size=-1) is not None:
            return False
        plans.require_folders(self._ground, self._user, one.path)
        self.steps.append(swap.move_step(self._user, old_path, one.path, standing, self._author))
        self._note(one.path, Answer.ACCEPTED)
        return True

    def _note(self, path: TreePath, answer: Answer, clash: Clashed | None = None) -> None:
        self._notes.append(_Note(path, answer, clash))

    async def _clash(self, path: TreePath, kind: ClashKind, mine: bytes, standing: Standing) -> None:
        theirs = standing.hash
        if mine and await conflicts.won_by(self._ground.index, self._user.id, str(path), mine, theirs):
            self._note(path, Answer.UPLOAD)
            return
        clash = Clashed(self._user.id, self._author.device_id or "", str(path), kind, mine, theirs)
        self.steps.append(Step(None, None, (clash,)))
        self._note(path, Answer.CONFLICT, clash)


def _is_known(one: Reported, standing: Standing | None) -> bool:
    return standing is not None and bool(standing.state.inode) and one.knowledge.covers(standing.hash, standing.seq)
