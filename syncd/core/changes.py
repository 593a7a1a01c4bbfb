"""What doors and workers may do to a tree: each a plan for the committer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from syncd.core import clashes, folder_plans, pictures, plans, swap
from syncd.core.conflicts import Knowledge, Verdict
from syncd.core.core import Core
from syncd.core.mount import Mount
from syncd.core.swap import Author, Require, no_matter
from syncd.core.uploads import Arrived
from syncd.disk.root import FileState
from syncd.model import Clash, Device, Reason, Trashed, TreePath, User

BATCH = 200  # files per plan: others get their turn in between


def author(core: Core, user: User, device: Device | None = None) -> Author:
    """Who writes, as conflicted copies and the feed name it: the device or, without one, the user."""
    label = device.name if device is not None else user.name
    return Author(device.id if device is not None else None, label, core.keeper.now_ms)


async def store(mount: Mount, user: User, path: TreePath, upload: Arrived, device_id: str | None) -> TreePath:
    """Publish a sealed *upload*; where it is now. Durable when this returns.

    The same bytes under that name are fine; other bytes there stay, and the new ones get a free name beside them.
    """
    done = await mount.committer.carry_out(partial(plans.store, mount.ground, user, path, upload, device_id))
    assert done.stored is not None
    return done.stored.path


@dataclass(frozen=True, slots=True)
class Placed:
    """Where content that was written with knowledge is now."""

    path: TreePath
    seq: int
    is_new: bool  # nothing was there before, or it is a conflicted copy
    clash: Clash | None = None


async def put(
    mount: Mount,
    user: User,
    path: TreePath,
    upload: Arrived,
    knowledge: Knowledge,
    author: Author,
    require: Require = no_matter,
) -> Placed:
    """Publish a sealed *upload* at *path* if what stands there was known, else beside it. Durable when this returns.

    *require* gets the SHA-256 of what stands there and may refuse by raising.
    """
    done = await mount.committer.carry_out(
        partial(swap.put, mount.ground, user, path, upload, knowledge, author, require)
    )
    stored = done.stored
    assert stored is not None
    clash = await clashes.noted(mount, stored.clash) if stored.clash is not None else None
    return Placed(stored.path, done.seq, stored.verdict in (Verdict.FREE, Verdict.CLASH), clash)


async def remove(mount: Mount, user: User, path: TreePath, author: Author, require: Require = no_matter) -> None:
    """Move the file at *path* to the trash; raises NotFound."""
    await mount.committer.carry_out(partial(swap.remove, mount.ground, user, path, author, require))


async def throw_away(mount: Mount, user: User, path: TreePath, author: Author) -> None:
    """Move the file at *path*, or the folder with all that is in it, to the trash; raises NotFound."""
    await mount.committer.carry_out(partial(swap.throw_away, mount.ground, user, path, author))


async def move(
    mount: Mount, user: User, source: TreePath, target: TreePath, author: Author, require: Require = no_matter
) -> int:
    """Rename a file, or a folder with all that is in it; the last seq.

    Raises NotFound, and Conflict when the new place is taken. *require* is asked of files only.
    """
    done = await mount.committer.carry_out(partial(swap.move, mount.ground, user, source, target, author, require))
    return done.seq


async def restore_to(mount: Mount, user: User, place: str, target: TreePath, device_id: str | None) -> int:
    """Bring what lies at *place* of the trash back to *target*; its seq.

    Raises NotFound, and Conflict when *target* is taken.
    """
    done = await mount.committer.carry_out(partial(swap.restore, mount.ground, user, place, target, device_id))
    return next(seq for seq, _ in done.changes)


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


async def adopt_folder(mount: Mount, user: User, path: str) -> None:
    """Take note of an empty folder that another program made."""
    await mount.committer.carry_out(partial(folder_plans.adopt, mount.ground, user, path), durable=False)


def _batches(items: Sequence[str]) -> list[Sequence[str]]:
    return [items[start : start + BATCH] for start in range(0, len(items), BATCH)]
