"""Log-ins of SyncFile: what is kept of each authid."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from syncd.db import moments
from syncd.db.database import Database, Transaction, blob, built
from syncd.model import Moment


@dataclass(frozen=True, slots=True)
class LogIn:
    """Whose it is, and when that was."""

    user_id: int
    since: Moment


async def at(db: Database, digest: bytes) -> LogIn | None:
    """The log-in whose authid has that SHA-256."""
    found = await db.read(f"SELECT user_id, {moments.COLUMNS} FROM authids WHERE hash = ?", (digest,))
    if not found:
        return None
    user_id, *since = found[0]
    return built(partial(LogIn, since=moments.read(*since)), user_id)


async def add(transaction: Transaction, digest: bytes, user_id: int, since: Moment, most: int) -> list[bytes]:
    """Keep one more of a user, and at most *most*; what is kept of those that had to go, the oldest."""
    await transaction.run(
        f"INSERT INTO authids (hash, user_id, {moments.COLUMNS}) VALUES (?,?,?,?,?)",
        (digest, user_id, *moments.written(since)),
    )
    return [blob(one) for (one,) in await moments.drop_oldest(transaction, "authids", user_id, most)]


async def drop_of(transaction: Transaction, user_id: int) -> None:
    """End all log-ins of a user."""
    await transaction.run("DELETE FROM authids WHERE user_id = ?", (user_id,))
