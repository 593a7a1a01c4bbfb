"""Re-read what is stored and compare it with what was promised: finds bit rot before the last copy is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from syncd.core import tree
from syncd.core.core import Core
from syncd.core.plans import is_current, tree_place
from syncd.db import entries
from syncd.disk.root import FileState
from syncd.disk.staging import hash_file
from syncd.errors import NotFound
from syncd.model import Entry, User

PAUSE_S = 0.002


@dataclass(slots=True)
class Findings:
    """What was re-read. `damaged` files have the size and time they should have, and other bytes."""

    files: int = 0
    size: int = 0  # bytes
    damaged: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)  # by another program: a scan will take note
    missing: list[str] = field(default_factory=list)

    @property
    def is_fine(self) -> bool:
        return not self.damaged and not self.missing


async def check(core: Core, progress: Callable[[str], None] = lambda line: None) -> Findings:
    """Re-read and re-hash every file of every tree; what is right is marked as verified."""
    findings = Findings()
    for user in await core.accounts.all():
        async for page in tree.below(core, user, ""):
            await _page(core, user, page, findings)
            progress(f"{user.name}: {findings.files} files, {findings.size >> 20} MiB read")
    return findings


async def _page(core: Core, user: User, page: list[Entry], findings: Findings) -> None:
    right = [entry.seq for entry in page if await _is_right(core, user, entry, findings)]
    with core.use() as mount:
        async with mount.index.write(durable=False) as transaction:
            await entries.mark_verified(transaction, right, core.keeper.now_ms)


async def _is_right(core: Core, user: User, entry: Entry, findings: Findings) -> bool:
    shown = f"{user.home}/{entry.path}"
    place = tree_place(user, entry.path)
    findings.files += 1
    with core.use() as mount:
        state: FileState | None = await core.disk.run(mount.root.state, place)
        if state is None:
            findings.missing.append(shown)
            return False
        if not is_current(entry, state):
            findings.changed.append(shown)
            return False
        try:
            digest = await core.disk.run(hash_file, mount.root, place)
        except NotFound:
            findings.missing.append(shown)
            return False
    findings.size += state.size
    await asyncio.sleep(PAUSE_S)
    if digest != entry.hash:
        findings.damaged.append(shown)
    return digest == entry.hash
