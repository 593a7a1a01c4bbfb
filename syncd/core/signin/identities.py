"""Whom another service knows as whom. An account there is linked here by an administrator, by the user who is signed
in, or because it is that of a newcomer; never because an e-mail address is the same.
"""

from __future__ import annotations

import asyncio
from itertools import islice

from syncd.core.accounts import Accounts, HomeIsFree
from syncd.core.signin.failure import SignInFailed, Why
from syncd.core.signin.profile import Profile, is_allowed, names_for, refusal
from syncd.core.timekeeper import Timekeeper
from syncd.db import identities, users
from syncd.db.database import Database
from syncd.db.identities import Identity
from syncd.errors import BadRequest, Conflict, NotFound
from syncd.model import User

ISSUER_CHARACTERS = 500
SUBJECT_CHARACTERS = 255  # OpenID Connect Core 1.0 §2
TRIES = 1000  # names for a newcomer

__all__ = ["Identities", "Identity"]


class Identities:
    """Links accounts of other services to users."""

    def __init__(self, db: Database, accounts: Accounts, keeper: Timekeeper) -> None:
        self._db = db
        self._accounts = accounts
        self._keeper = keeper
        self._adding = asyncio.Lock()  # one newcomer at a time: two browsers may bring the same one

    async def of(self, user: User) -> list[Identity]:
        """The accounts of *user*."""
        return await identities.all_of(self._db, user.id)

    async def all(self) -> list[Identity]:
        return await identities.all_of(self._db)

    async def link(self, user: User, profile: Profile) -> Identity:
        """That account belongs to *user* from now on; raises Conflict when it is another's."""
        issuer, subject = profile.issuer, profile.subject
        if not 0 < len(issuer) <= ISSUER_CHARACTERS or not 0 < len(subject) <= SUBJECT_CHARACTERS:
            raise BadRequest(f"issuer and subject have 1 to {ISSUER_CHARACTERS} and {SUBJECT_CHARACTERS} characters")
        found = await identities.find(self._db, issuer, subject)
        if found is None:
            found = self._new(profile, user.id)
            async with self._db.write() as transaction:
                await identities.add(transaction, found)
        if found.user_id != user.id:
            raise Conflict("that account is linked to another user already", code="identity_taken")
        return found

    def _new(self, profile: Profile, user_id: int) -> Identity:
        return Identity(profile.issuer, profile.subject, profile.label, user_id, self._keeper.now_ms)

    async def unlink(self, user: User, issuer: str, subject: str, *, keep_a_way_in: bool = False) -> None:
        """Raises NotFound when it is not theirs; Conflict when *keep_a_way_in* and it is their only one."""
        if keep_a_way_in and not user.has_password and len(await self.of(user)) <= 1:
            raise Conflict("this is the only way for you to sign in; ask the owner of this box for a password first")
        async with self._db.write() as transaction:
            if not await identities.remove(transaction, user.id, issuer, subject):
                raise NotFound(f"{user.name} has no such account linked; see: syncd user list --json")

    async def enter(self, profile: Profile, allow: tuple[str, ...], create: bool, home_is_free: HomeIsFree) -> User:
        """The user whose account that is, made new where the owner wants it so; raises SignInFailed."""
        allowed = is_allowed(profile, allow)
        async with self._adding:
            found = await identities.find(self._db, profile.issuer, profile.subject)
            why = refusal(is_known=found is not None, allowed=allowed, allow=allow, create=create)
            if why is not None:
                raise SignInFailed(why, f"subject {profile.subject!r} of {profile.issuer}")
            if found is None:
                return await self._newcomer(profile, home_is_free)
        await self._note_label(found, profile.label)
        user = await users.by_id(self._db, found.user_id)
        assert user is not None  # its identities go with a user
        return user

    async def _note_label(self, found: Identity, label: str) -> None:
        if found.label != label:
            async with self._db.write() as transaction:
                await identities.relabel(transaction, found.issuer, found.subject, label)

    async def _newcomer(self, profile: Profile, home_is_free: HomeIsFree) -> User:
        for name in islice(names_for(profile), TRIES):
            if await self._accounts.find(name) is None:
                return await self._accounts.add(name, None, home_is_free=home_is_free, identity=self._new(profile, 0))
        raise SignInFailed(Why.TAKEN, f"{TRIES} users have names like that of subject {profile.subject!r}")
