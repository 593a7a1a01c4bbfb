"""Saves, versions and devices of each user and app. They live in the accounts database: no disk is needed for them."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace

from syncd.core.settings.incoming import Incoming
from syncd.core.settings.pace import Pace
from syncd.core.settings.rule import Action, Stamp, beating, decide, is_ahead
from syncd.core.timekeeper import Timekeeper
from syncd.db import app_settings as rows
from syncd.db.app_settings import AppDevice, Save, Version
from syncd.db.database import Database
from syncd.errors import NotFound, TooLarge
from syncd.model import User
from syncd.sections import SettingsSection

HOUR_MS = 3_600_000
LAST_NUMBER = (1 << 63) - 1  # of a row in SQLite
DEVICES_PER_APP = 200  # of one user; beyond it the one not seen for longest is forgotten, and is new when it returns

__all__ = ["AppDevice", "Outcome", "Settings", "Version"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What it is told: what counts from now on."""

    action: Action
    data: str
    saved_ms: int


class Settings:
    """Settings of apps. *section* gives `[settings]` as it is now."""

    def __init__(self, db: Database, keeper: Timekeeper, section: Callable[[], SettingsSection]) -> None:
        self._db = db
        self._keeper = keeper
        self._section = section
        self._pace = Pace(time.monotonic)

    def turn(self, user: User, app: str) -> AbstractAsyncContextManager[None]:
        """For as long as a call of the app lasts; entering it waits, or raises TooManyAttempts."""
        return self._pace.turn((user.id, app))

    async def update(self, user: User, app: str, incoming: Incoming) -> Outcome:
        """Store what is newer and give back what counts, in one transaction; raises TooLarge, StorageFull …"""
        section, now_ms, trusted_ms = self._section(), self._keeper.now_ms, self._trusted_ms()
        if len(incoming.data.encode()) > section.max_kb << 10:
            raise TooLarge(f"settings may have at most {section.max_kb} KiB here; see [settings] max_kb")

        def work(connection: sqlite3.Connection) -> Outcome:
            is_known = rows.meet(connection, user.id, app, incoming.device, now_ms, HOUR_MS)
            if not is_known:
                rows.keep_devices(connection, user.id, app, incoming.device, DEVICES_PER_APP - 1)
            stored = _newest(connection, user, app, trusted_ms)
            verdict = decide(_stamp(stored) if stored else None, is_known, incoming.said_ms, trusted_ms)
            if verdict.stamp is not None:
                stamp = verdict.stamp
                stored = Save(0, stamp.saved_ms, stamp.said_ms, incoming.device, incoming.data)
                rows.add(connection, user.id, app, stored, now_ms, section.keep)
            assert stored is not None  # nothing there: the verdict has stored the request
            return Outcome(verdict.action, stored.data, stored.saved_ms)

        return await self._db.transact(work)

    def _trusted_ms(self) -> int | None:
        return self._keeper.now_ms if self._keeper.is_trusted() else None

    # What was saved

    async def versions(self, user: User, app: str | None = None) -> list[Version]:
        """The saves of one app or of all, the newest first: the first of an app is what counts."""
        return await rows.versions(self._db, user.id, app)

    async def owner(self, number: int) -> tuple[int, str]:
        """The id of the user and the app of a save; raises NotFound."""
        found = await rows.owner(self._db, number)
        if found is None:
            raise NotFound(f"there is no save {number}; see: syncd settings list")
        return found

    async def read(self, user: User, app: str, number: int) -> str:
        """What was saved under *number*; raises NotFound."""
        return (await self._db.transact(lambda connection: _numbered(connection, user, app, number))).data

    async def restore(self, user: User, app: str, number: int) -> None:
        """Save an older version anew, so that every device takes it; raises NotFound."""
        keep, now_ms, trusted_ms = self._section().keep, self._keeper.now_ms, self._trusted_ms()

        def work(connection: sqlite3.Connection) -> None:
            wanted = _numbered(connection, user, app, number)
            stamp = beating(_stamp(rows.newest(connection, user.id, app) or wanted), trusted_ms)
            anew = replace(wanted, saved_ms=stamp.saved_ms, said_ms=stamp.said_ms)
            rows.add(connection, user.id, app, anew, now_ms, keep)

        await self._db.transact(work)

    # Who saved

    async def devices(self, user: User, app: str) -> list[AppDevice]:
        """The devices that have synced the app, by name."""
        return await rows.devices(self._db, user.id, app)

    async def forget_device(self, user: User, app: str, name: str) -> None:
        """It is new at its next call: what it brings then is not stored. Raises NotFound."""
        if not await self._db.transact(lambda connection: rows.forget_device(connection, user.id, app, name)):
            raise NotFound(f"no device {name!r} has synced {app}")


def _newest(connection: sqlite3.Connection, user: User, app: str, trusted_ms: int | None) -> Save | None:
    """What counts; a time far ahead, from when nobody could tell, counts as now once the clock is trusted."""
    stored = rows.newest(connection, user.id, app)
    if stored is None or trusted_ms is None or not is_ahead(stored.saved_ms, trusted_ms):
        return stored
    rows.set_saved(connection, stored.id, trusted_ms)
    return replace(stored, saved_ms=trusted_ms)


def _stamp(save: Save) -> Stamp:
    return Stamp(save.saved_ms, save.said_ms)


def _numbered(connection: sqlite3.Connection, user: User, app: str, number: int) -> Save:
    found = rows.numbered(connection, user.id, app, number) if 0 < number <= LAST_NUMBER else None
    if found is None:
        raise NotFound(f"there is no save {number} of {app}")
    return found
