"""Accounts."""

from __future__ import annotations

from syncd.db.database import Database, Row, Transaction, built
from syncd.model import User

CLOSED = "!"  # in the place of a password: none, and the name alone must not do either
_COLUMNS = f"id, public_id, name, home, role, password != '{CLOSED}', created_ms, password IS NULL"


def _user(row: Row) -> User:
    user_id, public_id, name, home, role, has_password, created_ms, is_open = row
    return built(User, user_id, public_id, name, home, role, bool(has_password), created_ms, bool(is_open))


async def find(db: Database, folded: str, public_id: str) -> User | None:
    """The user of that case-folded name or, failing that, of that public id."""
    found = await db.read(
        f"SELECT {_COLUMNS} FROM users WHERE folded = ?1 OR public_id = ?2 ORDER BY folded = ?1 DESC LIMIT 1",
        (folded, public_id),
    )
    return _user(found[0]) if found else None


async def by_id(db: Database, user_id: int) -> User | None:
    found = await db.read(f"SELECT {_COLUMNS} FROM users WHERE id = ?", (user_id,))
    return _user(found[0]) if found else None


async def all_of(db: Database) -> list[User]:
    """Every user, by name."""
    return [_user(row) for row in await db.read(f"SELECT {_COLUMNS} FROM users ORDER BY folded")]


async def password_of(db: Database, user_id: int) -> str | None:
    """The stored bcrypt hash; None for a user without a password."""
    found = await db.read("SELECT nullif(password, ?) FROM users WHERE id = ?", (CLOSED, user_id))
    return str(found[0][0]) if found and found[0][0] is not None else None


async def has_email(db: Database, email: str) -> bool:
    """Has somebody exactly that address?"""
    return bool(await db.read("SELECT 1 FROM users WHERE email = ?", (email,)))


async def add(
    transaction: Transaction, *, public_id: str, name: str, folded: str, home: str, role: str,
    password: str | None, email: str | None, now_ms: int
) -> int:  # fmt: skip
    """The new user's id; raises Conflict when name, home or e-mail address is taken."""
    [user_id] = await transaction.one(
        "INSERT INTO users (public_id, name, folded, home, role, password, email, created_ms)"
        " VALUES (?,?,?,?,?,?,?,?)"
        " RETURNING id",
        (public_id, name, folded, home, role, password, email, now_ms),
    )
    assert isinstance(user_id, int)
    return user_id


async def set_password(transaction: Transaction, user_id: int, password: str | None) -> None:
    await transaction.run("UPDATE users SET password = ? WHERE id = ?", (password, user_id))


async def replace_password(transaction: Transaction, user_id: int, old: str, new: str) -> bool:
    """Set the stored hash *new* in the place of *old*; was that still the one?"""
    sql = "UPDATE users SET password = ? WHERE id = ? AND password = ? RETURNING id"
    return bool(await transaction.run(sql, (new, user_id, old)))


async def has_password(transaction: Transaction, user_id: int, stored: str) -> bool:
    """Is *stored* what is kept of the user's password now?"""
    return bool(await transaction.run("SELECT 1 FROM users WHERE id = ? AND password = ?", (user_id, stored)))


async def remove(transaction: Transaction, user_id: int) -> None:
    """Remove the account with its devices, sessions and keys."""
    await transaction.run("DELETE FROM users WHERE id = ?", (user_id,))
