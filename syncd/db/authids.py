"""Log-ins of SyncFile: what is kept of each authid."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from syncd.db.database import Database, Row, Transaction, blob, built
from syncd.model import Moment


@dataclass(frozen=True, slots=True)
class LogIn:
    """Whose it is, and when that was."""

    user_id: int
    since: Moment


async def at(db: Database, digest: bytes) -> LogIn | None:
    """The log-in whose authid has that SHA-256."""
    found = await db.read("SELECT user_id, created_ms, created_up_s, dated FROM authids WHERE hash = ?", (digest,))
    return _log_in(found[0]) if found else None


def _log_in(row: Row) -> LogIn:
    user_id, created_ms, created_up_s, dated = row
    since = built(Moment, created_ms, created_up_s, bool(dated))
    return built(partial(LogIn, since=since), user_id)


async def add(transaction: Transaction, digest: bytes, user_id: int, since: Moment, most: int) -> list[bytes]:
    """Keep one more of a user, and at most *most*; what is kept of those that had to go, the oldest."""
    await transaction.run(
        "INSERT INTO authids (hash, user_id, created_ms, created_up_s, dated) VALUES (?,?,?,?,?)",
        (digest, user_id, since.wall_ms, since.uptime_s, int(since.is_dated)),
    )
    gone = await transaction.run(
        "DELETE FROM authids WHERE user_id = ?1 AND rowid <="
        " (SELECT rowid FROM authids WHERE user_id = ?1 ORDER BY rowid DESC LIMIT 1 OFFSET ?2) RETURNING hash",
        (user_id, most),
    )
    return [blob(one) for (one,) in gone]


async def drop_of(transaction: Transaction, user_id: int) -> None:
    """End all log-ins of a user."""
    await transaction.run("DELETE FROM authids WHERE user_id = ?", (user_id,))


async def drop_over(transaction: Transaction, before: Moment) -> None:
    """Forget what was handed out at *before* or earlier, by uptime or, where both are dated, by the clock."""
    await transaction.run(
        "DELETE FROM authids WHERE created_up_s <= ?1 OR (?2 AND dated AND created_ms <= ?3)",
        (before.uptime_s, int(before.is_dated), before.wall_ms),
    )
