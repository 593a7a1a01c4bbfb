"""Settings that apps keep here: what was saved, and by which devices.

The functions that take a connection are parts of one transaction that is one trip (`Database.transact`).
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from syncd.db.database import Database, built

_VERSION = "id, app, device, saved_ms, stored_ms, length(CAST(data AS BLOB))"
_SAVE = "id, saved_ms, said_ms, device, data"


@dataclass(frozen=True, slots=True)
class Version:
    """One save, without what was saved."""

    id: int
    app: str
    device: str  # whose save it was
    saved_ms: int  # Unix ms, what counts; may be before 1970
    stored_ms: int  # Unix ms, when it came here
    size: int  # bytes


@dataclass(frozen=True, slots=True)
class Save:
    """One save with what was saved."""

    id: int
    saved_ms: int
    said_ms: int  # as the device said
    device: str
    data: str


@dataclass(frozen=True, slots=True)
class AppDevice:
    """A device that has synced an app."""

    name: str
    seen_ms: int  # Unix ms of the last contact, to the hour


async def devices(db: Database, user_id: int, app: str) -> list[AppDevice]:
    """By name."""
    found = await db.read(
        "SELECT name, seen_ms FROM settings_devices WHERE user_id = ? AND app = ? ORDER BY name", (user_id, app)
    )
    return [built(AppDevice, *row) for row in found]


async def versions(db: Database, user_id: int, app: str | None = None) -> list[Version]:
    """The saves of one app or (None) of all, the newest first: the first of an app is what counts."""
    found = await db.read(
        f"SELECT {_VERSION} FROM settings WHERE user_id = ?1 AND (?2 IS NULL OR app = ?2) ORDER BY id DESC",
        (user_id, app),
    )
    return [built(Version, *row) for row in found]


def newest(connection: sqlite3.Connection, user_id: int, app: str) -> Save | None:
    """What counts; None when nothing was saved yet."""
    found = connection.execute(
        f"SELECT {_SAVE} FROM settings WHERE user_id = ? AND app = ? ORDER BY id DESC LIMIT 1", (user_id, app)
    ).fetchone()
    return built(Save, *found) if found is not None else None


def numbered(connection: sqlite3.Connection, user_id: int, app: str, number: int) -> Save | None:
    """The save of that number, if it is of this user and app."""
    found = connection.execute(
        f"SELECT {_SAVE} FROM settings WHERE id = ? AND user_id = ? AND app = ?", (number, user_id, app)
    ).fetchone()
    return built(Save, *found) if found is not None else None


async def owner(db: Database, number: int) -> tuple[int, str] | None:
    """The user and the app of the save of that number."""
    found = await db.read("SELECT user_id, app FROM settings WHERE id = ?", (number,))
    return built(_pair, *found[0]) if found else None


def _pair(user_id: int, app: str) -> tuple[int, str]:
    return user_id, app


def add(connection: sqlite3.Connection, user_id: int, app: str, save: Save, now_ms: int, keep: int) -> None:
    """Make *save* what counts, under a number of its own; of all before it the last *keep* - 1 stay."""
    connection.execute(
        "INSERT INTO settings (user_id, app, saved_ms, said_ms, data, device, stored_ms) VALUES (?,?,?,?,?,?,?)",
        (user_id, app, save.saved_ms, save.said_ms, save.data, save.device, now_ms),
    )
    connection.execute(
        "DELETE FROM settings WHERE id IN"
        " (SELECT id FROM settings WHERE user_id = ? AND app = ? ORDER BY id DESC LIMIT -1 OFFSET ?)",
        (user_id, app, keep),
    )


def set_saved(connection: sqlite3.Connection, number: int, saved_ms: int) -> None:
    """What counts as the time of a save."""
    connection.execute("UPDATE settings SET saved_ms = ? WHERE id = ?", (saved_ms, number))


def meet(connection: sqlite3.Connection, user_id: int, app: str, name: str, now_ms: int, fresh_ms: int) -> bool:
    """Note that the device is here; True when it has been before. A note younger than *fresh_ms* is good enough."""
    found = connection.execute(
        "SELECT seen_ms FROM settings_devices WHERE user_id = ? AND app = ? AND name = ?", (user_id, app, name)
    ).fetchone()
    if found is None or abs(now_ms - found[0]) >= fresh_ms:
        connection.execute(
            "INSERT OR REPLACE INTO settings_devices (user_id, app, name, seen_ms) VALUES (?,?,?,?)",
            (user_id, app, name, now_ms),
        )
    return found is not None


def keep_devices(connection: sqlite3.Connection, user_id: int, app: str, name: str, others: int) -> None:
    """Forget all but *name* and the *others* that were here last: by the clock, which may have been wrong."""
    connection.execute(
        "DELETE FROM settings_devices WHERE user_id = ?1 AND app = ?2 AND name IN (SELECT name FROM settings_devices"
        " WHERE user_id = ?1 AND app = ?2 AND name != ?3 ORDER BY seen_ms DESC, name LIMIT -1 OFFSET ?4)",
        (user_id, app, name, others),
    )


def forget_device(connection: sqlite3.Connection, user_id: int, app: str, name: str) -> bool:
    """False when it was not known."""
    found = connection.execute(
        "DELETE FROM settings_devices WHERE user_id = ? AND app = ? AND name = ? RETURNING 1", (user_id, app, name)
    )
    return found.fetchone() is not None
