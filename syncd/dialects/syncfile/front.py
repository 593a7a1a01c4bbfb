"""`/v1` and `/v1/`: whether this is the right address (protocol §1)."""

from __future__ import annotations

from aiohttp import web


async def to_index(request: web.Request) -> web.Response:
    return web.Response(status=301, headers={"Location": "/v1/"})


async def index(request: web.Request) -> web.Response:
    return web.Response(text="index", content_type="text/html", headers={"X-Content-Type-Options": "nosniff"})
