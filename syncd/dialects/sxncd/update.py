"""`POST /api/v1/sync/update`: a device offers its settings, and is told which count."""

from __future__ import annotations

from aiohttp import hdrs, web

from syncd.core.core import Core
from syncd.dialects.sxncd import wire
from syncd.dialects.sxncd.failure import answer
from syncd.errors import BadRequest
from syncd.model import User
from syncd.web.bodies import read_all
from syncd.web.errors import MethodNotAllowed
from syncd.web.keys import CORE


async def update(request: web.Request) -> web.Response:
    """200 with what counts from now on; 400 before anything is changed. The key is looked at first."""
    core = request.app[CORE]
    user, app = await _asking(request, core)
    async with core.settings.turn(user, app):
        offer = wire.offer(await _body(request, core))
        outcome = await core.settings.update(user, app, offer.incoming)
        return answer(wire.outcome(outcome, offer.form))


async def _asking(request: web.Request, core: Core) -> tuple[User, str]:
    """Whose key came; raises BadRequest."""
    if not core.config.apps:
        raise BadRequest("no app is set up on this server; its owner adds a section [app:NAME] to the configuration")
    shown = request.headers.getall(hdrs.AUTHORIZATION, [])
    key = _key(shown[0]) if shown else ""
    if not key:
        raise BadRequest("API key is required")
    found = await core.keys.find(key) if len(shown) == 1 else None
    if found is None:
        raise BadRequest("API key is invalid")
    return found


def _key(header: str) -> str:
    """The bare key, also of `Bearer <key>`."""
    scheme, _, rest = header.strip().partition(" ")
    return rest.strip() if scheme.lower() == "bearer" else header.strip()


async def _body(request: web.Request, core: Core) -> bytes:
    """The body if it is said to be JSON, else nothing; raises TooLarge."""
    if request.content_type.lower() != "application/json":
        return b""
    return await read_all(request, wire.body_bytes(core.config.settings.max_kb << 10))


async def refuse(request: web.Request) -> web.Response:
    """Any other method."""
    raise MethodNotAllowed("POST")
