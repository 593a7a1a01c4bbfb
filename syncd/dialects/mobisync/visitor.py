"""Whose tree a request is about: the `User` it names, if whoever asks may be that user.

`[mobisync] access`: `token` wants a log-in or a device's address from everybody. `known` lets users without a password
in by their name, but for those who came with an account of another service. `open` also makes an account of every new
nickname at its first upload.
"""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from syncd.errors import BadRequest, Conflict, Forbidden, Unauthenticated
from syncd.model import User
from syncd.web.auth import principal
from syncd.web.keys import CORE

_SIGN_IN = "sign in, or use this device's own address (syncd device add)"


@dataclass(frozen=True, slots=True)
class Visitor:
    """A user, and the device that acts for them if one is known."""

    user: User
    device_id: str | None


async def visitor(request: web.Request, name: str) -> Visitor | None:
    """Who may act as *name*; None for a nickname that nobody has, where such are let in.

    Raises BadRequest for no name, Unauthenticated, Forbidden for somebody else's name.
    """
    if not name.strip():
        raise BadRequest("User must not be empty")
    core = request.app[CORE]
    asking = await principal(request)
    user = await core.accounts.find(name)
    if asking is not None:
        if user is None or user.id != asking.user.id:
            raise Forbidden("that is another user; use the name this device was added for")
        return Visitor(user, asking.device_id)
    access = core.config.mobisync.access
    if access == "token":
        raise Unauthenticated(_SIGN_IN)
    if user is not None:
        if not user.is_open:
            raise Unauthenticated(_SIGN_IN)
        return Visitor(user, None)
    if access == "known":
        raise Forbidden("there is no such user here; ask the owner to add you")
    return None


async def newcomer(request: web.Request, name: str) -> Visitor:
    """As visitor, but a nickname that nobody has becomes an account, where such are let in."""
    found = await visitor(request, name)
    if found is not None:
        return found
    core = request.app[CORE]
    with core.use() as mount:
        try:
            user = await core.accounts.add(name, None, home_is_free=lambda home: not mount.root.is_taken((home,)))
        except Conflict:  # a phone sends many files at once, and another of them was quicker
            found = await visitor(request, name)
            if found is None:
                raise
            return found
    return Visitor(user, None)
