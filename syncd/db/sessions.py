"""Uploads in chunks."""

from __future__ import annotations

from collections.abc import Sequence

from syncd.db.database import Database, Row, Transaction, built
from syncd.model import UploadSession

_COLUMNS = (
    "id, user_id, device_id, path, size, hash, chunk_size, mtime_ms, base_hash, known_seq, blocks, received,"
    " created_ms, touched_ms, stored, stored_hash, seq, conflict_id"
)


def _session(row: Row) -> UploadSession:
    return built(UploadSession, *row)


async def by_id(db: Database, session_id: str) -> UploadSession | None:
    found = await db.read(f"SELECT {_COLUMNS} FROM sessions WHERE id = ?", (session_id,))
    return _session(found[0]) if found else None


async def add(transaction: Transaction, session: UploadSession, uptime_s: int) -> None:
    await transaction.run(
        f"INSERT INTO sessions ({_COLUMNS}, touched_up_s) VALUES ({','.join('?' * 19)})",
        (
            *(session.id, session.user_id, session.device_id, session.path, session.size, session.hash),
            *(session.chunk_size, session.mtime_ms, session.base_hash, session.known_seq, session.blocks),
            *(session.received, session.created_ms, session.touched_ms),
            *(session.stored, session.stored_hash, session.seq, session.conflict_id, uptime_s),
        ),
    )


async def note_received(transaction: Transaction, session_id: str, received: bytes, now_ms: int, uptime_s: int) -> None:
    """The bytes of these chunks are durable."""
    await transaction.run(
        "UPDATE sessions SET received = ?, touched_ms = ?, touched_up_s = ? WHERE id = ? AND stored IS NULL",
        (received, now_ms, uptime_s, session_id),
    )


async def remove(transaction: Transaction, session_ids: Sequence[str]) -> None:
    await transaction.run_many("DELETE FROM sessions WHERE id = ?", [(one,) for one in session_ids])


async def open_ones(db: Database) -> list[UploadSession]:
    """Every upload that is not complete, the one touched longest ago first."""
    found = await db.read(f"SELECT {_COLUMNS} FROM sessions WHERE stored IS NULL ORDER BY touched_ms, rowid")
    return [_session(row) for row in found]


async def open_bytes(db: Database, user_id: int) -> int:
    """What the uploads of a user that are not complete will come to."""
    found = await db.read(
        "SELECT coalesce(sum(size), 0) FROM sessions WHERE user_id = ? AND stored IS NULL", (user_id,)
    )
    return int(found[0][0] or 0)


async def expired(db: Database, before_ms: int, before_up_s: int) -> list[str]:
    """Ids of those, complete or not, that nobody touched since: by the clock *and* by the hours the box was up."""
    found = await db.read(
        "SELECT id FROM sessions WHERE touched_ms <= ? AND touched_up_s <= ?", (before_ms, before_up_s)
    )
    return [str(session_id) for (session_id,) in found]
