"""Writing with knowledge: content takes the place of the version it was made from, and of no other.

Compare and swap. What stood there goes to the trash; if it was another version than the one known, it stays, and what
arrives becomes a conflicted copy beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import chain

from syncd.core import folder_plans, plans
from syncd.core.conflicts import Knowledge, Verdict, decide
from syncd.core.names import candidates, conflict_name
from syncd.core.plans import Ground, Plan, Standing, Stored, tree_place
from syncd.core.uploads import Arrived
from syncd.db import conflicts
from syncd.db.records import Binned, Clashed, Finished, Gone, Live, Place, Record, Settled, Step
from syncd.disk.faults import translated
from syncd.disk.root import FileState
from syncd.disk.staging import hash_file
from syncd.errors import Conflict, NotFound
from syncd.model import Reason, TreePath, User

Require = Callable[[bytes | None], None]  # raises unless what stands there (its SHA-256, None: nothing) is as wanted


def no_matter(standing: bytes | None) -> None:
    """Nothing is required of what stands there."""


@dataclass(frozen=True, slots=True)
class Author:
    """Who writes; *label* names the conflicted copies."""

    device_id: str | None
    label: str
    now_ms: int


async def standing_at(ground: Ground, user: User, path: TreePath) -> Standing | None:
    """What is at *path*, with its hash also when another program put it there."""
    found = await plans.look(ground, user, path, size=-1)
    if found is None or found.entry is not None or not found.state.inode:
        return found
    if not await ground.disk.run(ground.root.has_exact_name, tree_place(user, path)):
        return Standing(b"", FileState(0, 0, 0, 0))  # a disk that ignores case: it is a file of another name
    digest = await ground.disk.run(hash_file, ground.root, tree_place(user, path))
    return replace(found, hash=digest)


async def put(
    ground: Ground,
    user: User,
    path: TreePath,
    upload: Arrived,
    knowledge: Knowledge,
    author: Author,
    require: Require = no_matter,
    session_id: str | None = None,
) -> Plan:
    """Publish *upload* at *path* if what stands there was known, else beside it.

    *session_id*: the upload in chunks that is complete by this.
    """
    standing = await standing_at(ground, user, path)
    require(standing.hash if standing is not None else None)
    won = None
    if standing is not None:
        won = await conflicts.won_by(ground.index, user.id, str(path), upload.digest, standing.hash)
    # A folder, or a link, is nothing that anybody could have known as a version.
    known = (
        standing is not None
        and bool(standing.state.inode)
        and (won is not None or knowledge.covers(standing.hash, standing.seq))
    )
    extra: tuple[Record, ...] = (Settled(won.id, "resolved"),) if won is not None else ()
    if session_id is not None:
        extra += (Finished(session_id, user.id, str(path), upload.digest),)
    match decide(standing.hash if standing is not None else None, upload.digest, known):
        case Verdict.FREE:
            return plans.publish(user, path, upload, author.device_id, *extra)
        case Verdict.SAME:
            assert standing is not None
            return plans.same(user, path, standing, *extra)
        case Verdict.KNOWN:
            assert standing is not None
            return await _replace(ground, user, path, standing, upload, author, extra)
        case Verdict.CLASH:
            assert standing is not None
            return await _keep_both(ground, user, path, standing, upload, author, session_id)


async def _replace(
    ground: Ground,
    user: User,
    path: TreePath,
    standing: Standing,
    upload: Arrived,
    author: Author,
    extra: tuple[Record, ...],
) -> Plan:
    place = tree_place(user, path)
    aside = await plans.free_place(ground, plans.trash_place(user, str(path)))
    records = (
        _overwritten(user, path, standing, plans.below_trash(aside), Reason.OVERWRITTEN, author),
        plans.live(user, path, upload.digest, upload.state, author.device_id),
        *extra,
    )
    step = Step(upload.staged.place, place, records, aside, upload.state.inode)
    return Plan((step,), upload.staged, frozenset((place, aside)), Stored(path, Verdict.KNOWN))


def _overwritten(user: User, path: TreePath, standing: Standing, lying: str, reason: Reason, author: Author) -> Binned:
    state = standing.state
    return Binned(user.id, lying, str(path), standing.hash, state.size, state.mtime_ns, reason, author.device_id)


async def _keep_both(
    ground: Ground,
    user: User,
    path: TreePath,
    standing: Standing,
    upload: Arrived,
    author: Author,
    session_id: str | None,
) -> Plan:
    """A conflicted copy, written down; one copy, however often the same upload is repeated."""
    device_id = author.device_id or ""
    noted = await conflicts.same(ground.index, user.id, device_id, str(path), upload.digest, standing.hash)
    wanted = conflict_name(path.name, author.label, author.now_ms)
    before = [noted.copy.rpartition("/")[2]] if noted is not None and noted.copy is not None else []
    for name in chain(before, candidates(wanted)):
        target = path.renamed(name)
        there = await plans.look(ground, user, target, upload.state.size)
        clash = Clashed(user.id, device_id, str(path), "edit_edit", upload.digest, standing.hash, str(target))
        note = Finished(session_id, user.id, str(target), upload.digest, clash) if session_id is not None else clash
        match decide(there.hash if there is not None else None, upload.digest, known=False):
            case Verdict.FREE:
                plan = plans.publish(user, target, upload, author.device_id, note)
            case Verdict.SAME:
                assert there is not None
                plan = plans.same(user, target, there, note)
            case _:
                continue
        assert plan.stored is not None
        return replace(plan, stored=replace(plan.stored, verdict=Verdict.CLASH, clash=clash))
    raise AssertionError("candidates() never ends")


async def remove(
    ground: Ground,
    user: User,
    path: TreePath,
    author: Author,
    require: Require = no_matter,
    reason: Reason = Reason.DELETED,
) -> Plan:
    """Move the file at *path* to the trash; raises NotFound."""
    standing = await standing_at(ground, user, path)
    require(standing.hash if standing is not None else None)
    if standing is None or not standing.state.inode:
        raise NotFound("there is no such file")
    aside = await plans.free_place(ground, plans.trash_place(user, str(path)))
    step = trash_step(user, path, standing, aside, reason, author)
    return Plan((step,), touched=frozenset((tree_place(user, path), aside)))


async def throw_away(ground: Ground, user: User, path: TreePath, author: Author) -> Plan:
    """Move the file, or the folder with all that is in it, to the trash; raises NotFound."""
    with translated():
        is_other = ground.root.look(tree_place(user, path)) == "other"
    if is_other:
        return await folder_plans.discard(ground, user, path, Reason.DELETED, author.device_id)
    return await remove(ground, user, path, author)


def trash_step(user: User, path: TreePath, standing: Standing, aside: Place, reason: Reason, author: Author) -> Step:
    """The step that moves what stands at *path* to *aside* in the trash."""
    lying = _overwritten(user, path, standing, plans.below_trash(aside), reason, author)
    return Step(tree_place(user, path), aside, (Gone(user.id, str(path), author.device_id), lying))


async def move(
    ground: Ground, user: User, source: TreePath, target: TreePath, author: Author, require: Require = no_matter
) -> Plan:
    """Rename a file or a folder; raises NotFound, and Conflict when the new place is taken."""
    standing = await standing_at(ground, user, source)
    if standing is None:
        raise NotFound("there is no such file")
    if not standing.state.inode:
        return await folder_plans.move(ground, user, source, target, author.device_id)
    require(standing.hash)
    if source == target:
        return Plan(stored=Stored(target, Verdict.SAME, standing.seq or 0))
    if await plans.look(ground, user, target, size=-1) is not None:
        raise Conflict("the new place is taken; choose another name")
    step = move_step(user, source, target, standing, author)
    return Plan((step,), touched=frozenset(place for place in (step.source, step.target) if place))


def move_step(user: User, source: TreePath, target: TreePath, standing: Standing, author: Author) -> Step:
    """The step that renames what stands at *source*: a deletion and a creation that name each other."""
    state: FileState = standing.state
    return Step(
        tree_place(user, source),
        tree_place(user, target),
        (
            Gone(user.id, str(source), author.device_id, moved_to=str(target)),
            Live(user.id, str(target), standing.hash, state.size, state.mtime_ns, author.device_id, str(source)),
        ),
    )


async def take_copy(
    ground: Ground, user: User, copy: TreePath, path: TreePath, author: Author, *records: Record
) -> Plan:
    """Put a conflicted copy in the place of what it was in conflict with, which goes to the trash; raises NotFound."""
    mine, theirs = await standing_at(ground, user, copy), await standing_at(ground, user, path)
    if mine is None or not mine.state.inode:
        raise NotFound("the conflicted copy is not there any more")
    step = move_step(user, copy, path, mine, author)
    if theirs is not None and not theirs.state.inode:
        raise Conflict("a folder stands where the file was; rename it first")
    if theirs is not None:
        aside = await plans.free_place(ground, plans.trash_place(user, str(path)))
        lying = _overwritten(user, path, theirs, plans.below_trash(aside), Reason.CONFLICT, author)
        step = replace(step, records=(*step.records, lying), aside=aside, inode=mine.state.inode)
    step = replace(step, records=(*step.records, *records))
    return Plan((step,), touched=frozenset(place for place in (step.source, step.target, step.aside) if place))


async def restore(ground: Ground, user: User, place: str, target: TreePath, device_id: str | None) -> Plan:
    """Bring one file back from the trash to *target*; raises NotFound, and Conflict when that is taken."""
    plan = await plans.restore(ground, user, [place], device_id)
    if not plan.steps:
        raise NotFound("there is no such file in the trash")
    if await plans.look(ground, user, target, size=-1) is not None:
        raise Conflict('something is there already; say where to with "to"')
    [step] = plan.steps
    live, *others = step.records
    assert isinstance(live, Live) and step.source is not None
    there = tree_place(user, target)
    step = replace(step, target=there, records=(replace(live, path=str(target)), *others))
    return Plan((step,), touched=plan.touched | {there})
