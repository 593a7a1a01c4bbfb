"""Conflicts, and how a person ends them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Literal

from syncd.core import swap
from syncd.core.mount import Mount
from syncd.core.plans import Ground, Plan
from syncd.core.swap import Author
from syncd.db import conflicts, entries
from syncd.db.records import Clashed, Settled, Step
from syncd.errors import NotFound
from syncd.model import Clash, Reason, TreePath, User

MOST_SHOWN = 10_000  # who resolves these is shown the next

Resolution = Literal["server_wins", "client_wins", "keep_both"]


@dataclass(frozen=True, slots=True)
class Resolved:
    """What became of a conflict; *upload_required*: the device's bytes were never sent, and are wanted now."""

    clash: Clash
    upload_required: bool
    seq: int


async def noted(mount: Mount, clash: Clashed) -> Clash | None:
    """*clash* as it was written down; None when it is resolved by now."""
    return await conflicts.same(
        mount.index, clash.user_id, clash.device_id, clash.path, clash.local_hash, clash.server_hash
    )


async def unresolved(mount: Mount, user: User) -> list[Clash]:
    """What still has to be decided, oldest first; at most MOST_SHOWN."""
    return await conflicts.open_of(mount.index, user.id, limit=MOST_SHOWN)


async def get(mount: Mount, user: User, clash_id: int) -> Clash | None:
    """That conflict, whatever became of it; None when there is none."""
    return await conflicts.by_id(mount.index, user.id, clash_id)


async def resolve(mount: Mount, user: User, clash_id: int, resolution: Resolution, author: Author) -> Resolved:
    """End a conflict; raises NotFound when it is unknown or ended already."""
    done = await mount.committer.carry_out(partial(_plan, mount.ground, user, clash_id, resolution, author))
    clash = await conflicts.by_id(mount.index, user.id, clash_id)
    if clash is None:
        raise NotFound(_NONE)
    seq = done.seq
    if not seq and (entry := await entries.at(mount.index, user.id, clash.path)) is not None:
        seq = entry.seq
    return Resolved(clash, clash.state in ("client_wins", "keep_both"), seq)


_NONE = "there is no such conflict, or it is resolved already"


async def _plan(ground: Ground, user: User, clash_id: int, resolution: Resolution, author: Author) -> Plan:
    clash = await conflicts.by_id(ground.index, user.id, clash_id)
    if clash is None or clash.state == "resolved":
        raise NotFound(_NONE)
    copy = await _live_copy(ground, user, clash)
    resolved = Settled(clash.id, "resolved")
    if resolution == "client_wins" and copy is not None:
        return await swap.take_copy(ground, user, copy, TreePath.parse(clash.path), author, resolved)
    if resolution == "client_wins" and not clash.local_hash:  # the device deleted it
        return await _discard(ground, user, TreePath.parse(clash.path), author, resolved)
    if resolution == "server_wins" and copy is not None:
        return await _discard(ground, user, copy, author, resolved)
    if resolution != "server_wins" and copy is None and clash.local_hash:
        return Plan((Step(None, None, (Settled(clash.id, resolution),)),))
    return Plan((Step(None, None, (resolved,)),))


async def _live_copy(ground: Ground, user: User, clash: Clash) -> TreePath | None:
    if clash.copy is None:
        return None
    found = await entries.at(ground.index, user.id, clash.copy)
    return TreePath.parse(clash.copy) if found is not None and found.live else None


async def _discard(ground: Ground, user: User, path: TreePath, author: Author, resolved: Settled) -> Plan:
    """Move the loser to the trash, unless somebody did already."""
    try:
        plan = await swap.remove(ground, user, path, author, reason=Reason.CONFLICT)
    except NotFound:
        plan = Plan()
    return Plan((*plan.steps, Step(None, None, (resolved,))), touched=plan.touched)
