"""Log-ins, and accounts at other services with which somebody may sign in."""

from __future__ import annotations

from dataclasses import dataclass

from syncd.core.admin.people import user_called
from syncd.core.admin.wish import Ground, Wish
from syncd.db.identities import Identity
from syncd.model import User


@dataclass(frozen=True, slots=True)
class EndLogIns(Wish[User]):
    """Sign somebody out everywhere: web pages and programs that logged in. Devices and keys stay."""

    name: str

    async def grant(self, ground: Ground) -> User:
        user = await user_called(ground.core, self.name)
        await ground.core.accounts.end_log_ins(user)
        return user


@dataclass(frozen=True, slots=True)
class LinkAccount(Wish[Identity]):
    """The account *subject* at the service *issuer* belongs to the user *name* from now on."""

    name: str
    issuer: str
    subject: str
    label: str = ""

    async def grant(self, ground: Ground) -> Identity:
        from syncd.core.signin.profile import Profile  # most boxes never need it

        user = await user_called(ground.core, self.name)
        names = (self.label,) if self.label else ()
        return await ground.core.signin.identities.link(user, Profile(self.issuer, self.subject, names))


@dataclass(frozen=True, slots=True)
class UnlinkAccount(Wish[User]):
    """That account belongs to the user *name* no more."""

    name: str
    issuer: str
    subject: str

    async def grant(self, ground: Ground) -> User:
        user = await user_called(ground.core, self.name)
        await ground.core.signin.identities.unlink(user, self.issuer, self.subject)
        return user


@dataclass(frozen=True, slots=True)
class ListAccounts(Wish[list[Identity]]):
    """Every account at another service that is linked to somebody."""

    async def grant(self, ground: Ground) -> list[Identity]:
        return await ground.core.signin.identities.all()
