"""`/api/v1/sync/conflicts…` and `/receipts`: what is undecided, and what is safe."""

from __future__ import annotations

from typing import cast, get_args

from aiohttp import web

from syncd.core import changes, clashes
from syncd.core.clashes import Resolution
from syncd.core.receipts import Receipt, receipts
from syncd.dialects.sync import access, wire
from syncd.dialects.sync.wire import Json
from syncd.errors import BadRequest
from syncd.web.bodies import read_json, texts_field
from syncd.web.keys import CORE

MOST_RECEIPTS = 1000


async def listing(request: web.Request) -> web.Response:
    """Versions that did not know of each other, and nobody decided yet."""
    asking = await access.require(request)
    with request.app[CORE].use() as mount:
        found = await clashes.unresolved(mount, asking.user)
    return web.json_response([wire.clash_json(one) for one in found])


async def resolve(request: web.Request) -> web.Response:
    """Decide one; nothing is lost by it, the loser goes to the trash."""
    asking = await access.require(request)
    body = await read_json(request)
    resolution = wire.required_text(body, "resolution")
    if resolution not in get_args(Resolution):
        raise BadRequest(f"resolution is one of: {', '.join(get_args(Resolution))}")
    clash_id = wire.path_number(request, "conflict_id")
    device = await access.acting_device(request, asking, body)
    with request.app[CORE].use() as mount:
        author = changes.author(request.app[CORE], asking.user, device)
        done = await clashes.resolve(mount, asking.user, clash_id, cast(Resolution, resolution), author)
    answer = {"conflict": wire.clash_json(done.clash), "upload_required": done.upload_required, "sequence": done.seq}
    return web.json_response(answer)


async def receipt(request: web.Request) -> web.Response:
    """May the phone delete its copies of these contents?"""
    asking = await access.require(request)
    body = await read_json(request)
    if body.get("hashes") is None:
        raise BadRequest("hashes is missing")
    texts = texts_field(body, "hashes")
    if len(texts) > MOST_RECEIPTS:
        raise BadRequest(f"at most {MOST_RECEIPTS} hashes at once; ask several times")
    hashes = [wire.content_hash(one, "each of hashes") for one in texts]
    found = await receipts(request.app[CORE], asking.user, hashes)
    return web.json_response({"receipts": [_receipt_json(one) for one in found]})


def _receipt_json(one: Receipt) -> Json:
    return {
        "content_hash": wire.named(one.hash),
        "stored": bool(one.paths),
        "durable": one.durable,
        "paths": one.paths,
        "in_trash": one.in_trash,
        "verified_at": wire.time_or_none(one.verified_ms),
    }
