"""How far each device has applied the feed, and how far back the feed remembers deletions."""

from __future__ import annotations

from syncd.db.database import Database, Transaction
from syncd.db.entries import NEVER
from syncd.model import Cursor


async def of_user(db: Database, user_id: int) -> dict[str, Cursor]:
    """By device; devices that never said anything are missing."""
    found = await db.read("SELECT device_id, seq, acked_ms FROM cursors WHERE user_id = ?", (user_id,))
    return {str(device): Cursor(int(seq or 0), int(acked or 0)) for device, seq, acked in found}


async def of_device(db: Database, device_id: str) -> int:
    """The seq up to which a device knows everything; 0 for one that never said."""
    found = await db.read("SELECT seq FROM cursors WHERE device_id = ?", (device_id,))
    return int(found[0][0] or 0) if found else 0


async def acknowledge(transaction: Transaction, device_id: str, user_id: int, seq: int, now_ms: int) -> None:
    await transaction.run("INSERT OR REPLACE INTO cursors VALUES (?,?,?,?)", (device_id, user_id, seq, now_ms))


async def means_something(db: Database, user_id: int, seq: int) -> bool:
    """Was *seq* given out by this index, and are all deletions since still remembered?"""
    found = await db.read(
        "SELECT ?2 <= coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'entries'), 0)"
        " AND ?2 >= coalesce((SELECT floor FROM floors WHERE user_id = ?1), 0)"
        " AND NOT EXISTS (SELECT 1 FROM gaps WHERE low < ?2 AND ?2 < high)",
        (user_id, min(seq, NEVER)),
    )
    return bool(found[0][0])


async def note_gap(transaction: Transaction, low: int, high: int) -> None:
    """No seq between *low* and *high* was or will be issued by this index."""
    await transaction.run("INSERT INTO gaps (low, high) VALUES (?, ?)", (low, high))


async def forget_deletions(transaction: Transaction, user_id: int, up_to_seq: int, before_ms: int, limit: int) -> int:
    """Drop the first *limit* tombstones that are that old and that far back, and move the floor; how many there were.

    The floor has to be below every tombstone that is left, so an old one behind a young one stays with it.
    """
    gone = await transaction.run(
        "DELETE FROM entries WHERE seq IN (SELECT seq FROM entries WHERE user_id = ?1 AND NOT live AND seq <= ?2"
        " AND seq < coalesce((SELECT min(seq) FROM entries WHERE user_id = ?1 AND NOT live AND changed_ms >= ?3), ?4)"
        " ORDER BY seq LIMIT ?5) RETURNING seq",
        (user_id, up_to_seq, before_ms, NEVER, limit),
    )
    if gone:
        await transaction.run(
            "INSERT INTO floors VALUES (?1, ?2) ON CONFLICT DO UPDATE SET floor = max(floor, ?2)",
            (user_id, max(int(seq or 0) for (seq,) in gone)),
        )
    return len(gone)
