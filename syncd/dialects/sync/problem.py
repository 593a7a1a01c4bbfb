"""Errors of this dialect: problem details (RFC 9457), whatever went wrong and wherever."""

from __future__ import annotations

import json
from http import HTTPStatus

from aiohttp import web

from syncd.errors import ChunksMissing, SyncError

CONTENT_TYPE = "application/problem+json"


def problem(status: int, exc: SyncError) -> web.Response:
    """*exc* as a document with `type`, `title`, `status`, `code`, `detail`; `missing` where chunks are."""
    fields: dict[str, object] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": exc.code,
        "detail": exc.text,
    }
    if isinstance(exc, ChunksMissing):
        fields["missing"] = exc.missing
    return web.Response(
        status=status,
        body=json.dumps(fields).encode(),
        headers={"Content-Type": CONTENT_TYPE, "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"},
    )
