"""What an upload in chunks amounts to once all are here: its hash, its damage, its block map."""

from __future__ import annotations

import hashlib

from syncd.core import block_maps
from syncd.core.chunks import Progress
from syncd.core.plans import Ground
from syncd.core.uploads import Uploads
from syncd.disk.pool import DiskPool
from syncd.disk.staging import PartFile

HOP_BYTES = 64 << 20  # hashed in one hop: then somebody else has the thread, and the disk may go away


async def hash_whole(uploads: Uploads, progress: Progress, part: PartFile) -> bytes:
    """SHA-256 of the whole; reads only what did not pass in order."""
    session = progress.session
    at = min(progress.hashed * session.chunk_size, session.size)
    running = progress.running.copy()
    while at < session.size:
        uploads.require_open()
        end = min(at + HOP_BYTES, session.size)
        await uploads.disk.run(part.hash, running, at, end)
        at = end
    progress.running, progress.hashed = running, session.chunk_count
    return running.digest()


async def find_damage(disk: DiskPool, progress: Progress, part: PartFile) -> None:
    """Where each chunk's hash is known, only the wrong ones have to be sent again."""
    session = progress.session
    progress.forget_hash()
    if session.blocks is None:
        return
    for index in range(session.chunk_count):
        running = hashlib.sha256()
        start = index * session.chunk_size
        await disk.run(part.hash, running, start, start + session.length_of(index))
        if running.digest() != session.block(index):
            progress.received.discard(index)


async def remember_blocks(ground: Ground, progress: Progress, digest: bytes) -> None:
    """Keep the map of a content, if the hash of each chunk was seen in this run."""
    session = progress.session
    known = [progress.digest_of(index) for index in range(session.chunk_count)]
    hashes = [one for one in known if one is not None]
    if session.chunk_count > 1 and len(hashes) == len(known):
        await block_maps.remember(ground, digest, session.chunk_size, hashes)
