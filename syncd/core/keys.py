"""Keys with which apps reach the settings they keep here (SxncD): one for each user and app, shown once."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from syncd.clock import DAY_MS
from syncd.config import Config
from syncd.core.accounts import Accounts, digest_of
from syncd.core.remembered import Remembered
from syncd.core.timekeeper import Timekeeper
from syncd.db import app_keys
from syncd.db.app_keys import AppKey
from syncd.db.database import Database
from syncd.errors import NotFound
from syncd.model import User

__all__ = ["AppKey", "AppKeys"]


class AppKeys:
    """Makes, finds and ends keys. *config* gives the configuration as it is now."""

    def __init__(self, db: Database, accounts: Accounts, keeper: Timekeeper, config: Callable[[], Config]) -> None:
        self._db = db
        self._accounts = accounts
        self._keeper = keeper
        self._config = config
        self._changes = 0  # keys made and ended
        self._holders: Remembered[bytes, tuple[User, str] | None] = Remembered(
            lambda: (self._changes, accounts.changes)
        )

    async def rotate(self, user: User, app: str) -> str:
        """A new key, 64 hex digits, which is seen this once; the old one is dead at once. Raises NotFound.

        What is stored of the app, and its devices, stay.
        """
        if self._config().app(app) is None:
            raise NotFound(f"there is no app {app!r} here; {self._possible()}")
        key = secrets.token_hex(32)
        async with self._db.write() as transaction:
            await app_keys.put(transaction, user.id, app, digest_of(key), self._keeper.now_ms)
        self._changes += 1
        return key

    def _possible(self) -> str:
        names = ", ".join(one.name for one in self._config().apps)
        there = f"there is: {names}. To have another" if names else "to have one"
        return f"{there}, add its section [app:NAME] to the configuration and restart the daemon (or send it SIGHUP)"

    async def of(self, user: User) -> list[AppKey]:
        """The keys of *user*, by app; also of apps whose section is gone."""
        return await app_keys.of(self._db, user.id)

    async def revoke(self, user: User, app: str) -> None:
        """The key is dead at once; raises NotFound."""
        async with self._db.write() as transaction:
            if not await app_keys.remove(transaction, user.id, app):
                raise NotFound(f"{user.name} has no key for {app}; see: syncd key list")
        self._changes += 1

    async def find(self, key: str) -> tuple[User, str] | None:
        """Whose key that is, and for which app; None for one that is dead, or whose app has no section any more."""
        digest = digest_of(key)
        found = await self._holders.get(digest, lambda: self._look_up(digest))
        return found if found is not None and self._config().app(found[1]) is not None else None

    async def _look_up(self, digest: bytes) -> tuple[User, str] | None:
        holder = await app_keys.holder(self._db, digest)
        user = await self._accounts.by_id(holder.user_id) if holder is not None else None
        if holder is None or user is None:
            return None
        now_ms = self._keeper.now_ms
        if holder.used_ms is None or (abs(now_ms - holder.used_ms) > DAY_MS and self._keeper.is_trusted()):
            async with self._db.write() as transaction:
                await app_keys.touch(transaction, digest, now_ms)
        return user, holder.app
