"""Whom other services know as whom."""

from __future__ import annotations

from dataclasses import dataclass

from syncd.db.database import Database, Transaction, built

_COLUMNS = "issuer, subject, label, user_id, created_ms"


@dataclass(frozen=True, slots=True)
class Identity:
    """An account at another service, and the user here that it belongs to."""

    issuer: str
    subject: str
    label: str  # name or e-mail there, for people
    user_id: int
    created_ms: int


async def find(db: Database, issuer: str, subject: str) -> Identity | None:
    found = await db.read(f"SELECT {_COLUMNS} FROM identities WHERE issuer = ? AND subject = ?", (issuer, subject))
    return built(Identity, *found[0]) if found else None


async def all_of(db: Database, user_id: int | None = None) -> list[Identity]:
    """Those of one user, or (None) of all, the oldest first."""
    found = await db.read(
        f"SELECT {_COLUMNS} FROM identities WHERE ?1 IS NULL OR user_id = ?1 ORDER BY created_ms, issuer, subject",
        (user_id,),
    )
    return [built(Identity, *row) for row in found]


async def add(transaction: Transaction, identity: Identity) -> None:
    """Link it; raises Conflict when it belongs to somebody already."""
    await transaction.run(
        f"INSERT INTO identities ({_COLUMNS}) VALUES (?,?,?,?,?)",
        (identity.issuer, identity.subject, identity.label, identity.user_id, identity.created_ms),
    )


async def relabel(transaction: Transaction, issuer: str, subject: str, label: str) -> None:
    """Note what the account is called there now."""
    await transaction.run("UPDATE identities SET label = ? WHERE issuer = ? AND subject = ?", (label, issuer, subject))


async def remove(transaction: Transaction, user_id: int, issuer: str, subject: str) -> bool:
    """Unlink it from the user; False when it did not belong to them."""
    return bool(
        await transaction.run(
            "DELETE FROM identities WHERE user_id = ? AND issuer = ? AND subject = ? RETURNING 1",
            (user_id, issuer, subject),
        )
    )
