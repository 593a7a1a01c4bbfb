"""What doors and workers may do to a tree: each a plan for the committer."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from syncd.core import pictures, plans
from syncd.core.core import Core
from syncd.core.mount import Mount
from syncd.core.uploads import Arrived
from syncd.disk.root import FileState
from syncd.model import Reason, Trashed, TreePath, User

BATCH = 200  # files per plan: others get their turn in between


async def store(mount: Mount, user: User, path: TreePath, upload: Arrived, device_id: str | None) -> TreePath:
    """Publish a sealed *upload*; where it is now. Durable when this returns.

    The same bytes under that name are fine; other bytes there stay, and the new ones get a free name beside them.
    """
    done = await mount.committer.carry_out(partial(plans.store, mount.ground, user, path, upload, device_id))
    assert done.stored is not None
    return done.stored.path


async def store_in_trash(mount: Mount, user: User, path: TreePath, upload: Arrived, device_id: str | None) -> None:
    """Keep a sealed *upload* in the trash, as if it had been deleted from *path*."""
    await mount.committer.carry_out(partial(plans.store_in_trash, mount.ground, user, path, upload, device_id))


async def discard(
    core: Core, user: User, paths: Sequence[str], reason: Reason = Reason.DELETED, device_id: str | None = None
) -> int:
    """Move files to the trash; how many there were."""
    moved = 0
    with core.use() as mount:
        for batch in _batches(paths):
            done = await mount.committer.carry_out(
                partial(plans.discard, mount.ground, user, batch, reason, device_id), durable=False
            )
            moved += done.moved
    return moved


async def restore(core: Core, user: User, places: Sequence[str], device_id: str | None = None) -> int:
    """Bring files back from the trash, never over another; how many there were."""
    moved = 0
    with core.use() as mount:
        for batch in _batches(places):
            done = await mount.committer.carry_out(
                partial(plans.restore, mount.ground, user, batch, device_id), durable=False
            )
            moved += done.moved
    return moved


async def erase(core: Core, user: User, lying: Sequence[Trashed]) -> int:
    """Remove files of the trash for good; how many."""
    with core.use() as mount:
        done = await mount.committer.carry_out(partial(plans.erase, user, lying), durable=False)
        for digest in {one.hash for one in lying}:
            await pictures.forget_unused(mount, digest)
    return done.moved


async def adopt(mount: Mount, user: User, path: str, digest: bytes, state: FileState) -> int:
    """Take note of a file that another program put there or changed."""
    done = await mount.committer.carry_out(partial(plans.adopt, mount.ground, user, path, digest, state), durable=False)
    return len(done.changes)


def _batches(items: Sequence[str]) -> list[Sequence[str]]:
    return [items[start : start + BATCH] for start in range(0, len(items), BATCH)]
