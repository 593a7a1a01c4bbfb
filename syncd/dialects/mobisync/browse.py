"""`POST /folders` and `POST /files`: the months of a device, and what is in one (protocol §4).

Trash is a view of the one trash: `Trash/2024/5/x.jpg` is what lies at `<device>/2024/5/x.jpg` below `.trash/`.
"""

from __future__ import annotations

from collections import defaultdict

from aiohttp import web

from syncd.core import trash, tree
from syncd.core.core import Core
from syncd.dialects.mobisync.names import TRASH, device_folder, month_of
from syncd.dialects.mobisync.visitor import visitor
from syncd.errors import BadName
from syncd.model import TreePath, User
from syncd.web.bodies import object_field, read_json, text_field
from syncd.web.keys import CORE


async def folders(request: web.Request) -> web.Response:
    """Years with their months, oldest first; of all devices together when no `DeviceId` is given."""
    body = await read_json(request)
    found = await visitor(request, text_field(body, "User"))
    if found is None:
        return web.json_response([])
    device = text_field(body, "DeviceId").strip()
    below = device_folder(device) if device else ""
    return web.json_response(by_year(await tree.folders_below(request.app[CORE], found.user, below)))


def by_year(paths: list[str]) -> list[dict[str, str | list[str]]]:
    """Folders `<device>/2024/5` of the tree as the app wants them; other folders are none of its business."""
    years: dict[int, set[str]] = defaultdict(set)
    for path in paths:
        folder = path.partition("/")[2]
        month = month_of(folder)
        if month is not None:
            years[month[0]].add(folder)
    return [{"Year": f"{year:04}", "Months": sorted(years[year], key=_by_number)} for year in sorted(years)]


def _by_number(folder: str) -> tuple[tuple[int, int], str]:
    return month_of(folder) or (0, 0), folder


async def files(request: web.Request) -> web.Response:
    """Names directly in `Folder`, bytewise; all below it for `Trash`. A folder that is not there is empty."""
    body = await read_json(request)
    user_data = object_field(body, "UserData")
    found = await visitor(request, text_field(user_data, "User"))
    folder = text_field(body, "Folder").replace("\\", "/").strip("/")
    if found is None or not folder:
        return web.json_response([])
    core, device = request.app[CORE], text_field(user_data, "DeviceId").strip()
    try:
        if device:
            return web.json_response(await _of_device(core, found.user, device_folder(device), folder))
        return web.json_response(await _of_all(core, found.user, folder))
    except BadName:
        return web.json_response([])


async def _of_device(core: Core, user: User, device: str, folder: str) -> list[str]:
    if folder == TRASH:
        lying = await trash.places_below(core, user, device)
        return [f"{TRASH}/{place.partition('/')[2]}" for place in lying]
    if folder.startswith(f"{TRASH}/"):
        path = TreePath.parse(f"{device}/{folder.removeprefix(f'{TRASH}/')}")
        lying = await trash.places_in(core, user, str(path))
        return [f"{TRASH}/{place.partition('/')[2]}" for place in lying]
    path = TreePath.parse(f"{device}/{folder}")
    return [file.partition("/")[2] for file in await tree.files_in(core, user, str(path))]


async def _of_all(core: Core, user: User, folder: str) -> list[str]:
    """As of each device, every entry with its device's folder in front."""
    devices = {path.partition("/")[0] for path in await tree.folders_below(core, user)}
    if folder.partition("/")[0] == TRASH:
        devices = set(await trash.tops(core, user))
    listed = [f"{device}/{file}" for device in devices - {""} for file in await _of_device(core, user, device, folder)]
    return sorted(listed, key=str.encode)
