"""Folders as things: found, made, moved, thrown away, with all that is in them.

One that was made stays, also while it is empty. Others are there as long as something is below them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial

from syncd.core import folder_plans
from syncd.core.core import Core
from syncd.core.plans import tree_place
from syncd.db import entries
from syncd.errors import NotFound
from syncd.model import Entry, Folder, TreePath, User

PAGE = 500


async def find(core: Core, user: User, path: TreePath) -> Folder | None:
    """The folder at *path*; None when there is none."""
    with core.use() as mount:
        row = await entries.at(mount.index, user.id, str(path))
        if row is not None and row.is_folder:
            return Folder(str(path), row.node, row.born_ms)
        if not await entries.is_folder(mount.index, user.id, str(path)):
            return None
        try:
            changed_ns = await mount.disk.run(mount.root.changed_ns, tree_place(user, path))
        except NotFound:  # another program removed it, and no scan has seen that yet
            return None
    return Folder(str(path), None, changed_ns // 1_000_000)


async def require_parent(core: Core, user: User, path: TreePath) -> None:
    """Raise NotFound unless the folder that *path* is in is there; the top always is."""
    with core.use() as mount:
        await folder_plans.require_parent(mount.ground, user, path)


async def make(core: Core, user: User, path: TreePath, device_id: str | None = None) -> None:
    """Make a folder. Raises Conflict when something stands there, NotFound when what it should be in does not."""
    with core.use() as mount:
        await mount.committer.carry_out(partial(folder_plans.make, mount.ground, user, path, device_id))


@dataclass(frozen=True, slots=True)
class Kept:
    """A folder that stays; *seq* is that of its making."""

    is_new: bool  # there was none
    seq: int


async def keep(core: Core, user: User, path: TreePath, device_id: str | None = None) -> Kept:
    """Have a folder there that stays, with what it is in.

    Raises Conflict when something else stands in the way.
    """
    is_new = await find(core, user, path) is None
    with core.use() as mount:
        done = await mount.committer.carry_out(partial(folder_plans.keep, mount.ground, user, path, device_id))
    return Kept(is_new, done.seq)


async def remove(core: Core, user: User, path: TreePath, device_id: str | None = None) -> None:
    """Remove a folder that was made, if nothing is in it. Raises NotFound, and Conflict when something is."""
    with core.use() as mount:
        await mount.committer.carry_out(partial(folder_plans.remove, mount.ground, user, path, device_id))


async def below(core: Core, user: User, folder: str = "") -> AsyncIterator[list[Entry]]:
    """Files and made folders at any depth below *folder* ('' is the top), by path, page by page."""
    last = ""
    while True:
        with core.use() as mount:
            page = await entries.below(mount.index, user.id, folder, last, PAGE)
        if not page:
            return
        yield page
        last = page[-1].path


async def all_of(core: Core, user: User, folder: str = "") -> list[str]:
    """Every folder at any depth below *folder* ('' is the top), also those that only lead to others; by path."""
    with core.use() as mount:
        named = await entries.folders(mount.index, user.id, folder)
    found: set[str] = set()
    for path in named:
        while path and path != folder and path not in found:
            found.add(path)
            path = path.rpartition("/")[0]
    return sorted(found)
