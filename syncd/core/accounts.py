"""Users, and how they prove who they are: passwords, sessions, devices' keys."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace

from syncd.clock import DAY_MS
from syncd.core.names import candidates, fold, home_of
from syncd.core.passwords import MIN_CHARACTERS, Passwords, check_password
from syncd.core.proof import Proof, wrong_password
from syncd.core.remembered import Remembered
from syncd.core.throttle import Throttle
from syncd.core.timekeeper import Timekeeper
from syncd.core.tokens import Signer, looks_signed
from syncd.db import authids, devices, identities, users, web_sessions
from syncd.db.database import Database, Transaction
from syncd.db.identities import Identity
from syncd.errors import BadRequest, Conflict, Forbidden, NotFound, Unauthenticated
from syncd.model import RESERVED, Device, Principal, User, check_name

KEY_UNUSED_MS = 90 * DAY_MS  # a key nobody used for this long is no longer valid
DEVICES_PER_USER = 50
DEVICE_KINDS = ("phone", "tablet", "desktop", "laptop", "server", "other")
ABOUT_CHARACTERS = 200  # what a device says of its program and system

HomeIsFree = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Session:
    """A fresh log-in: the only time its token is seen."""

    user: User
    token: str
    expires_ms: int


def digest_of(token: str) -> bytes:
    """What is kept of a token: SHA-256; its 256 random bits need no salt."""
    return hashlib.sha256(token.encode(errors="replace")).digest()


class Accounts:
    """Who there is and who asks."""

    def __init__(
        self,
        db: Database,
        passwords: Passwords,
        throttle: Throttle,
        time: Timekeeper,
        signer: Signer,
        session_days: int,
    ) -> None:
        self._db = db
        self._passwords = passwords
        self._throttle = throttle
        self._time = time
        self._signer = signer
        self._session_ms = session_days * DAY_MS
        self._changes = 0
        # So that a request costs no query.
        self._principals: Remembered[bytes, Principal] = Remembered(lambda: self._changes)
        self._names: Remembered[str, User | None] = Remembered(lambda: self._changes)

    def _changed(self) -> None:
        """Somebody was added, removed or revoked: what was remembered, or is being looked up, may be wrong."""
        self._changes += 1

    @property
    def changes(self) -> int:
        """How often somebody was added, removed or revoked: whoever remembers a user forgets when it grows."""
        return self._changes

    def set_session_days(self, days: int) -> None:
        """Sessions end this long after their last use, from now on."""
        self._session_ms = days * DAY_MS
        self._changed()

    # Users

    async def by_id(self, user_id: int) -> User | None:
        return await users.by_id(self._db, user_id)

    async def find(self, name: str) -> User | None:
        """The user called *name* in any case, or whose public id that is."""
        return await self._names.get(name, lambda: users.find(self._db, fold(name), name))

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
        email: str | None = None,
        least: int = MIN_CHARACTERS,
        home_is_free: HomeIsFree = lambda home: True,
        identity: Identity | None = None,
    ) -> User:
        """A new user; raises BadName, BadRequest for a weak password, Conflict when the name or *email* is taken.

        *least*: characters of the password. *home_is_free* says whether a folder may be given to somebody: one that
        holds another's files may not. *identity* is linked in the same step; its user_id does not count. Such a user
        signs in there: without a password, the name alone does nowhere.
        """
        wanted = home_of(name)
        if password is not None:
            check_password(password, least)
        await self._require_free(name, email)
        taken = {user.home for user in await self.all()} | RESERVED
        home = next(one for one in candidates(wanted) if one not in taken and home_is_free(one))
        none = users.CLOSED if identity is not None else None
        stored = await self._passwords.hash(password) if password is not None else none
        async with self._db.write() as transaction:
            await self._require_free(name, email)  # somebody may have been quicker while the password was hashed
            user_id = await users.add(
                transaction,
                public_id=secrets.token_hex(16),
                name=name.strip(),
                folded=fold(name),
                home=home,
                role=role,
                password=stored,
                email=email,
                now_ms=self._time.now_ms,
            )
            if identity is not None:
                await identities.add(transaction, replace(identity, user_id=user_id))
        self._changed()
        found = await users.by_id(self._db, user_id)
        assert found is not None
        return found

    async def _require_free(self, name: str, email: str | None) -> None:
        if await self.find(name) is not None:
            raise Conflict(f"there is a user {name.strip()!r} already", code="user_exists")
        if email is not None and await users.has_email(self._db, email):
            raise Conflict("another user has that e-mail address", code="email_exists")

    async def register(
        self,
        name: str,
        password: str,
        address: str,
        *,
        email: str | None = None,
        least: int = MIN_CHARACTERS,
        home_is_free: HomeIsFree,
    ) -> User:
        """As add, for a stranger: counted like a log-in, so that names cannot be tried out by the thousand."""
        self._throttle.require(fold(name), address)
        try:
            made = await self.add(name, password, email=email, least=least, home_is_free=home_is_free)
        except Conflict:
            self._throttle.failed(fold(name), address)
            raise
        self._throttle.joined()
        return made

    async def set_password(self, user: User, password: str | None) -> None:
        """A new password ends all sessions; None takes the password away. Keys of devices stay."""
        stored = await self._passwords.hash(check_password(password)) if password is not None else None
        async with self._db.write() as transaction:
            await users.set_password(transaction, user.id, stored)
            await self._end_log_ins(transaction, user)
        self._changed()

    async def end_log_ins(self, user: User) -> None:
        """Sign the user out everywhere; passwords, devices and keys stay."""
        async with self._db.write() as transaction:
            await self._end_log_ins(transaction, user)
        self._changed()

    async def _end_log_ins(self, transaction: Transaction, user: User) -> None:
        await devices.drop_tokens(transaction, user.id, "session")
        await web_sessions.drop_all(transaction, user.id)
        await authids.drop_of(transaction, user.id)

    async def remove(self, user: User) -> None:
        """Remove the account with its devices, sessions and keys. The files stay where they are."""
        async with self._db.write() as transaction:
            await users.remove(transaction, user.id)
        self._changed()

    # Log-in

    async def log_in(self, name: str, password: str, address: str, *, signed: bool = False) -> Session:
        """A session for the right password; raises Unauthenticated or TooManyAttempts. *signed* as for open_session."""
        proof = await self.prove(name, password, address)
        return await self.open_session(proof.user, signed=signed, proof=proof)

    async def prove(self, name: str, password: str, address: str) -> Proof:
        """Whose name and password those are; raises Unauthenticated or TooManyAttempts.

        Whoever begins a log-in on it asks it once more, in the transaction.
        """
        account = fold(name)
        self._throttle.require(account, address)
        user = await self.find(name)
        stored = await users.password_of(self._db, user.id) if user is not None else None
        if not await self._passwords.matches(password, stored) or user is None or stored is None:
            self._throttle.failed(account, address)
            raise wrong_password()
        self._throttle.succeeded(account, address)
        if self._passwords.wants_rehash(stored):
            stored = await self._rehash(user, password, stored)
        return Proof(user, stored)

    async def _rehash(self, user: User, password: str, old: str) -> str:
        stored = await self._passwords.hash(password)
        async with self._db.write() as transaction:
            is_done = await users.replace_password(transaction, user.id, old, stored)
        return stored if is_done else old

    async def open_session(self, user: User, *, signed: bool = False, proof: Proof | None = None) -> Session:
        """A new session of *user*; those nobody used any more are forgotten on the way.

        Its token is 64 hex digits or, *signed*, a JWT.
        """
        now_ms = self._time.now_ms
        expires_ms = now_ms + self._session_ms
        token = secret = secrets.token_hex(32)
        if signed:
            token, secret = self._signer.sign(user, None, now_ms, expires_ms)
        async with self._db.write() as transaction:
            if proof is not None:
                await proof.require(transaction)
            if self._time.is_trusted():
                await devices.drop_unused(transaction, "session", now_ms - self._session_ms)
            await devices.add_token(transaction, digest_of(secret), user.id, None, "session", now_ms)
        return Session(user, token, expires_ms)

    async def log_out(self, principal: Principal) -> None:
        """The token that was shown is dead at once."""
        async with self._db.write() as transaction:
            await devices.drop_token(transaction, principal.token)
        self._changed()

    async def principal(self, token: str) -> Principal:
        """Who shows *token* (a session's or a device's); raises Unauthenticated."""
        return await self._principals.get(digest_of(token), lambda: self._look_up(token))

    async def require_live(self, principal: Principal) -> None:
        """Raise Unauthenticated when the token that *principal* showed is dead by now: for answers without an end."""
        if await devices.token(self._db, principal.token) is None:
            raise Unauthenticated("this token is not valid any more; sign in again")

    def _secret_of(self, token: str) -> str:
        """The part of *token* that a row is kept for; raises Unauthenticated."""
        if not looks_signed(token):
            return token
        claims = self._signer.read(token)
        if claims.expires_ms is not None and self._time.is_trusted() and self._time.now_ms > claims.expires_ms:
            raise Unauthenticated("this session has ended; sign in again")
        return claims.jti

    async def _look_up(self, token: str) -> Principal:
        digest = digest_of(self._secret_of(token))
        found = await devices.token(self._db, digest)
        user = await users.by_id(self._db, found.user_id) if found is not None else None
        if found is None or user is None or self._is_stale(found):
            raise Unauthenticated("this token or key is not valid any more; sign in again")
        now_ms = self._time.now_ms
        if found.is_new or (abs(now_ms - found.used_ms) > DAY_MS and self._time.is_trusted()):
            async with self._db.write() as transaction:
                await devices.touch(transaction, digest, found.device_id, now_ms)
        return Principal(user, found.device_id, digest)

    def _is_stale(self, found: devices.Token) -> bool:
        """Unused for too long. While the clock is not trusted nothing ends by it."""
        limit_ms = self._session_ms if found.use == "session" else KEY_UNUSED_MS
        return self._time.is_trusted() and self._time.now_ms - found.used_ms > limit_ms

    # Devices

    async def devices(self, user: User | None = None) -> list[Device]:
        return await devices.all_of(self._db, user.id if user is not None else None)

    async def find_device(self, device_id: str) -> Device | None:
        """That device, whosever it is; None when it is gone."""
        return await devices.by_id(self._db, device_id)

    async def device(self, user: User, device_id: str) -> Device:
        """One of the user's devices; raises NotFound, and Forbidden for somebody else's."""
        found = await self.find_device(device_id)
        if found is None:
            raise NotFound("there is no such device")
        if found.user_id != user.id:
            raise Forbidden("that is another user's device")
        return found

    async def add_device(self, user: User, name: str, kind: str = "phone") -> tuple[Device, str]:
        """A new device and the key for its address, which is shown this once; raises BadName, BadRequest."""
        device, key = await self._new_device(user, name, kind), secrets.token_urlsafe(32)
        async with self._db.write() as transaction:
            await devices.add(transaction, device)
            await devices.add_token(transaction, digest_of(key), user.id, device.id, "key", device.created_ms)
        return device, key

    async def register_device(
        self, user: User, name: str, kind: str, client_version: str = "", os_info: str = ""
    ) -> tuple[Device, str]:
        """A new device and its signed token, which is shown this once; raises BadName, BadRequest."""
        if max(len(client_version), len(os_info)) > ABOUT_CHARACTERS:
            raise BadRequest(f"client_version and os_info have at most {ABOUT_CHARACTERS} characters")
        device = await self._new_device(user, name, kind, client_version, os_info)
        async with self._db.write() as transaction:
            await devices.add(transaction, device)
        return device, await self.renew_token(user, device)

    async def renew_token(self, user: User, device: Device) -> str:
        """A new signed token of a device; the old one is dead."""
        now_ms = self._time.now_ms
        token, secret = self._signer.sign(user, device.id, now_ms, None)
        async with self._db.write() as transaction:
            await devices.drop_tokens_of(transaction, device.id, "device")
            await devices.add_token(transaction, digest_of(secret), user.id, device.id, "device", now_ms)
        self._changed()
        return token

    async def change_device(self, device: Device, name: str | None, enabled: bool | None) -> Device:
        """Give it another name, or switch it off or on; while it is off nothing of it is valid. Raises BadName."""
        changed = replace(
            device,
            name=check_name(name.strip()) if name is not None else device.name,
            enabled=enabled if enabled is not None else device.enabled,
        )
        async with self._db.write() as transaction:
            await devices.change(transaction, changed)
        self._changed()
        return changed

    async def _new_device(
        self, user: User, name: str, kind: str, client_version: str = "", os_info: str = ""
    ) -> Device:
        if kind not in DEVICE_KINDS:
            raise BadRequest(f"a device is one of: {', '.join(DEVICE_KINDS)}")
        if len(await self.devices(user)) >= DEVICES_PER_USER:
            raise BadRequest(f"a user has at most {DEVICES_PER_USER} devices; revoke one first")
        return Device(
            *(str(uuid.uuid4()), user.id, check_name(name.strip()), kind, self._time.now_ms, None, True),
            *(client_version, os_info),
        )

    async def revoke_device(self, device_id: str) -> None:
        """The device's key is dead at once; raises NotFound."""
        async with self._db.write() as transaction:
            if not await devices.remove(transaction, device_id):
                raise NotFound(f"there is no device {device_id!r}; see: syncd device list")
        self._changed()

    def look_again(self) -> None:
        """Look everybody up again, so that use is noted and what is stale ends."""
        self._changed()
