"""`Expect: 100-continue` (RFC 9110 §10.1.1): what would be refused is told before the body is sent for nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import hdrs, web

from syncd.errors import SyncError
from syncd.web.front import render

Check = Callable[[web.Request], Awaitable[object]]
ExpectHandler = Callable[[web.Request], Awaitable[web.StreamResponse | None]]


def expecting(check: Check) -> ExpectHandler:
    """A handler that tells the client to go on, unless *check* raises SyncError by what the headers say."""

    async def expect(request: web.Request) -> web.StreamResponse | None:
        try:
            await check(request)
        except SyncError as exc:
            return render(request, exc)
        if request.headers[hdrs.EXPECT].lower() == "100-continue":
            await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            request.writer.output_size = 0  # else aiohttp takes this for the beginning of the answer
        return None

    return expect
