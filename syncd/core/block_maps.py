"""Of which blocks files consist, so that only what changed has to travel, in both directions.

A map is made when somebody first asks for it, or in passing, and kept by content: a move or a copy costs nothing.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from syncd.core import plans
from syncd.core.plans import Ground, tree_place
from syncd.db import blocks, entries
from syncd.disk.staging import block_hashes
from syncd.errors import SyncError
from syncd.model import TreePath, User

NEIGHBOURS = 2
NOTED = 5000  # hashes in one transaction: others want to write, too
HOP_BYTES = 64 << 20  # read in one hop: then somebody else has the thread, and the disk may go away


async def of_open_file(ground: Ground, fd: int, size: int, content: bytes, chunk_size: int) -> list[bytes]:
    """SHA-256 of each *chunk_size* bytes of an open file whose whole SHA-256 is *content*."""
    if size <= chunk_size:
        return [content] if size else []
    async with ground.mapping:  # who asks again, out of impatience, gets what was read the first time
        known = await blocks.of(ground.index, content, chunk_size)
        if len(known) == -(-size // chunk_size):  # else the end was not written down
            return known
        before = os.fstat(fd)
        made = await _made(ground, fd, size, chunk_size)
        if _same(before, os.fstat(fd)):  # else another program writes into it, and this is no map of *content*
            await remember(ground, content, chunk_size, made)
        return made


async def _made(ground: Ground, fd: int, size: int, chunk_size: int) -> list[bytes]:
    hop = max(1, HOP_BYTES // chunk_size) * chunk_size
    made: list[bytes] = []
    for start in range(0, size, hop):
        made += await ground.disk.run(block_hashes, fd, chunk_size, start, min(start + hop, size))
    return made


def _same(before: os.stat_result, after: os.stat_result) -> bool:
    return (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)


async def ensure_likely(ground: Ground, user: User, path: TreePath, size: int, chunk_size: int) -> None:
    """See to it that those maps are known that most likely hold blocks of what is to come to *path*: that of the file
    it replaces, and of files of the same size beside it (somebody saved one under another name)."""
    await ensure(ground, user, path, chunk_size)
    for beside in await entries.of_size_in(ground.index, user.id, "/".join(path.parent), size, NEIGHBOURS):
        await ensure(ground, user, TreePath.parse(beside.path), chunk_size)


async def ensure(ground: Ground, user: User, path: TreePath, chunk_size: int) -> None:
    """See to it that the map of the file at *path* is known, if there is one."""
    standing = await plans.look(ground, user, path, size=-1)
    if standing is None or standing.entry is None or standing.state.size <= chunk_size:
        return
    fd = await ground.disk.run(ground.root.open_file, tree_place(user, path))
    try:
        await of_open_file(ground, fd, standing.state.size, standing.hash, chunk_size)
    finally:
        os.close(fd)


async def remember(ground: Ground, content: bytes, chunk_size: int, hashes: Sequence[bytes]) -> None:
    """Keep a map. It is a hint: failing does no harm, not even half-way."""
    try:
        for first in range(0, len(hashes), NOTED):
            async with ground.index.write(durable=False) as transaction:
                await blocks.note(transaction, content, chunk_size, hashes[first : first + NOTED], first)
    except SyncError:
        return
