"""Versions of a path that did not know of each other."""

from __future__ import annotations

from syncd.db.database import Database, Row, Transaction, built
from syncd.model import Clash

_COLUMNS = "id, user_id, device_id, path, kind, local_hash, server_hash, copy, detected_ms, state"
_SAME = "user_id = ? AND device_id = ? AND path = ? AND local_hash = ? AND server_hash = ?"


def _clash(row: Row) -> Clash:
    return built(Clash, *row)


async def by_id(db: Database, user_id: int, clash_id: int) -> Clash | None:
    """That conflict, whatever became of it; None when it is another user's."""
    found = await db.read(f"SELECT {_COLUMNS} FROM conflicts WHERE id = ? AND user_id = ?", (clash_id, user_id))
    return _clash(found[0]) if found else None


async def same(
    db: Database, user_id: int, device_id: str, path: str, local_hash: bytes, server_hash: bytes
) -> Clash | None:
    """The conflict of these two versions that is not resolved yet."""
    found = await db.read(
        f"SELECT {_COLUMNS} FROM conflicts WHERE {_SAME} AND state != 'resolved'",
        (user_id, device_id, path, local_hash, server_hash),
    )
    return _clash(found[0]) if found else None


async def won_by(db: Database, user_id: int, path: str, local_hash: bytes, server_hash: bytes) -> Clash | None:
    """The conflict that was decided for content that is still to come, if that is it."""
    found = await db.read(
        f"SELECT {_COLUMNS} FROM conflicts WHERE user_id = ? AND path = ? AND local_hash = ? AND server_hash = ?"
        " AND state = 'client_wins' LIMIT 1",
        (user_id, path, local_hash, server_hash),
    )
    return _clash(found[0]) if found else None


async def forget_ended(transaction: Transaction, before_ms: int) -> int:
    """Drop conflicts of before then that were resolved, or whose copy is gone; how many."""
    gone = await transaction.run(
        "DELETE FROM conflicts WHERE detected_ms < ? AND (state = 'resolved' OR (copy IS NOT NULL AND NOT EXISTS"
        " (SELECT 1 FROM entries WHERE entries.user_id = conflicts.user_id AND path = copy AND live))) RETURNING id",
        (before_ms,),
    )
    return len(gone)


async def open_of(db: Database, user_id: int, after_id: int = 0, limit: int = -1) -> list[Clash]:
    """What still has to be decided. A conflict ends by itself when its copy was removed or renamed."""
    found = await db.read(
        f"SELECT {_COLUMNS} FROM conflicts WHERE user_id = ?1 AND state = 'open' AND id > ?2"
        " AND (copy IS NULL OR EXISTS (SELECT 1 FROM entries WHERE user_id = ?1 AND path = copy AND live))"
        " ORDER BY id LIMIT ?3",
        (user_id, after_id, limit),
    )
    return [_clash(row) for row in found]
