"""`POST /api/v1/sync/report`: what a device did to its copy."""

from __future__ import annotations

from typing import cast, get_args

from aiohttp import web

from syncd.core import changes, reports
from syncd.core.conflicts import Knowledge
from syncd.core.reports import Reported, What
from syncd.dialects.sync import access, wire
from syncd.dialects.sync.wire import Json
from syncd.errors import BadRequest, SyncError
from syncd.model import TreePath
from syncd.web.bodies import JsonObject, read_json
from syncd.web.keys import CORE, FEED

MOST_CHANGES = 1000
REPORT_BYTES = 16 << 20  # a thousand pairs of the longest paths, escaped


async def report(request: web.Request) -> web.Response:
    """What is accepted, what has to be uploaded, what is in conflict, what is rejected."""
    asking = await access.require(request)
    body = await read_json(request, REPORT_BYTES)
    device = await access.acting_device(request, asking, body)
    knowledge = await request.app[FEED].knowledge(device.id if device is not None else None, None)
    understood: list[Reported] = []
    rejected: list[Json] = []
    for one in _changes(body):
        try:
            understood.append(_reported(one, knowledge.cursor))
        except BadRequest as exc:
            rejected.append(_refused(one.get("path"), exc))
    with request.app[CORE].use() as mount:
        reply = await reports.take(
            mount, asking.user, understood, changes.author(request.app[CORE], asking.user, device)
        )
    answer = {
        "accepted": reply.accepted,
        "upload_required": reply.upload_required,
        "conflicts": [wire.clash_json(one) for one in reply.conflicts],
        "rejected": rejected + [_refused(str(path), exc) for path, exc in reply.refused],
    }
    return web.json_response(answer)


def _changes(body: JsonObject) -> list[JsonObject]:
    changes = body.get("changes")
    if not isinstance(changes, list) or not all(isinstance(one, dict) for one in changes):
        raise BadRequest("changes must be a list of objects")
    if len(changes) > MOST_CHANGES:
        raise BadRequest(f"a report has at most {MOST_CHANGES} changes; send several")
    return changes


def _reported(body: JsonObject, cursor: int) -> Reported:
    """One change, by a device that acknowledged everything up to *cursor*; raises BadRequest, BadName."""
    what = wire.required_text(body, "change_type")
    if what not in get_args(What):
        raise BadRequest(f"change_type is one of: {', '.join(get_args(What))}")
    path = TreePath.parse(wire.required_text(body, "path"))
    base = wire.hash_field(body, "base_hash")
    old_path = None
    if what == "moved":
        old_path = TreePath.parse(wire.required_text(body, "old_path"))
        if old_path == path:
            raise BadRequest("old_path and path are the same")
    knowledge = Knowledge(base) if base is not None else Knowledge(cursor=cursor)
    return Reported(cast(What, what), path, knowledge, wire.hash_field(body, "content_hash"), old_path)


def _refused(path: object, exc: SyncError) -> Json:
    return {"path": path, "code": exc.code, "detail": exc.text}
