"""Who asks, which device acts, and what it may do."""

from __future__ import annotations

from aiohttp import web

from syncd.errors import Forbidden, Unauthenticated
from syncd.model import Device, Principal
from syncd.web.auth import principal
from syncd.web.bodies import JsonObject, text_field
from syncd.web.keys import CORE


async def require(request: web.Request) -> Principal:
    """Whoever showed a token; raises Unauthenticated for nobody."""
    asking = await principal(request)
    if asking is None:
        raise Unauthenticated("send Authorization: Bearer, with the token of a log-in or of a device")
    return asking


async def managed_device(request: web.Request, asking: Principal) -> Device:
    """The device of the address; raises NotFound, and Forbidden unless whoever asks may manage it."""
    return await _allowed(request, asking, request.match_info["device_id"])


async def acting_device(request: web.Request, asking: Principal, body: JsonObject) -> Device | None:
    """The device that does something: the token's, or `device_id` of the body; None for a user without one."""
    device_id = text_field(body, "device_id") or asking.device_id
    return await _allowed(request, asking, device_id) if device_id is not None else None


async def _allowed(request: web.Request, asking: Principal, device_id: str) -> Device:
    """A log-in may act for every device of the user, a device only for itself."""
    found = await request.app[CORE].accounts.device(asking.user, device_id)
    if asking.device_id not in (None, found.id):
        raise Forbidden("the token of a device acts for that device alone; sign in with the password instead")
    return found
