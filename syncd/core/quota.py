"""How much may come in: `[uploads] max_gb` for one file, `[accounts] quota_gb` for all files of a user."""

from __future__ import annotations

from syncd.core import tree
from syncd.core.core import Core
from syncd.core.sessions import Wish
from syncd.db import sessions
from syncd.errors import TooLarge
from syncd.model import TreePath, UploadSession, User


def largest(core: Core) -> int | None:
    """Bytes one file may have; None: no bound but the disk."""
    max_gb = core.config.uploads.max_gb
    return max_gb << 30 if max_gb else None


def of(core: Core) -> int | None:
    """Bytes the files of one user may have together; None: no bound but the disk."""
    quota_gb = core.config.accounts.quota_gb
    return quota_gb << 30 if quota_gb else None


async def room(core: Core, user: User, path: TreePath | None, declared: int | None) -> int | None:
    """Bytes that may arrive now; None: no bound. *path*: the file that is there makes way (None: none does).

    Raises TooLarge when *declared* bytes are more.
    """
    bound, quota = largest(core), of(core)
    if quota is not None:
        left = max(0, quota - await _claimed(core, user, path))
        if declared is not None and declared > left:
            raise _over()
        bound = left if bound is None else min(left, bound)
    if declared is not None and bound is not None and declared > bound:
        raise TooLarge(f"the file is larger than the {bound} bytes this server takes ([uploads] max_gb)")
    return bound


async def begin(core: Core, user: User, device_id: str | None, wish: Wish) -> UploadSession:
    """As Sessions.begin, within the bounds; also when several that were allowed at one moment are too much together."""
    most_bytes = await room(core, user, wish.path, wish.size)
    with core.use() as mount:
        mount.uploads.require_fit(wish.size, most_bytes)
        session = await mount.sessions.begin(user, device_id, wish)
        quota = of(core)
        if quota is not None and await _claimed(core, user, wish.path) > quota:
            await mount.sessions.cancel(user, session.id)
            raise _over()
    return session


async def _claimed(core: Core, user: User, path: TreePath | None) -> int:
    """Bytes of the user's files, but for the one that makes way, and of uploads that are under way."""
    replaced = await tree.entry(core, user, path) if path is not None else None
    _, used = await tree.usage(core, user)
    with core.use() as mount:
        used += await sessions.open_bytes(mount.index, user.id)
    return used - (replaced.size or 0 if replaced is not None else 0)


def _over() -> TooLarge:
    return TooLarge(
        "this is more than your account has room for: delete something, or have [accounts] quota_gb raised",
        code="over_quota",
    )
