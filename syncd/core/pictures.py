"""Thumbnails and previews that nobody needs any more."""

from __future__ import annotations

from syncd.core.core import Core
from syncd.core.mount import Mount
from syncd.db import entries, media, trash
from syncd.disk import derived


async def forget_unused(mount: Mount, digest: bytes) -> bool:
    """Drop the pictures of a content that is in no tree and no trash; False when somebody has it."""
    if await trash.holds_hash(mount.index, digest) or await entries.owner_of_hash(mount.index, digest):
        return False
    await mount.disk.run(derived.forget, mount.root, digest)
    async with mount.index.write(durable=False) as transaction:
        await media.forget(transaction, digest)
    return True


async def sweep(core: Core) -> int:
    """Drop every picture that nobody needs; how many contents."""
    with core.use() as mount:
        kept = await core.disk.run(lambda: set(derived.digests(mount.root)))
        return sum([await forget_unused(mount, digest) for digest in kept])
