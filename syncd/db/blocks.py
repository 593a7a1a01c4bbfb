"""Of which blocks a content consists. Only hints: whoever copies a block hashes it again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from syncd.db.database import Database, Transaction

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
    return [bytes(one) for (one,) in found]  # type: ignore[arg-type]  # STRICT


async def note(transaction: Transaction, content: bytes, chunk_size: int, hashes: Sequence[bytes]) -> None:
    """Remember the blocks of a content."""
    await transaction.run_many(
        "INSERT OR REPLACE INTO blocks (content, chunk_size, position, hash) VALUES (?,?,?,?)",
        [(content, chunk_size, position, one) for position, one in enumerate(hashes)],
    )


async def held(db: Database, user_id: int, chunk_size: int, hashes: Sequence[bytes]) -> dict[bytes, Held]:
    """Where the live files of a user have these blocks; *hashes* are at most ASKED."""
    marks = ",".join("?" * len(hashes))
    found = await db.read(
        "SELECT blocks.hash, path, position * chunk_size FROM blocks JOIN entries ON entries.hash = content AND live"
        f" WHERE user_id = ? AND chunk_size = ? AND blocks.hash IN ({marks})"
        # A file of one block is its own map.
        f" UNION ALL SELECT hash, path, 0 FROM entries WHERE user_id = ? AND live AND size <= ? AND hash IN ({marks})",
        (user_id, chunk_size, *hashes, user_id, chunk_size, *hashes),
    )
    return {bytes(one): Held(bytes(one), str(path), int(offset)) for one, path, offset in found}  # type: ignore[arg-type]


async def forget_unused(transaction: Transaction, limit: int) -> None:
    """Drop maps of contents that no tree has any more, at most *limit* contents."""
    await transaction.run(
        "DELETE FROM blocks WHERE content IN (SELECT DISTINCT content FROM blocks AS old"
        " WHERE NOT EXISTS (SELECT 1 FROM entries WHERE entries.hash = old.content AND live) LIMIT ?)",
        (limit,),
    )
