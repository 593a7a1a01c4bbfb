"""`/api/v1/trash…`: what was deleted or overwritten."""

from __future__ import annotations

from aiohttp import web

from syncd.clock import DAY_MS
from syncd.core import changes, trash
from syncd.dialects.sync import access, wire
from syncd.errors import NotFound
from syncd.model import Principal, Trashed, TreePath
from syncd.web.bodies import read_json, text_field
from syncd.web.keys import CORE

PAGE = 100
PAGE_MOST = 1000


async def listing(request: web.Request) -> web.Response:
    """A page of the trash, oldest first; `next` is what to ask with as `after`."""
    asking = await access.require(request)
    core = request.app[CORE]
    limit = min(wire.query_number(request, "limit", PAGE, least=1), PAGE_MOST)
    found = await trash.page(core, asking.user, wire.query_number(request, "after", 0), limit + 1)
    kept_ms = core.config.trash.keep_days * DAY_MS
    shown = found[:limit]
    body = {
        "entries": [wire.trashed_json(one, kept_ms) for one in shown],
        "next": shown[-1].id if len(found) > limit else None,
    }
    return web.json_response(body)


async def _named(request: web.Request, asking: Principal) -> Trashed:
    """What the number of the address stands for; raises NotFound."""
    found = await trash.find(request.app[CORE], wire.path_number(request, "trash_id"))
    if found.user_id != asking.user.id:
        raise NotFound(f"there is no number {found.id} in the trash")  # not even by the words may it differ from none
    return found


async def restore(request: web.Request) -> web.Response:
    """Back to where it was, or to another place; never over another file."""
    asking = await access.require(request)
    lying = await _named(request, asking)
    body = await read_json(request) if request.body_exists else {}
    target = TreePath.parse(text_field(body, "to") or lying.original)
    with request.app[CORE].use() as mount:
        seq = await changes.restore_to(mount, asking.user, lying.place, target, asking.device_id)
    return web.json_response({"path": str(target), "sequence": seq})


async def erase(request: web.Request) -> web.Response:
    """Remove one file for good."""
    asking = await access.require(request)
    await changes.erase(request.app[CORE], asking.user, [await _named(request, asking)])
    return web.Response(status=204)


async def empty(request: web.Request) -> web.Response:
    """Remove everything in the trash for good."""
    asking = await access.require(request)
    core = request.app[CORE]
    async for found in trash.pages(core, asking.user):
        await changes.erase(core, asking.user, found)
    return web.Response(status=204)
