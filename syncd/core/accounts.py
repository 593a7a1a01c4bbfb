"""Users, and how they prove who they are: passwords, sessions, devices' keys."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from syncd.clock import DAY_MS
from syncd.core.names import candidates, fold, home_of
from syncd.core.passwords import Passwords, check_password
from syncd.core.throttle import Throttle
from syncd.core.timekeeper import Timekeeper
from syncd.db import devices, users
from syncd.db.database import Database
from syncd.errors import BadRequest, Conflict, NotFound, Unauthenticated
from syncd.model import RESERVED, Device, Principal, User, check_name

KEY_UNUSED_MS = 90 * DAY_MS  # a key nobody used for this long is no longer valid
DEVICES_PER_USER = 50
DEVICE_KINDS = ("phone", "tablet", "desktop", "laptop", "server", "other")
CACHED = 512  # principals kept in memory, so that a request costs no query

HomeIsFree = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Session:
    """A fresh log-in: the only time its token is seen."""

    user: User
    token: str  # 64 hex digits


def digest_of(token: str) -> bytes:
    """What is kept of a token: SHA-256; its 256 random bits need no salt."""
    return hashlib.sha256(token.encode(errors="replace")).digest()


class Accounts:
    """Who there is and who asks."""

    def __init__(
        self, db: Database, passwords: Passwords, throttle: Throttle, time: Timekeeper, session_days: int
    ) -> None:
        self._db = db
        self._passwords = passwords
        self._throttle = throttle
        self._time = time
        self._session_ms = session_days * DAY_MS
        self._cache: dict[bytes, Principal] = {}
        self._names: dict[str, User] = {}
        self._changes = 0

    def _changed(self) -> None:
        """Somebody was added, removed or revoked: what was remembered, or is being looked up, may be wrong."""
        self._changes += 1
        self._cache.clear()
        self._names.clear()

    def set_session_days(self, days: int) -> None:
        """Sessions end this long after their last use, from now on."""
        self._session_ms = days * DAY_MS
        self._changed()

    # Users

    async def find(self, name: str) -> User | None:
        """The user called *name* in any case, or whose public id that is."""
        known = self._names.get(name)
        if known is None:
            before = self._changes
            known = await users.find(self._db, fold(name), name)
            if known is not None and len(self._names) < CACHED and self._changes == before:
                self._names[name] = known
        return known

    async def get(self, name: str) -> User:
        """As find; raises NotFound."""
        found = await self.find(name)
        if found is None:
            raise NotFound(f"there is no user {name!r}")
        return found

    async def all(self) -> list[User]:
        return await users.all_of(self._db)

    async def add(
        self,
        name: str,
        password: str | None,
        *,
        role: str = "user",
        home_is_free: HomeIsFree = lambda home: True,
    ) -> User:
        """A new user; raises BadName, BadRequest for a weak password, Conflict when the name is taken.

        *home_is_free* says whether a folder may be given to somebody: one that holds another's files may not.
        """
        wanted = home_of(name)
        if password is not None:
            check_password(password)
        if await self.find(name) is not None:
            raise Conflict(f"there is a user {name.strip()!r} already")
        taken = {user.home for user in await self.all()} | RESERVED
        home = next(one for one in candidates(wanted) if one not in taken and home_is_free(one))
        stored = await self._passwords.hash(password) if password is not None else None
        async with self._db.write() as transaction:
            user_id = await users.add(
                transaction,
                public_id=secrets.token_hex(16),
                name=name.strip(),
                folded=fold(name),
                home=home,
                role=role,
                password=stored,
                now_ms=self._time.now_ms,
            )
        self._changed()
        found = await users.by_id(self._db, user_id)
        assert found is not None
        return found

    async def register(self, name: str, password: str, address: str, *, home_is_free: HomeIsFree) -> User:
        """As add, for a stranger: counted like a log-in, so that names cannot be tried out by the thousand."""
        self._throttle.require(fold(name), address)
        try:
            return await self.add(name, password, home_is_free=home_is_free)
        except Conflict:
            self._throttle.failed(fold(name), address)
            raise

    async def set_password(self, user: User, password: str | None) -> None:
        """A new password ends all sessions; None takes the password away. Keys of devices stay."""
        stored = await self._passwords.hash(check_password(password)) if password is not None else None
        async with self._db.write() as transaction:
            await users.set_password(transaction, user.id, stored)
            await devices.drop_tokens(transaction, user.id, "session")
        self._changed()

    async def remove(self, user: User) -> None:
        """Remove the account with its devices, sessions and keys. The files stay where they are."""
        async with self._db.write() as transaction:
            await users.remove(transaction, user.id)
        self._changed()

    # Log-in

    async def log_in(self, name: str, password: str, address: str) -> Session:
        """A session for the right password; raises Unauthenticated or TooManyAttempts."""
        account = fold(name)
        self._throttle.require(account, address)
        user = await self.find(name)
        stored = await users.password_of(self._db, user.id) if user is not None else None
        if not await self._passwords.matches(password, stored) or user is None or stored is None:
            self._throttle.failed(account, address)
            raise Unauthenticated("user name or password is wrong")
        self._throttle.succeeded(account, address)
        if self._passwords.wants_rehash(stored):
            await self._rehash(user, password)
        return await self.open_session(user)

    async def _rehash(self, user: User, password: str) -> None:
        stored = await self._passwords.hash(password)
        async with self._db.write() as transaction:
            await users.set_password(transaction, user.id, stored)

    async def open_session(self, user: User) -> Session:
        """A new session of *user*; those nobody used any more are forgotten on the way."""
        token = secrets.token_hex(32)
        now_ms = self._time.now_ms
        async with self._db.write() as transaction:
            if self._time.is_trusted():
                await devices.drop_unused(transaction, "session", now_ms - self._session_ms)
            await devices.add_token(transaction, digest_of(token), user.id, None, "session", now_ms)
        return Session(user, token)

    async def principal(self, token: str) -> Principal:
        """Who shows *token* (a session's or a key's); raises Unauthenticated."""
        digest = digest_of(token)
        known = self._cache.get(digest)
        if known is None:
            before = self._changes
            known = await self._look_up(digest)
            if len(self._cache) >= CACHED:
                self._cache.clear()
            if self._changes == before:
                self._cache[digest] = known
        return known

    async def _look_up(self, digest: bytes) -> Principal:
        found = await devices.token(self._db, digest)
        user = await users.by_id(self._db, found.user_id) if found is not None else None
        if found is None or user is None or self._is_stale(found):
            raise Unauthenticated("this token or key is not valid any more; sign in again")
        now_ms = self._time.now_ms
        if abs(now_ms - found.used_ms) > DAY_MS and self._time.is_trusted():
            async with self._db.write() as transaction:
                await devices.touch(transaction, digest, found.device_id, now_ms)
        return Principal(user, found.device_id)

    def _is_stale(self, found: devices.Token) -> bool:
        """Unused for too long. While the clock is not trusted nothing ends by it."""
        limit_ms = self._session_ms if found.use == "session" else KEY_UNUSED_MS
        return self._time.is_trusted() and self._time.now_ms - found.used_ms > limit_ms

    # Devices

    async def devices(self, user: User | None = None) -> list[Device]:
        return await devices.all_of(self._db, user.id if user is not None else None)

    async def add_device(self, user: User, name: str, kind: str = "phone") -> tuple[Device, str]:
        """A new device and its key, which is shown this once; raises BadName, BadRequest."""
        if kind not in DEVICE_KINDS:
            raise BadRequest(f"a device is one of: {', '.join(DEVICE_KINDS)}")
        if len(await self.devices(user)) >= DEVICES_PER_USER:
            raise BadRequest(f"a user has at most {DEVICES_PER_USER} devices; revoke one first")
        now_ms = self._time.now_ms
        device = Device(str(uuid.uuid4()), user.id, check_name(name.strip()), kind, now_ms, None, True)
        key = secrets.token_urlsafe(32)
        async with self._db.write() as transaction:
            await devices.add(transaction, device)
            await devices.add_token(transaction, digest_of(key), user.id, device.id, "key", now_ms)
        return device, key

    async def revoke_device(self, device_id: str) -> None:
        """The device's key is dead at once; raises NotFound."""
        async with self._db.write() as transaction:
            if not await devices.remove(transaction, device_id):
                raise NotFound(f"there is no device {device_id!r}; see: syncd device list")
        self._changed()

    def look_again(self) -> None:
        """Look everybody up again, so that use is noted and what is stale ends."""
        self._changed()
