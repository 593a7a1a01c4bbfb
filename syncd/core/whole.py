"""A whole file in one piece: room first, then its bytes as they come, then its place. For every door that has such."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from syncd.core import changes, quota
from syncd.core.changes import Placed
from syncd.core.conflicts import Knowledge
from syncd.core.core import Core
from syncd.core.swap import Author, Require, no_matter
from syncd.core.uploads import Arrived
from syncd.errors import BadRequest
from syncd.model import TreePath, User


@dataclass(frozen=True, slots=True)
class Whole:
    """What somebody wants stored. *size* in bytes and *digest* (SHA-256) are None when they were not announced."""

    user: User
    path: TreePath
    size: int | None
    digest: bytes | None = None
    mtime_ms: int | None = None  # Unix ms; None: the time of arrival


async def require_room(core: Core, whole: Whole) -> int | None:
    """Most bytes that may come (None: no bound); raises TooLarge, StorageFull … by what was announced."""
    most_bytes = await quota.room(core, whole.user, whole.path, whole.size)
    with core.use() as mount:
        mount.uploads.require_fit(whole.size or 0, most_bytes)
    return most_bytes


async def store(
    core: Core,
    whole: Whole,
    content: AsyncIterator[bytes],
    knowledge: Knowledge,
    author: Author,
    require: Require = no_matter,
) -> tuple[Arrived, Placed]:
    """Take *content* and put it where it is wanted, as changes.put; durable when this returns.

    Raises as that and as require_room, and BadRequest when another content came than was announced.
    """
    most_bytes = await quota.room(core, whole.user, whole.path, whole.size)
    with core.use() as mount:
        async with mount.uploads.begin(whole.size, most_bytes) as incoming:
            async for piece in content:
                await incoming.write(piece)
            arrived = await incoming.seal(whole.mtime_ms)
            if whole.digest is not None and whole.digest != arrived.digest:
                raise BadRequest("the file was damaged on its way; send it again", code="digest_mismatch")
            await quota.room(core, whole.user, whole.path, arrived.state.size)  # others may have come meanwhile
            placed = await changes.put(mount, whole.user, whole.path, arrived, knowledge, author, require)
    return arrived, placed
