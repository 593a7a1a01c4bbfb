"""`/api/v1/sync/folders/…`: folders that are there also while nothing is in them."""

from __future__ import annotations

from aiohttp import web

from syncd.core import folders
from syncd.dialects.sync import access, wire
from syncd.web.keys import CORE


async def listing(request: web.Request) -> web.Response:
    """Every folder, or those below `prefix`: also those that only lead to files."""
    asking = await access.require(request)
    found = await folders.all_of(request.app[CORE], asking.user, wire.prefix(request))
    return web.json_response({"folders": found})


async def keep(request: web.Request) -> web.Response:
    """Have a folder, and what it is in: 201 when it was not there, else 200; `sequence` is that of its making."""
    asking = await access.require(request)
    path = wire.tree_path(request)
    device = await access.acting_device(request, asking, {})
    kept = await folders.keep(request.app[CORE], asking.user, path, device.id if device is not None else None)
    return web.json_response({"path": str(path), "sequence": kept.seq}, status=201 if kept.is_new else 200)


async def remove(request: web.Request) -> web.Response:
    """Remove a folder in which nothing is."""
    asking = await access.require(request)
    device = await access.acting_device(request, asking, {})
    device_id = device.id if device is not None else None
    await folders.remove(request.app[CORE], asking.user, wire.tree_path(request), device_id)
    return web.Response(status=204)
