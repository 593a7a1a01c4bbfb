"""`/api/v1/sync/changes`, `/events` and `/ack`: the feed."""

from __future__ import annotations

import asyncio
import json
import time

from aiohttp import web

from syncd.core.feed import PAGE, PAGE_MOST, Page
from syncd.dialects.sync import access, wire
from syncd.errors import BadRequest
from syncd.model import User
from syncd.web.bodies import read_json
from syncd.web.keys import CORE, FEED

WAIT_S = 60.0  # the longest poll
LOOK_S = 5.0  # whoever hung up is noticed this soon
ALIVE_S = 15.0  # a comment this often keeps proxies from hanging up
SLOW_S = 60.0  # a reader that takes nothing for so long is gone


async def changes(request: web.Request) -> web.Response:
    """A page of the feed; with `wait`, as soon as there is something."""
    asking = await access.require(request)
    cursor = wire.query_number(request, "cursor", 0)
    limit = min(wire.query_number(request, "limit", PAGE, least=1), PAGE_MOST)
    seconds = wire.query_seconds(request, "wait", WAIT_S)
    page = await _wait(request, asking.user, cursor, limit, seconds)
    if seconds:
        await request.app[CORE].accounts.require_live(asking)  # it may have died while this waited
    body = {
        "changes": [wire.change_json(one, cursor) for one in page.changes],
        "cursor": page.cursor,
        "has_more": page.has_more,
    }
    return web.json_response(body)


async def _wait(request: web.Request, user: User, cursor: int, limit: int, seconds: float) -> Page:
    """As Feed.wait, in slices: a client that hangs up must not be waited for."""
    feed, below, folders = request.app[FEED], wire.prefix(request), wire.query_switch(request, "folders")
    end = time.monotonic() + seconds
    while True:
        left = end - time.monotonic()
        page = await feed.wait(user, cursor, max(0.0, min(left, LOOK_S)), limit, below, folders=folders)
        if page.changes or page.has_more or left <= LOOK_S or feed.is_closed:
            return page
        if request.transport is None or request.transport.is_closing():
            raise ConnectionResetError
        cursor = page.cursor


async def events(request: web.Request) -> web.StreamResponse:
    """Every change as a server-sent event, for as long as the client listens."""
    asking = await access.require(request)
    cursor = _resume_at(request)
    feed, below, folders = request.app[FEED], wire.prefix(request), wire.query_switch(request, "folders")
    page = await feed.after(
        asking.user, cursor, PAGE, below, folders=folders
    )  # an answer of its own for what is refused
    response = web.StreamResponse(
        headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    )
    await response.prepare(request)
    await _write(response, b": the changes of your tree\n\n")
    while not feed.is_closed:
        await request.app[CORE].accounts.require_live(asking)
        if page.changes:
            await _write(response, b"".join(_event(wire.change_json(one, cursor), one.seq) for one in page.changes))
        elif not page.has_more:
            await _write(response, b": still here\n\n")
        cursor = page.cursor
        page = await feed.wait(asking.user, cursor, ALIVE_S, PAGE, below, folders=folders)
    return response


def _resume_at(request: web.Request) -> int:
    last = request.headers.get("Last-Event-ID")
    return wire.number(last, "Last-Event-ID") if last else wire.query_number(request, "cursor", 0)


def _event(change: wire.Json, seq: int) -> bytes:
    return f"event: change\nid: {seq}\ndata: {json.dumps(change)}\n\n".encode()


async def _write(response: web.StreamResponse, data: bytes) -> None:
    try:
        async with asyncio.timeout(SLOW_S):
            await response.write(data)
    except TimeoutError as exc:
        raise ConnectionResetError("the reader of events takes nothing") from exc


async def acknowledge(request: web.Request) -> web.Response:
    """The device has applied everything up to a cursor."""
    asking = await access.require(request)
    body = await read_json(request)
    device = await access.acting_device(request, asking, body)
    if device is None:
        raise BadRequest("device_id is missing: this token is of no device")
    cursor = wire.required_number(body, "cursor")
    await request.app[FEED].acknowledge(asking.user, device.id, cursor)
    return web.json_response({"cursor": cursor})
