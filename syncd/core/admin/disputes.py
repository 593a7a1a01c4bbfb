"""Conflicts: looked at and ended by whoever runs the box."""

from __future__ import annotations

from dataclasses import dataclass

from syncd.core import changes, clashes
from syncd.core.admin.people import user_called
from syncd.core.admin.wish import Disk, Ground, Wish
from syncd.core.clashes import Resolution
from syncd.errors import NotFound


@dataclass(frozen=True, slots=True)
class Dispute:
    """Two versions of a path that did not know of each other. An empty hash: that side deleted the file."""

    id: int
    user: str
    path: str
    device: str  # whose version is the copy; '' when it is not known any more
    copy: str | None  # where that version is; None: it was never sent
    local_hash: str
    server_hash: str
    detected_ms: int


@dataclass(frozen=True, slots=True)
class ListConflicts(Wish[list[Dispute]]):
    """What is not decided, of one user or of all, oldest first."""

    user: str | None = None

    disk = Disk.NEEDED

    async def grant(self, ground: Ground) -> list[Dispute]:
        core = ground.core
        owners = [await user_called(core, self.user)] if self.user is not None else await core.accounts.all()
        devices = {one.id: one.name for one in await core.accounts.devices()}
        with core.use() as mount:
            return [
                Dispute(
                    *(one.id, owner.name, one.path, devices.get(one.device_id, ""), one.copy),
                    *(one.local_hash.hex(), one.server_hash.hex(), one.detected_ms),
                )
                for owner in owners
                for one in await clashes.unresolved(mount, owner)
            ]


@dataclass(frozen=True, slots=True)
class ResolveConflict(Wish[bool]):
    """End one; is its device's version still to be sent? Raises NotFound."""

    number: int
    resolution: Resolution

    disk = Disk.NEEDED

    async def grant(self, ground: Ground) -> bool:
        core = ground.core
        with core.use() as mount:
            for owner in await core.accounts.all():
                if await clashes.get(mount, owner, self.number) is not None:
                    author = changes.author(core, owner)
                    done = await clashes.resolve(mount, owner, self.number, self.resolution, author)
                    return done.upload_required
        raise NotFound(f"there is no conflict {self.number}; see: syncd conflicts list")
