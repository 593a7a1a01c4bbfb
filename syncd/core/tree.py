"""Reading trees: entries, listings, open files."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from syncd.core import folders
from syncd.core.core import REMEMBERED, Core
from syncd.core.mount import Mount
from syncd.core.plans import is_current, trash_place, tree_place
from syncd.db import entries, trash
from syncd.disk.faults import translated
from syncd.disk.root import FileState, Place
from syncd.errors import NotFound
from syncd.model import Entry, Trashed, TreePath, User


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A file open for reading. Whoever was checked is who is served: by the descriptor, never by the name again."""

    fd: int
    size: int
    mtime_ns: int
    hash: bytes | None  # None: changed on the disk since it was indexed
    mount: Mount  # look at `is_closing` now and then during a long answer


async def entry(core: Core, user: User, path: TreePath) -> Entry | None:
    """The row of *path*, from memory where possible."""
    key = (user.id, str(path))
    if key in core.remembered:
        return core.remembered[key]
    before = core.commits
    with core.use() as mount:
        found = await entries.at(mount.index, *key)
    if core.commits == before:
        if len(core.remembered) >= REMEMBERED:
            core.remembered.clear()
        core.remembered[key] = found
    return found


async def live(core: Core, user: User, path: TreePath) -> Entry:
    """The row of the file at *path*; raises NotFound."""
    found = await entry(core, user, path)
    if found is None or not found.is_file:
        raise NotFound("there is no such file")
    return found


async def node(core: Core, user: User, number: int) -> Entry | None:
    """The file or made folder of that identity, wherever it is now; None when it is gone."""
    with core.use() as mount:
        return await entries.by_node(mount.index, user.id, number)


async def trashed(core: Core, user: User, place: TreePath) -> Trashed:
    """What lies at *place* in the trash; raises NotFound."""
    with core.use() as mount:
        found = await trash.at(mount.index, user.id, str(place))
    if found is None:
        raise NotFound("there is no such file in the trash")
    return found


@contextmanager
def opened(core: Core, user: User, found: Entry | Trashed) -> Iterator[OpenFile]:
    """The file of a row, open until the block ends; raises NotFound when it is not on the disk any more.

    Opens on the event loop: two system calls on names the kernel has at hand, cheaper than a thread.
    """
    with core.use() as mount:
        place = _place(user, found)
        with translated():
            fd = mount.root.open_file(place)
        try:
            state = FileState.of(os.fstat(fd))
            yield OpenFile(fd, state.size, state.mtime_ns, _hash_if_current(found, state), mount)
        finally:
            os.close(fd)


def _place(user: User, found: Entry | Trashed) -> Place:
    return tree_place(user, found.path) if isinstance(found, Entry) else trash_place(user, found.place)


def _hash_if_current(found: Entry | Trashed, state: FileState) -> bytes | None:
    if isinstance(found, Entry):
        return found.hash if is_current(found, state) else None
    return found.hash if (found.size, found.disk_mtime_ns) == (state.size, state.mtime_ns) else None


async def folders_below(core: Core, user: User, below: str = "") -> list[str]:
    """Folders below *below* that were made or hold something."""
    with core.use() as mount:
        return await entries.folders(mount.index, user.id, below)


async def usage(core: Core, user: User) -> tuple[int, int]:
    """How many live files, and their bytes."""
    with core.use() as mount:
        return await entries.usage(mount.index, user.id)


async def files_in(core: Core, user: User, folder: str) -> list[str]:
    """Paths of the live files directly in *folder*."""
    with core.use() as mount:
        return await entries.names_in(mount.index, user.id, folder)


async def below(core: Core, user: User, folder: str) -> AsyncIterator[list[Entry]]:
    """All files at any depth below *folder*, page by page."""
    async for page in folders.below(core, user, folder):
        yield [one for one in page if one.is_file]
