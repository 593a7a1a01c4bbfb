"""`POST /auth/login` and `/auth/register` (protocol §8). A stale token sent along is ignored."""

from __future__ import annotations

from aiohttp import web

from syncd.core import registration
from syncd.core.accounts import Session
from syncd.errors import BadRequest, Unauthenticated
from syncd.web.auth import address_of
from syncd.web.bodies import read_json, text_field
from syncd.web.keys import CORE

LOGIN_BYTES = 4 << 10


async def login(request: web.Request) -> web.Response:
    """200 with a new token; 401 for a wrong name, a wrong password or an empty field."""
    name, password = await _credentials(request)
    if not name or not password:
        raise Unauthenticated("user name or password is wrong")
    session = await request.app[CORE].accounts.log_in(name, password, address_of(request))
    return _answer(session)


async def register(request: web.Request) -> web.Response:
    """200 with a token for a really new name; 409 for one that exists, 403 unless `[accounts] registration` is open."""
    name, password = await _credentials(request)
    if not name or not password:
        raise BadRequest("User and Password must not be empty")
    core = request.app[CORE]
    user = await registration.register(core, name, password, address_of(request))
    return _answer(await core.accounts.open_session(user))


async def _credentials(request: web.Request) -> tuple[str, str]:
    body = await read_json(request, LOGIN_BYTES)
    return text_field(body, "User").strip(), text_field(body, "Password")


def _answer(session: Session) -> web.Response:
    body = {"Token": session.token, "UserId": session.user.public_id}
    return web.json_response(body, headers={"Cache-Control": "no-store"})
