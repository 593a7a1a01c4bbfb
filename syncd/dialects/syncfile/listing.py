"""`op=list` (protocol §3.6): names of everything below a folder, in one flat array.

The array cannot tell a folder from a file or say where it lies, so `entries` beside it does. Both are sent page by
page: the answer of a large tree is never held in memory.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable

from aiohttp import web

from syncd.core import descent
from syncd.core.core import Core
from syncd.core.descent import Thing
from syncd.dialects.syncfile.answers import HEADERS, WORDS, Code, envelope
from syncd.errors import SyncError
from syncd.model import User
from syncd.web.keys import CORE

SMALL_CHARACTERS = 64 << 10  # a list up to this goes out in one piece, so that a disk that leaves is told by status
WRITE_S = 60  # for a page, with a client that reads slowly


async def listing(request: web.Request, user: User, folder: str) -> web.StreamResponse:
    """1150 with all that is below *folder* ('' is the whole tree), which must be there."""
    headers = {**HEADERS, "Content-Type": "application/json"}
    texts = _text(request.app[CORE], user, folder)
    beginning = ""
    async for text in texts:
        beginning += text
        if len(beginning) > SMALL_CHARACTERS:
            break
    else:
        return web.Response(body=beginning.encode(), headers=headers)
    response = web.StreamResponse(headers=headers)
    await response.prepare(request)
    try:
        await _write(response, beginning)
        async for text in texts:
            await _write(response, text)
    except BaseException as exc:
        # Half an answer must not look like a whole one, and there is no telling now why it ends.
        if request.transport is not None:
            request.transport.abort()
        if isinstance(exc, (SyncError, TimeoutError)):
            raise ConnectionResetError("the list was cut short") from exc
        raise
    await response.write_eof()
    return response


async def _write(response: web.StreamResponse, text: str) -> None:
    async with asyncio.timeout(WRITE_S):
        await response.write(text.encode())


async def _text(core: Core, user: User, folder: str) -> AsyncIterator[str]:
    head = json.dumps(envelope(Code.LISTED, WORDS[Code.LISTED], {}))
    yield f'{head[:-1]}, "details": ['
    async for text in _array(core, user, folder, lambda one: one.path.rpartition("/")[2]):
        yield text
    yield '], "entries": ['
    async for text in _array(core, user, folder, _entry):
        yield text
    yield "]}"


async def _array(core: Core, user: User, folder: str, shown: Callable[[Thing], object]) -> AsyncIterator[str]:
    """The inside of an array with all that is below *folder*."""
    comma = ""
    async for page in descent.below(core, user, folder):
        yield comma + ", ".join(json.dumps(shown(one)) for one in page)
        comma = ", "


def _entry(one: Thing) -> dict[str, str]:
    """`path` is what the other calls take."""
    return {"path": one.path, "type": "folder" if one.size is None else "file", "size": str(one.size or 0)}
