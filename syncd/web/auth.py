"""Who asks: a key in the address, or a Bearer token. Dialects decide what somebody may do."""

from __future__ import annotations

from aiohttp import web

from syncd.errors import Unauthenticated
from syncd.model import Principal
from syncd.web.keys import CORE, KEY


async def principal(request: web.Request) -> Principal | None:
    """Whoever showed a key or a token; None when neither was shown. Raises Unauthenticated for one that is dead.

    A key in the address counts before a token: the app may still hold an old one.
    """
    token = request.get(KEY)
    if token is None:
        header = request.headers.get("Authorization")
        if header is None:
            return None
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer":
            raise Unauthenticated("use Authorization: Bearer, with the token of a log-in")
    return await request.app[CORE].accounts.principal(token.strip())


def address_of(request: web.Request) -> str:
    """The client's address, for the log-in throttle. Never from a header: anybody can write one."""
    return request.remote or ""
