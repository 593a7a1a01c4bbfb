"""Of which blocks a content consists. Only hints: whoever copies a block hashes it again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from syncd.db.database import Database, Transaction, blob

ASKED = 500  # blocks in one query


@dataclass(frozen=True, slots=True)
class Held:
    """A block that some live file of the user should have."""

    hash: bytes
    path: str
    offset: int  # bytes


async def of(db: Database, content: bytes, chunk_size: int) -> list[bytes]:
    """The blocks of a content in order; empty when they are not known."""
    found = await db.read(
        "SELECT hash FROM blocks WHERE content = ? AND chunk_size = ? ORDER BY position", (content, chunk_size)
    )
    return [blob(one) for (one,) in found]


async def note(
    transaction: Transaction, content: bytes, chunk_size: int, hashes: Sequence[bytes], first: int = 0
) -> None:
    """Remember the blocks of a content from number *first* on.

    In one size only: whoever asks for all sizes must not fill the disk with maps.
    """
    await transaction.run("DELETE FROM blocks WHERE content = ? AND chunk_size != ?", (content, chunk_size))
    await transaction.run_many(
        "INSERT OR REPLACE INTO blocks (content, chunk_size, position, hash) VALUES (?,?,?,?)",
        [(content, chunk_size, position, one) for position, one in enumerate(hashes, first)],
    )


async def held(db: Database, user_id: int, chunk_size: int, hashes: Sequence[bytes]) -> dict[bytes, Held]:
    """Where the live files of a user have these blocks; *hashes* are at most ASKED."""
    values, user, size = ",".join(["(?)"] * len(hashes)), f"?{len(hashes) + 1}", f"?{len(hashes) + 2}"
    found = await db.read(
        # One place is enough: the block of zeros may be in a hundred thousand. Order of the join and the plus: by the
        # hash, not through the user's whole tree.
        f"WITH wanted(hash) AS (VALUES {values}) SELECT hash, coalesce("
        "(SELECT position || '/' || path FROM blocks CROSS JOIN entries ON entries.hash = content AND live"
        f" WHERE blocks.hash = wanted.hash AND chunk_size = {size} AND +user_id = {user} LIMIT 1),"
        # A file of one block is its own map.
        f"(SELECT 0 || '/' || path FROM entries WHERE entries.hash = wanted.hash AND live AND +user_id = {user}"
        f" AND size <= {size} LIMIT 1)) FROM wanted",
        (*hashes, user_id, chunk_size),
    )
    return {blob(one): _held(blob(one), str(place), chunk_size) for one, place in found if place is not None}


def _held(digest: bytes, place: str, chunk_size: int) -> Held:
    position, _, path = place.partition("/")
    return Held(digest, path, int(position) * chunk_size)


async def forget_unused(transaction: Transaction, limit: int) -> None:
    """Drop maps of contents that no tree has any more, at most *limit* contents."""
    await transaction.run(
        # From one content to the next, not from block to block.
        "DELETE FROM blocks WHERE content IN (WITH RECURSIVE old(content) AS (SELECT min(content) FROM blocks"
        " UNION ALL SELECT (SELECT min(content) FROM blocks WHERE content > old.content) FROM old"
        " WHERE old.content IS NOT NULL) SELECT content FROM old WHERE content IS NOT NULL"
        " AND NOT EXISTS (SELECT 1 FROM entries WHERE entries.hash = old.content AND live) LIMIT ?)",
        (limit,),
    )
