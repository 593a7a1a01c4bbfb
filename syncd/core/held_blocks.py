"""Blocks of an upload that the user has already: copied on the disk instead of being sent."""

from __future__ import annotations

import os
from collections.abc import Callable

from syncd.core.chunks import Progress
from syncd.core.plans import Ground, tree_place
from syncd.db import blocks
from syncd.db.blocks import Held
from syncd.disk.faults import translated
from syncd.disk.staging import PartFile
from syncd.model import User


async def copy(ground: Ground, open_part: Callable[[str], PartFile], user: User, progress: Progress) -> None:
    """Copy every block that a file of the user has, at any place on the block grid."""
    session = progress.session
    wanted: dict[bytes, list[int]] = {}
    for index in range(session.chunk_count):
        wanted.setdefault(session.block(index) or b"", []).append(index)
    with translated():
        part = open_part(session.id)
    try:
        names = list(wanted)
        for start in range(0, len(names), blocks.ASKED):
            asked = names[start : start + blocks.ASKED]
            held = await blocks.held(ground.index, user.id, session.chunk_size, asked)
            for digest, found in held.items():
                await ground.disk.run(_copy, ground, part, progress, user, found, wanted[digest])
    finally:
        part.close()


def _copy(ground: Ground, part: PartFile, progress: Progress, user: User, found: Held, indexes: list[int]) -> None:
    """Copy one block to where it is wanted, if it still is what it was."""
    session = progress.session
    try:
        source = ground.root.open_file(tree_place(user, found.path))
    except OSError:
        return
    try:
        for index in indexes:
            length = session.length_of(index)
            copied = part.copy_block(source, found.offset, index * session.chunk_size, length)
            if copied == found.hash and index not in progress.writers:
                progress.received.add(index)
                progress.unsaved += length
    finally:
        os.close(source)
