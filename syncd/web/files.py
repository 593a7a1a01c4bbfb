"""A file as an answer: whole, a range, or nothing, from the descriptor that was checked.

Up to SMALL_BYTES one read in the loop and one response: five times cheaper than a hop to a thread (measured:
`benchmarks/`). Above, sendfile(2): the bytes never pass through the daemon's memory.
"""

from __future__ import annotations

import asyncio
import os
import re
from urllib.parse import quote

from aiohttp import web

from syncd.core.tree import OpenFile
from syncd.lean import mime_types
from syncd.web.conditions import Outcome, Selection, http_date, select
from syncd.web.errors import PreconditionFailed

SMALL_BYTES = 256 << 10
SLICE_BYTES = 4 << 20
SLICE_S = 600  # a player may pause; one that takes longer for a slice has gone to sleep


def etag_of(opened: OpenFile) -> str:
    """Strong and made of the content where the index knows it; weak while a changed file was not read again."""
    if opened.hash is not None:
        return f'"{opened.hash.hex()}"'
    return f'W/"{opened.size:x}-{opened.mtime_ns:x}"'


def content_type_of(name: str) -> str:
    """What the extension of *name* stands for; application/octet-stream when nobody knows, and for packed files."""
    found, packed = mime_types().guess_type(name)
    return found if found is not None and packed is None else "application/octet-stream"


def attachment(name: str) -> str:
    """A Content-Disposition that has a browser save the file as *name* (RFC 6266, RFC 8187)."""
    plain = re.sub(r'(["\\])', r"\\\1", re.sub(r"[^ -~]", "_", name))
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


async def send(
    request: web.Request,
    opened: OpenFile,
    content_type: str,
    *,
    disposition: str = "inline",
    cache: str = "private, no-cache",
) -> web.StreamResponse:
    """Answer a GET or HEAD with the file; raises PreconditionFailed. 206, 304 and 416 as the headers ask.

    User content is never run in our origin: no sniffing, no scripts.
    """
    etag, mtime_s = etag_of(opened), opened.mtime_ns // 1_000_000_000
    chosen = select(request.headers, etag, mtime_s, opened.size)
    headers = {
        "ETag": etag,
        "Last-Modified": http_date(mtime_s),
        "Accept-Ranges": "bytes",
        "Content-Type": content_type,
        "Content-Disposition": disposition,
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox",
        "Cache-Control": cache,
    }
    match chosen.outcome:
        case Outcome.PRECONDITION_FAILED:
            raise PreconditionFailed("the file is another one by now")
        case Outcome.NOT_MODIFIED:
            return web.Response(status=304, headers={"ETag": etag, "Cache-Control": headers["Cache-Control"]})
        case Outcome.UNSATISFIABLE:
            return web.Response(status=416, headers={"Content-Range": f"bytes */{opened.size}", "ETag": etag})
        case Outcome.PART:
            end = chosen.start + chosen.length - 1
            headers["Content-Range"] = f"bytes {chosen.start}-{end}/{opened.size}"
    status = 206 if chosen.outcome is Outcome.PART else 200
    if request.method == "HEAD":
        return web.Response(status=status, headers={**headers, "Content-Length": str(chosen.length)})
    return await _send(request, opened, chosen, status, headers)


async def send_whole(request: web.Request, opened: OpenFile, content_type: str) -> web.StreamResponse:
    """Answer a POST with the whole file, whatever the headers ask."""
    headers = {"Content-Type": content_type, "X-Content-Type-Options": "nosniff"}
    return await _send(request, opened, Selection(Outcome.WHOLE, 0, opened.size), 200, headers)


async def _send(
    request: web.Request, opened: OpenFile, chosen: Selection, status: int, headers: dict[str, str]
) -> web.StreamResponse:
    if chosen.length <= SMALL_BYTES:
        return web.Response(status=status, headers=headers, body=_read(opened, chosen))
    return await _stream(request, opened, chosen, web.StreamResponse(status=status, headers=headers))


def _read(opened: OpenFile, chosen: Selection) -> bytes:
    found = os.pread(opened.fd, chosen.length, chosen.start)
    if len(found) != chosen.length:
        raise ConnectionResetError("the file was cut short while it was read")
    return found


async def _stream(
    request: web.Request, opened: OpenFile, chosen: Selection, response: web.StreamResponse
) -> web.StreamResponse:
    response.content_length = chosen.length
    await response.prepare(request)
    await request.writer.drain()
    transport = request.transport
    if transport is None:
        raise ConnectionResetError
    try:
        await _send_slices(transport, opened, chosen)
    except BaseException:
        # Half an answer must not look like a whole one.
        transport.abort()
        raise
    await response.write_eof()
    return response


async def _send_slices(transport: asyncio.Transport, opened: OpenFile, chosen: Selection) -> None:
    loop = asyncio.get_running_loop()
    offset, left = chosen.start, chosen.length
    with os.fdopen(opened.fd, "rb", buffering=0, closefd=False) as content:
        while left:
            if opened.mount.is_closing:
                raise ConnectionResetError("the disk goes away")
            try:
                async with asyncio.timeout(SLICE_S):
                    sent = await loop.sendfile(transport, content, offset, min(SLICE_BYTES, left))
            except TimeoutError as exc:
                raise ConnectionResetError("nobody takes the file any more") from exc
            if not sent:
                raise ConnectionResetError("the file was cut short while it was sent")
            offset += sent
            left -= sent
