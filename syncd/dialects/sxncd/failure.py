"""Errors of this dialect: `{"success": false, "error": "text"}`, with 400 for all that an app can mend."""

from __future__ import annotations

import json
from http import HTTPStatus

from aiohttp import web

from syncd.errors import SyncError

# The original has no other status for these, and no app looks closer than that.
PLAIN = frozenset((HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT))


def failure(status: int, exc: SyncError) -> web.Response:
    """*exc* as an app reads it."""
    body = {"success": False, "error": exc.text}
    return answer(json.dumps(body).encode(), HTTPStatus.BAD_REQUEST if status in PLAIN else status)


def answer(body: bytes, status: int = HTTPStatus.OK) -> web.Response:
    """*body* is JSON. The charset is said: some clients take it for Latin-1 otherwise."""
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
    return web.Response(status=status, body=body, headers=headers)
