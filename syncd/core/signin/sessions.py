"""Log-ins of a browser. What is kept of one is the SHA-256 of its cookie.

A log-in ends twelve hours after it was last used, and after seven days however much it was used. Nothing ends by time
while the box's clock is not trusted.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass

from syncd.clock import DAY_MS
from syncd.core.accounts import digest_of
from syncd.core.proof import Proof
from syncd.core.timekeeper import Timekeeper
from syncd.db import users, web_sessions
from syncd.db.database import Database
from syncd.db.web_sessions import SessionRow
from syncd.model import User

IDLE_MS = DAY_MS // 2
ABSOLUTE_MS = 7 * DAY_MS
PER_USER = 20  # browsers of one person; the one unused for longest is signed out
TOUCH_MS = 15 * 60_000  # noted this often that a log-in is in use
COOKIE_CHARACTERS = 64


@dataclass(frozen=True, slots=True)
class WebSession:
    """Somebody who is signed in."""

    user: User
    digest: bytes  # what is kept of the cookie
    form_token: str  # what their forms carry, so that no other page can have made them


def has_ended(row: SessionRow, now_ms: int) -> bool:
    """Is that log-in over? *now_ms* must be trusted; one from the future was made by a wrong clock."""
    return abs(now_ms - row.used_ms) > IDLE_MS or abs(now_ms - row.created_ms) > ABSOLUTE_MS


def form_token_of(cookie: str) -> str:
    """The token of the forms of a log-in: made of its cookie, which it does not betray."""
    return hashlib.sha256(b"form:" + cookie.encode()).hexdigest()


class WebSessions:
    """Begins, finds and ends log-ins."""

    def __init__(self, db: Database, keeper: Timekeeper) -> None:
        self._db = db
        self._keeper = keeper

    async def begin(self, user: User, replaced: str | None = None, proof: Proof | None = None) -> str:
        """A new log-in; the value of its cookie, which is seen this once.

        *replaced* is the cookie that the browser came with: its log-in ends, so that nobody who put it there gains.
        Raises Unauthenticated as *proof*.
        """
        cookie, now_ms = secrets.token_hex(COOKIE_CHARACTERS // 2), self._keeper.now_ms
        async with self._db.write() as transaction:
            if proof is not None:
                await proof.require(transaction)
            if self._keeper.is_trusted():
                await web_sessions.drop_ended(transaction, now_ms - IDLE_MS, now_ms - ABSOLUTE_MS)
            if replaced is not None:
                await web_sessions.drop(transaction, digest_of(replaced))
            await web_sessions.keep_newest(transaction, user.id, PER_USER - 1)
            await web_sessions.add(transaction, digest_of(cookie), user.id, now_ms)
        return cookie

    async def find(self, cookie: str) -> WebSession | None:
        """Who is signed in with *cookie*; None for nobody, or not any more."""
        if len(cookie) != COOKIE_CHARACTERS or not cookie.isascii():
            return None
        digest = digest_of(cookie)
        row = await web_sessions.find(self._db, digest)
        user = await users.by_id(self._db, row.user_id) if row is not None else None
        now_ms = self._keeper.now_ms
        if row is None or user is None or (self._keeper.is_trusted() and has_ended(row, now_ms)):
            return None
        if abs(now_ms - row.used_ms) > TOUCH_MS and self._keeper.is_trusted():
            async with self._db.write() as transaction:
                await web_sessions.touch(transaction, digest, now_ms)
        return WebSession(user, digest, form_token_of(cookie))

    async def end(self, session: WebSession) -> None:
        """Sign out; the cookie is worth nothing at once."""
        async with self._db.write() as transaction:
            await web_sessions.drop(transaction, session.digest)

    async def end_others(self, session: WebSession) -> None:
        """Sign out every other browser of the same person."""
        async with self._db.write() as transaction:
            await web_sessions.drop_others(transaction, session.user.id, session.digest)

    async def others(self, session: WebSession) -> int:
        """In how many other browsers the same person is signed in."""
        return await web_sessions.count(self._db, session.user.id) - 1


def is_form_of(session: WebSession, token: str) -> bool:
    """Was that form made for this log-in?"""
    return hmac.compare_digest(session.form_token.encode(), token.encode(errors="replace"))
