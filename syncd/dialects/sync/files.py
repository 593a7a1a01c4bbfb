"""`/api/v1/sync/files/…`, `/move`, `/download/…` and `/blocks/…`: whole files, without a session."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

from aiohttp import web

from syncd.core import block_maps, changes, reconcile, tree, whole
from syncd.core.conflicts import EVERYTHING, Knowledge
from syncd.core.core import Core
from syncd.core.sessions import DEFAULT_CHUNK, MAX_CHUNK, MIN_CHUNK
from syncd.core.tree import OpenFile
from syncd.core.whole import Whole
from syncd.dialects.sync import access, wire
from syncd.dialects.sync.problem import problem
from syncd.errors import BadRequest, Busy, Conflict
from syncd.model import Device, TreePath, User
from syncd.web.bodies import pieces, read_json
from syncd.web.conditions import holds
from syncd.web.errors import PreconditionFailed
from syncd.web.files import content_type_of, send
from syncd.web.keys import CORE, FEED

TRIES = 8  # a file replaced more often than this while it is opened is somebody's counter


async def put(request: web.Request) -> web.Response:
    """Store one file in one request: 201 where nothing was, or for a conflicted copy, else 200."""
    asking = await access.require(request)
    wanted = _wanted(request, asking.user)
    device = await access.acting_device(request, asking, {})
    knowledge, core = await _knowledge(request, device), request.app[CORE]
    author = changes.author(core, asking.user, device)
    arrived, placed = await whole.store(core, wanted, pieces(request), knowledge, author, _precondition(request))
    body = wire.stored_json(str(placed.path), arrived.digest, arrived.state.size, placed.seq, placed.clash)
    return web.json_response(body, status=201 if placed.is_new else 200, headers={"ETag": _etag(arrived.digest)})


def _wanted(request: web.Request, user: User) -> Whole:
    path, digest = wire.tree_path(request), wire.content_digest(request)
    modified = request.query.get("modified_at")
    mtime_ms = wire.milliseconds(modified, "modified_at") if modified else None
    return Whole(user, path, request.content_length, digest, mtime_ms)


async def check_put(request: web.Request) -> None:
    """What can be said of an upload before its bytes are sent; raises what it would be refused with."""
    asking = await access.require(request)
    core, wanted = request.app[CORE], _wanted(request, asking.user)
    await whole.require_room(core, wanted)
    standing = await tree.entry(core, asking.user, wanted.path)
    _precondition(request)(standing.hash if standing is not None else None)


async def _knowledge(request: web.Request, device: Device | None) -> Knowledge:
    """A person who names no version means the one that is there; who sends If-Match knows it, or is refused."""
    base = request.query.get("base_hash")
    if not base and (device is None or "If-Match" in request.headers):
        return EVERYTHING
    return await request.app[FEED].knowledge(
        device.id if device is not None else None, wire.content_hash(base, "base_hash") if base else None
    )


def _precondition(request: web.Request) -> Callable[[bytes | None], None]:
    """A check of what stands at the place against If-Match and If-None-Match; it raises PreconditionFailed."""

    def require(standing: bytes | None) -> None:
        if not holds(request.headers, _etag(standing) if standing is not None else None):
            raise PreconditionFailed("another version is there by now; nothing was changed")

    return require


def _etag(digest: bytes) -> str:
    return f'"{digest.hex()}"'


async def delete(request: web.Request) -> web.Response:
    """Move a file to the trash."""
    asking = await access.require(request)
    device = await access.acting_device(request, asking, {})
    with request.app[CORE].use() as mount:
        await changes.remove(
            mount,
            asking.user,
            wire.tree_path(request),
            changes.author(request.app[CORE], asking.user, device),
            _precondition(request),
        )
    return web.Response(status=204)


async def move(request: web.Request) -> web.Response:
    """Rename a file or a folder, never over another; with `base_hash` only that version of a file."""
    asking = await access.require(request)
    body = await read_json(request)
    device = await access.acting_device(request, asking, body)
    source = TreePath.parse(wire.required_text(body, "from"))
    target = TreePath.parse(wire.required_text(body, "to"))
    base = wire.hash_field(body, "base_hash")
    with request.app[CORE].use() as mount:
        author = changes.author(request.app[CORE], asking.user, device)
        seq = await changes.move(mount, asking.user, source, target, author, partial(_require_version, base))
    return web.json_response({"path": str(target), "sequence": seq})


def _require_version(base: bytes | None, standing: bytes | None) -> None:
    if base is not None and standing != base:
        raise Conflict("another version is there by now; nothing was changed")


@asynccontextmanager
async def _opened(core: Core, user: User, path: TreePath) -> AsyncIterator[OpenFile]:
    """The file at *path*, with its hash also when it is replaced this moment; raises NotFound, and Busy."""
    for _ in range(TRIES):
        with tree.opened(core, user, await reconcile.settled(core, user, path)) as found:
            if found.hash is not None:
                yield found
                return
    raise Busy("this file is being changed; try again")


async def download(request: web.Request) -> web.StreamResponse:
    """The file, or a range of it; its ETag is its content."""
    asking = await access.require(request)
    core, path = request.app[CORE], wire.tree_path(request)
    async with _opened(core, asking.user, path) as opened:
        answer = await send(request, opened, content_type_of(path.name))
    return _unsatisfiable(answer) if answer.status == 416 else answer


def _unsatisfiable(answer: web.StreamResponse) -> web.Response:
    """*answer*, with the reason in the form of this dialect."""
    told = problem(416, BadRequest("the range begins beyond the end of the file", code="range_not_satisfiable"))
    told.headers.update({name: answer.headers[name] for name in ("Content-Range", "ETag")})
    return told


async def blocks(request: web.Request) -> web.Response:
    """Of which blocks a file consists: who has some of them fetches only the others."""
    asking = await access.require(request)
    chunk_size = wire.query_number(request, "chunk_size", DEFAULT_CHUNK, least=1)
    chunk_size = min(max(chunk_size, MIN_CHUNK), MAX_CHUNK)
    core = request.app[CORE]
    async with _opened(core, asking.user, wire.tree_path(request)) as opened:
        assert opened.hash is not None
        found = await block_maps.of_open_file(opened.mount.ground, opened.fd, opened.size, opened.hash, chunk_size)
    body = {
        "chunk_size": chunk_size,
        "content_hash": wire.named(opened.hash),
        "file_size": opened.size,
        "blocks": [one.hex() for one in found],
    }
    return web.json_response(body)
