"""Everything about signing in to the web page, in one place."""

from __future__ import annotations

from syncd.core.accounts import Accounts
from syncd.core.signin.identities import Identities
from syncd.core.signin.sessions import WebSessions
from syncd.core.timekeeper import Timekeeper
from syncd.db.database import Database


class SignIn:
    """Log-ins of browsers, and accounts at other services."""

    def __init__(self, db: Database, accounts: Accounts, keeper: Timekeeper) -> None:
        self.sessions = WebSessions(db, keeper)
        self.identities = Identities(db, accounts, keeper)
