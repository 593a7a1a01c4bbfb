"""What changes of whole folders do: one rename on the disk, and a row for each thing in the folder."""

from __future__ import annotations

from collections.abc import Sequence

from syncd.core.conflicts import Verdict
from syncd.core.plans import (
    Ground,
    Plan,
    Stored,
    below_trash,
    free_place,
    look,
    require_folders,
    trash_place,
    tree_place,
)
from syncd.db import entries
from syncd.db.records import FolderBinned, FolderMoved, Gone, Made, Place, Step
from syncd.disk.faults import translated
from syncd.errors import Conflict, NotFound
from syncd.model import PATH_BYTES, PATH_DEPTH, Reason, TreePath, User

TOO_LONG = "paths in the folder would become too long there; choose a shorter place"


async def make(ground: Ground, user: User, path: TreePath, device_id: str | None) -> Plan:
    """Make a folder in one that there is; raises Conflict when something stands there, and NotFound."""
    if await entries.is_folder(ground.index, user.id, str(path)):
        raise Conflict("that folder is there already")
    await require_parent(ground, user, path)
    return await keep(ground, user, path, device_id)


async def keep(ground: Ground, user: User, path: TreePath, device_id: str | None) -> Plan:
    """Have a folder at *path* that stays; raises Conflict when a file stands there, or where it needs a folder."""
    require_folders(ground, user, path)
    place = tree_place(user, path)
    with translated():
        standing = ground.root.look(place)
    if standing is not None and not await ground.disk.run(ground.root.is_folder, place):
        raise Conflict("something that is no folder has that name already")
    if not await ground.disk.run(ground.root.has_exact_names, place):
        raise Conflict("the disk ignores case, and a folder of that name in other letters is there; use its name")
    row = await entries.at(ground.index, user.id, str(path))
    if standing is not None and row is not None and row.is_folder:
        return Plan(stored=Stored(path, Verdict.SAME, row.seq))
    # A folder that was not made was led to, or another program made it and no scan has seen it yet.
    step = Step(None, place if standing is None else None, (Made(user.id, str(path), device_id),))
    # Alone: in one group, a file that leaves the folder would take it along, and one that comes would make it first.
    return Plan((step,), is_alone=True)


async def require_parent(ground: Ground, user: User, path: TreePath) -> None:
    """Raise NotFound unless the folder that *path* is in is there."""
    if path.parent and not await entries.is_folder(ground.index, user.id, "/".join(path.parent)):
        raise NotFound("the folder that it should be in is not there; make that first")


async def move(ground: Ground, user: User, source: TreePath, target: TreePath, device_id: str | None) -> Plan:
    """Rename a folder with all that is in it; raises NotFound, and Conflict when the new place is taken or in it."""
    there = await _extent(ground, user, source)
    if source == target:
        return Plan()
    if target.parts[: len(source.parts)] == source.parts:
        raise Conflict("a folder cannot be moved into itself")
    if await look(ground, user, target, size=-1) is not None:
        raise Conflict("the new place is taken; choose another name")
    require_folders(ground, user, target)
    if there.deepest + len(target.parts) - len(source.parts) > PATH_DEPTH:
        raise Conflict(TOO_LONG)
    _require_reach(there, source, tree_place(user, target))
    record = FolderMoved(user.id, str(source), str(target), there.rows, device_id)
    step = Step(tree_place(user, source), tree_place(user, target), (record,))
    return Plan((step,), is_alone=True)


def _require_reach(there: entries.Extent, source: TreePath, target: Place) -> None:
    """Raise Conflict if the kernel would take no path that is as long as the longest of *source* is at *target*."""
    if there.longest - len(str(source).encode()) + len("/".join(target).encode()) >= PATH_BYTES:
        raise Conflict(TOO_LONG)


async def discard(ground: Ground, user: User, path: TreePath, reason: Reason, device_id: str | None) -> Plan:
    """Move a folder with all that is in it to the trash; raises NotFound."""
    there = await _extent(ground, user, path)
    place = tree_place(user, path)
    aside = await free_place(ground, trash_place(user, str(path)))
    _require_reach(there, path, aside)
    record = FolderBinned(user.id, str(path), below_trash(aside), there.rows, reason, device_id)
    if bare := await ground.disk.run(ground.root.bare, place):  # nothing that could be brought back
        return Plan((Step(None, None, (record,), emptied=tuple(bare)),), is_alone=True)
    return Plan((Step(place, aside, (record,)),), is_alone=True)


async def remove(ground: Ground, user: User, path: TreePath, device_id: str | None) -> Plan:
    """Remove a folder if nothing is in it, made folders neither; raises NotFound, and Conflict when something is."""
    there = await _extent(ground, user, path)
    place = tree_place(user, path)
    if there.rows > 1 or not await ground.disk.run(ground.root.bare, place):
        raise Conflict("something is in that folder")
    return Plan((Step(None, None, (Gone(user.id, str(path), device_id),), emptied=(place,)),), is_alone=True)


async def _extent(ground: Ground, user: User, path: TreePath) -> entries.Extent:
    """What there is at and below a folder; raises NotFound when it is none, Conflict when it is another's, too."""
    there = await entries.extent(ground.index, user.id, str(path))
    place = tree_place(user, path)
    if not there.rows or not await ground.disk.run(ground.root.is_folder, place):
        raise NotFound("there is no such folder")
    if not await ground.disk.run(ground.root.has_exact_names, place):
        raise Conflict("the disk ignores case, and that folder holds files of another name; move them one by one")
    return there


async def adopt(ground: Ground, user: User, path: str) -> Plan:
    """An empty folder that another program made."""
    place = tree_place(user, path)
    is_known = await entries.made_among(ground.index, user.id, [path])
    if is_known or not await ground.disk.run(ground.root.bare, place):
        return Plan()
    return Plan((Step(None, None, (Made(user.id, path),)),), is_alone=True)


async def drop_empty(folders: Sequence[Place]) -> Plan:
    """Remove these folders of the trash, and those above them, if nothing is in them."""
    return Plan(tuple(Step(None, None, (), emptied=(folder,)) for folder in folders))
