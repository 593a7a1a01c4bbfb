"""`GET /api/v1/openapi.json`: this dialect described for programs (OpenAPI 3.1). A test holds it against the routes."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from aiohttp import web


async def document(_request: web.Request) -> web.Response:
    """The description; needs no log-in."""
    return web.Response(body=_text(), content_type="application/json")


@cache
def _text() -> bytes:
    return Path(__file__).with_name("openapi.json").read_bytes()
