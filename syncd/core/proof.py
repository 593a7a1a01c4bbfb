"""What a right password proves, and for how long: no log-in may begin with one that was changed meanwhile."""

from __future__ import annotations

from dataclasses import dataclass

from syncd.db import users
from syncd.db.database import Transaction
from syncd.errors import Unauthenticated
from syncd.model import User


@dataclass(frozen=True, slots=True)
class Proof:
    """That somebody showed the right password of *user*, and what was kept of it by then."""

    user: User
    stored: str  # bcrypt

    async def require(self, transaction: Transaction) -> None:
        """Raise Unauthenticated unless that is still the password.

        Comparing takes long. A change meanwhile ends all log-ins, so none may begin with the old one after it.
        """
        if not await users.has_password(transaction, self.user.id, self.stored):
            raise wrong_password()


def wrong_password() -> Unauthenticated:
    """What is told of a wrong name and of a wrong password alike."""
    return Unauthenticated("user name or password is wrong", code="invalid_credentials")
