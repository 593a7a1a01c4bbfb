"""How much may come in: `[uploads] max_gb` for one file, `[accounts] quota_gb` for all files of a user."""

from __future__ import annotations

from syncd.core import tree
from syncd.core.core import Core
from syncd.db import entries, sessions
from syncd.errors import TooLarge
from syncd.model import TreePath, User


def largest(core: Core) -> int | None:
    """Bytes one file may have; None: no bound but the disk."""
    max_gb = core.config.uploads.max_gb
    return max_gb << 30 if max_gb else None


def of(core: Core) -> int | None:
    """Bytes the files of one user may have together; None: no bound but the disk."""
    quota_gb = core.config.accounts.quota_gb
    return quota_gb << 30 if quota_gb else None


async def room(core: Core, user: User, path: TreePath, declared: int | None) -> int | None:
    """Bytes that may arrive at *path* now; None: no bound. Raises TooLarge when *declared* ones are more."""
    bound, quota = largest(core), of(core)
    if quota is not None:
        left = max(0, quota - await _claimed(core, user, path))
        if declared is not None and declared > left:
            raise _over()
        bound = left if bound is None else min(left, bound)
    if declared is not None and bound is not None and declared > bound:
        raise TooLarge(f"the file is larger than the {bound} bytes this server takes ([uploads] max_gb)")
    return bound


async def require_kept(core: Core, user: User, path: TreePath) -> None:
    """Raise TooLarge when uploads that were allowed at the same moment are too much together."""
    quota = of(core)
    if quota is not None and await _claimed(core, user, path) > quota:
        raise _over()


async def _claimed(core: Core, user: User, path: TreePath) -> int:
    """Bytes of the user's files, but for the one that is to be replaced, and of uploads that are under way."""
    replaced = await tree.entry(core, user, path)
    with core.use() as mount:
        _, used = await entries.usage(mount.index, user.id)
        used += await sessions.open_bytes(mount.index, user.id)
    return used - (replaced.size or 0 if replaced is not None else 0)


def _over() -> TooLarge:
    return TooLarge(
        "this is more than your account has room for: delete something, or have [accounts] quota_gb raised",
        code="over_quota",
    )
