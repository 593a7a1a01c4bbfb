"""Accounts that strangers make for themselves, where the owner lets them."""

from __future__ import annotations

from syncd.core.core import Core
from syncd.core.passwords import MIN_CHARACTERS
from syncd.errors import Forbidden
from syncd.model import User


async def register(
    core: Core, name: str, password: str, address: str, *, email: str | None = None, least: int = MIN_CHARACTERS
) -> User:
    """A new user; raises Forbidden unless `[accounts] registration` is open, and as Accounts.register."""
    if core.config.accounts.registration == "closed":
        raise Forbidden("registration is closed here; ask the owner to add you", code="registration_closed")
    with core.use() as mount:
        return await core.accounts.register(
            name,
            password,
            address,
            email=email,
            least=least,
            home_is_free=lambda home: not mount.root.is_taken((home,)),
        )
