"""Log-ins of SyncFile: a random id each, good for twenty hours (protocol §2.2, §2.3)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from syncd.core.accounts import Accounts, digest_of
from syncd.core.lifetime import is_over, when_over
from syncd.core.proof import Proof
from syncd.core.remembered import Remembered
from syncd.core.timekeeper import Timekeeper
from syncd.db import authids, moments
from syncd.db.database import Database
from syncd.errors import Unauthenticated
from syncd.model import Moment, User

MOST_PER_USER = 1000  # log-ins alive at once; the oldest end


@dataclass(frozen=True, slots=True)
class Holder:
    """Who shows a living authid, and when it was handed out."""

    user: User
    since: Moment


class Authids:
    """Hands out authids, and says whose one is."""

    def __init__(self, db: Database, accounts: Accounts, time: Timekeeper) -> None:
        self._db = db
        self._accounts = accounts
        self._time = time
        self._holders: Remembered[bytes, Holder | None] = Remembered(lambda: accounts.changes)

    async def issue(self, user: User, proof: Proof | None = None) -> str:
        """A new authid of *user*: 122 random bits as a UUID, shown this once; raises Unauthenticated as Proof."""
        authid = str(uuid.uuid4())
        async with self._db.write() as transaction:
            if proof is not None:
                await proof.require(transaction)
            gone = await authids.add(transaction, digest_of(authid), user.id, self._time.moment(), MOST_PER_USER)
        for digest in gone:
            self._holders.forget(digest)
        return authid

    async def holder(self, authid: str) -> Holder:
        """Who shows *authid*; raises Unauthenticated when it is unknown, over, or its user is gone."""
        digest = digest_of(authid)
        found = await self._holders.get(digest, lambda: self._look_up(digest))
        if found is None or is_over(found.since, self._time.moment()):
            raise Unauthenticated("this log-in is over; log in again")
        return found

    async def _look_up(self, digest: bytes) -> Holder | None:
        row = await authids.at(self._db, digest)
        user = await self._accounts.by_id(row.user_id) if row is not None else None
        return Holder(user, row.since) if row is not None and user is not None else None

    async def forget_ended(self) -> None:
        """Drop what is kept of log-ins that are over."""
        async with self._db.write() as transaction:
            await moments.drop_over(transaction, "authids", when_over(self._time.moment()))
