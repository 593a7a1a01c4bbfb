"""Keys of apps that keep their settings here: one for each user and app."""

from __future__ import annotations

from dataclasses import dataclass

from syncd.db.database import Database, Transaction, built


@dataclass(frozen=True, slots=True)
class AppKey:
    """That there is a key; itself it was shown once."""

    app: str
    created_ms: int
    used_ms: int | None  # to the day; None: never


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """Whose key has a given hash."""

    user_id: int
    app: str
    used_ms: int | None


async def of(db: Database, user_id: int) -> list[AppKey]:
    """The keys of a user, by app."""
    found = await db.read("SELECT app, created_ms, used_ms FROM app_keys WHERE user_id = ? ORDER BY app", (user_id,))
    return [built(AppKey, *row) for row in found]


async def holder(db: Database, digest: bytes) -> KeyHolder | None:
    """Whose key has that SHA-256."""
    found = await db.read("SELECT user_id, app, used_ms FROM app_keys WHERE hash = ?", (digest,))
    return built(KeyHolder, *found[0]) if found else None


async def put(transaction: Transaction, user_id: int, app: str, digest: bytes, now_ms: int) -> None:
    """The key of *app* from now on; one that was there before is gone."""
    await transaction.run(
        "INSERT OR REPLACE INTO app_keys (user_id, app, hash, created_ms) VALUES (?,?,?,?)",
        (user_id, app, digest, now_ms),
    )


async def touch(transaction: Transaction, digest: bytes, now_ms: int) -> None:
    """Note that the key is in use."""
    await transaction.run("UPDATE app_keys SET used_ms = ? WHERE hash = ?", (now_ms, digest))


async def remove(transaction: Transaction, user_id: int, app: str) -> bool:
    """End the key; False when there was none."""
    return bool(await transaction.run("DELETE FROM app_keys WHERE user_id = ? AND app = ? RETURNING 1", (user_id, app)))
