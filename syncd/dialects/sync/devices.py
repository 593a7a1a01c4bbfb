"""`/api/v1/sync/devices…`: the computers and phones of a user."""

from __future__ import annotations

from aiohttp import web

from syncd.dialects.sync import access, wire
from syncd.dialects.sync.wire import Json
from syncd.errors import Forbidden
from syncd.model import Device, User
from syncd.web.bodies import read_json, text_field
from syncd.web.keys import CORE, FEED

DEVICE_BYTES = 16 << 10


async def listing(request: web.Request) -> web.Response:
    """All devices of the user."""
    asking = await access.require(request)
    cursors = await request.app[FEED].cursors(asking.user)
    found = await request.app[CORE].accounts.devices(asking.user)
    return web.json_response([wire.device_json(one, cursors.get(one.id)) for one in found])


async def add(request: web.Request) -> web.Response:
    """A new device and its token, which is shown this once."""
    asking = await access.require(request)
    body = await read_json(request, DEVICE_BYTES)
    if asking.device_id is not None:
        raise Forbidden("a device cannot add others; sign in with the password instead")
    device, token = await request.app[CORE].accounts.register_device(
        asking.user,
        wire.required_text(body, "name"),
        wire.required_text(body, "device_type"),
        text_field(body, "client_version"),
        text_field(body, "os_info"),
    )
    return _with_token(device, None, token)


def _with_token(device: Device, shown: Json | None, token: str) -> web.Response:
    body = {"device": shown or wire.device_json(device, None), "device_token": token}
    return web.json_response(body, headers={"Cache-Control": "no-store"})


async def show(request: web.Request) -> web.Response:
    asking = await access.require(request)
    return web.json_response(await _shown(request, asking.user, await access.managed_device(request, asking)))


async def change(request: web.Request) -> web.Response:
    """Another name, or off and on; while it is off, its tokens are not valid."""
    asking = await access.require(request)
    device = await access.managed_device(request, asking)
    body = await read_json(request, DEVICE_BYTES)
    name = text_field(body, "name") or None
    changed = await request.app[CORE].accounts.change_device(device, name, wire.switch_field(body, "enabled"))
    return web.json_response(await _shown(request, asking.user, changed))


async def remove(request: web.Request) -> web.Response:
    """The device is forgotten and its tokens are dead; its files stay."""
    asking = await access.require(request)
    device = await access.managed_device(request, asking)
    await request.app[CORE].accounts.revoke_device(device.id)
    return web.Response(status=204)


async def renew(request: web.Request) -> web.Response:
    """A new token; the old one is dead."""
    asking = await access.require(request)
    device = await access.managed_device(request, asking)
    token = await request.app[CORE].accounts.renew_token(asking.user, device)
    return _with_token(device, await _shown(request, asking.user, device), token)


async def _shown(request: web.Request, user: User, device: Device) -> Json:
    return wire.device_json(device, (await request.app[FEED].cursors(user)).get(device.id))
