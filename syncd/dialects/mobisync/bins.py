"""`POST /move-to-trash`, `/restore`, `/delete-all` (protocol §6.1, §6.6). Nothing here is removed for good."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from aiohttp import web

from syncd.core import changes, tree
from syncd.core.core import Core
from syncd.dialects.mobisync.names import device_folder, named_file
from syncd.dialects.mobisync.visitor import Visitor, visitor
from syncd.errors import BadRequest, NotFound
from syncd.model import User
from syncd.web.bodies import JsonObject, object_field, read_json, text_field, texts_field
from syncd.web.keys import CORE

SELECTION_BYTES = 8 << 20  # "all selected" is thousands of paths


async def move_to_trash(request: web.Request) -> web.Response:
    """200 whatever happened to the single files; `Moved` says how many there were."""
    found, device, body = await device_request(request, SELECTION_BYTES)
    paths = _named(device, texts_field(body, "Files"), in_trash=False)
    moved = await changes.discard(request.app[CORE], found.user, list(paths), device_id=found.device_id) if found else 0
    return web.json_response({"Moved": moved})


async def restore(request: web.Request) -> web.Response:
    """200 whatever happened to the single files; `Restored` says how many came back."""
    found, device, body = await device_request(request, SELECTION_BYTES)
    places = _named(device, texts_field(body, "Files"), in_trash=True)
    back = await changes.restore(request.app[CORE], found.user, list(places), found.device_id) if found else 0
    return web.json_response({"Restored": back})


async def device_request(request: web.Request, most_bytes: int) -> tuple[Visitor | None, str, JsonObject]:
    """Who asks, about which device, with what body; raises BadRequest when `UserData` lacks either."""
    body = await read_json(request, most_bytes)
    user_data = object_field(body, "UserData")
    device = text_field(user_data, "DeviceId").strip()
    found = await visitor(request, text_field(user_data, "User"))
    if not device:
        raise BadRequest("DeviceId must not be empty")
    return found, device, body


def _named(device: str, files: Iterable[str], *, in_trash: bool) -> Iterator[str]:
    """The paths or places that *files* name; those that name nothing, or the other side, are passed over."""
    for file in files:
        try:
            named = named_file(device, file)
        except BadRequest:
            continue
        if named.in_trash is in_trash:
            yield str(named.path)


async def delete_all(request: web.Request) -> web.Response:
    """All files of the device go to the trash (a button of the app); 404 if that is switched off."""
    core = request.app[CORE]
    if core.config.mobisync.delete_all == "off":
        raise NotFound("deleting everything is switched off here ([mobisync] delete_all)")
    body = await read_json(request)
    device = device_folder(text_field(body, "DeviceId"))
    found = await visitor(request, text_field(body, "User"))
    moved = await _discard_below(core, found.user, device, found.device_id) if found else 0
    return web.json_response({"Moved": moved})


async def _discard_below(core: Core, user: User, folder: str, device_id: str | None) -> int:
    moved = 0
    async for page in tree.below(core, user, folder):
        moved += await changes.discard(core, user, [entry.path for entry in page], device_id=device_id)
    return moved
