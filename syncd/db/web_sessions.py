"""Log-ins of the web page."""

from __future__ import annotations

from dataclasses import dataclass

from syncd.db.database import Database, Transaction, built


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A log-in, found by the hash of its cookie. Times are Unix ms."""

    user_id: int
    created_ms: int
    used_ms: int


async def find(db: Database, digest: bytes) -> SessionRow | None:
    found = await db.read("SELECT user_id, created_ms, used_ms FROM web_sessions WHERE hash = ?", (digest,))
    return built(SessionRow, *found[0]) if found else None


async def count(db: Database, user_id: int) -> int:
    """How many log-ins of the user there are."""
    [[number]] = await db.read("SELECT count(*) FROM web_sessions WHERE user_id = ?", (user_id,))
    assert isinstance(number, int)
    return number


async def add(transaction: Transaction, digest: bytes, user_id: int, now_ms: int) -> None:
    await transaction.run(
        "INSERT INTO web_sessions (hash, user_id, created_ms, used_ms) VALUES (?,?,?,?)",
        (digest, user_id, now_ms, now_ms),
    )


async def touch(transaction: Transaction, digest: bytes, now_ms: int) -> None:
    """Note that it is in use."""
    await transaction.run("UPDATE web_sessions SET used_ms = ? WHERE hash = ?", (now_ms, digest))


async def drop(transaction: Transaction, digest: bytes) -> None:
    """End one."""
    await transaction.run("DELETE FROM web_sessions WHERE hash = ?", (digest,))


async def drop_others(transaction: Transaction, user_id: int, kept: bytes) -> None:
    """End all of the user but the one with the hash *kept*."""
    await transaction.run("DELETE FROM web_sessions WHERE user_id = ? AND hash <> ?", (user_id, kept))


async def drop_all(transaction: Transaction, user_id: int) -> None:
    """End all of the user."""
    await transaction.run("DELETE FROM web_sessions WHERE user_id = ?", (user_id,))


async def keep_newest(transaction: Transaction, user_id: int, most: int) -> None:
    """End those of the user that were used longest ago, until *most* are left."""
    await transaction.run(
        "DELETE FROM web_sessions WHERE user_id = ?1 AND hash NOT IN"
        " (SELECT hash FROM web_sessions WHERE user_id = ?1 ORDER BY used_ms DESC, created_ms DESC LIMIT ?2)",
        (user_id, most),
    )


async def drop_ended(transaction: Transaction, unused_since_ms: int, created_before_ms: int) -> None:
    """Forget those that nobody used since, or that are that old."""
    await transaction.run(
        "DELETE FROM web_sessions WHERE used_ms < ? OR created_ms < ?", (unused_since_ms, created_before_ms)
    )
