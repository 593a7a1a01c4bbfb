"""Doors that web pages of any origin may call (Fetch Standard, "CORS protocol").

Only where whoever asks shows a token in the request itself: no cookie, nothing that a browser adds by itself.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from aiohttp import hdrs, web

METHODS = "GET, POST, PUT, PATCH, DELETE, OPTIONS"
HEADERS = "Accept, Accept-Encoding, Authorization, Content-Type, DNT, Origin, Range, User-Agent, X-Requested-With"
REMEMBERED_S = 86_400  # a page need not ask before each request

Signal = Callable[[web.Request, web.StreamResponse], Awaitable[None]]


def open_to_pages(prefixes: Sequence[str]) -> Signal:
    """What marks answers below *prefixes* as readable by any page; also errors, and what is sent piece by piece."""
    beginnings = tuple(prefixes)

    async def mark(request: web.Request, response: web.StreamResponse) -> None:
        if hdrs.ORIGIN in request.headers and f"{request.path}/".startswith(beginnings):
            response.headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = "*"

    return mark


async def preflight(request: web.Request) -> web.Response:
    """200 without a body: what a page may send."""
    return web.Response(
        headers={
            hdrs.ACCESS_CONTROL_ALLOW_METHODS: METHODS,
            hdrs.ACCESS_CONTROL_ALLOW_HEADERS: HEADERS,
            hdrs.ACCESS_CONTROL_MAX_AGE: str(REMEMBERED_S),
        }
    )
