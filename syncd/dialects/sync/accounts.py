"""`/api/v1/auth/…`: log-in, registration, log-out, who am I."""

from __future__ import annotations

from aiohttp import web

from syncd.core import quota, registration, tree
from syncd.core.accounts import Session
from syncd.dialects.sync import access, wire
from syncd.web.auth import address_of
from syncd.web.bodies import read_json
from syncd.web.keys import CORE, FEED

LOGIN_BYTES = 4 << 10


async def login(request: web.Request) -> web.Response:
    """200 with a token; 401 for a wrong name or password, 429 after too many."""
    name, password = await _credentials(request)
    session = await request.app[CORE].accounts.log_in(name, password, address_of(request), signed=True)
    return _answer(200, session)


async def register(request: web.Request) -> web.Response:
    """201 with a token; 403 unless `[accounts] registration` is open, 409 for a name that exists."""
    name, password = await _credentials(request)
    core = request.app[CORE]
    user = await registration.register(core, name, password, address_of(request))
    return _answer(201, await core.accounts.open_session(user, signed=True))


async def _credentials(request: web.Request) -> tuple[str, str]:
    body = await read_json(request, LOGIN_BYTES)
    return wire.required_text(body, "username"), wire.required_text(body, "password")


def _answer(status: int, session: Session) -> web.Response:
    body = {
        "token": session.token,
        "token_type": "Bearer",
        "expires_at": wire.time(session.expires_ms),
        "user": wire.user_json(session.user),
    }
    return web.json_response(body, status=status, headers={"Cache-Control": "no-store"})


async def logout(request: web.Request) -> web.Response:
    """204; the token is dead at once."""
    await request.app[CORE].accounts.log_out(await access.require(request))
    return web.Response(status=204)


async def me(request: web.Request) -> web.Response:
    """The user, the device if the token is one's, and how much is stored."""
    asking = await access.require(request)
    core, user = request.app[CORE], asking.user
    device = await access.acting_device(request, asking, {})
    cursors = await request.app[FEED].cursors(user)
    files, size = await tree.usage(core, user)
    body = {
        "user": wire.user_json(user),
        "device": wire.device_json(device, cursors.get(device.id)) if device is not None else None,
        "usage": {"bytes": size, "files": files, "quota_bytes": quota.of(core)},
    }
    return web.json_response(body)
