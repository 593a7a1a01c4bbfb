"""`/api/v1/sync/upload…`: large files in chunks, in any order, over restarts."""

from __future__ import annotations

from aiohttp import web

from syncd.core import changes, clashes, quota
from syncd.core.mount import Mount
from syncd.core.sessions import DEFAULT_CHUNK, MOST_CHUNKS, Wish
from syncd.dialects.sync import access, wire
from syncd.errors import Conflict, NotFound
from syncd.model import Principal, TreePath, UploadSession
from syncd.web.bodies import pieces, read_json, text_field, texts_field
from syncd.web.keys import CORE, FEED

SESSION_BYTES = MOST_CHUNKS * 80  # the hash of each chunk, and what stands around it
HOUR_MS = 3_600_000


async def begin(request: web.Request) -> web.Response:
    """A session with its room set aside; with `blocks`, what is here already need not be sent."""
    asking = await access.require(request)
    body = await read_json(request, SESSION_BYTES)
    device = await access.acting_device(request, asking, body)
    device_id = device.id if device is not None else None
    modified = text_field(body, "modified_at")
    wish = Wish(
        path=TreePath.parse(wire.required_text(body, "target_path")),
        size=wire.required_number(body, "expected_size"),
        hash=wire.hash_field(body, "expected_hash"),
        chunk_size=wire.number_field(body, "chunk_size", least=1) or DEFAULT_CHUNK,
        mtime_ms=wire.milliseconds(modified, "modified_at") if modified else None,
        knowledge=await request.app[FEED].knowledge(device_id, wire.hash_field(body, "base_hash")),
        blocks=wire.block_hashes(texts_field(body, "blocks")) if body.get("blocks") is not None else None,
    )
    core = request.app[CORE]
    session = await quota.begin(core, asking.user, device_id, wish)
    with core.use() as mount:
        return _answer(request, mount, session)


def _answer(request: web.Request, mount: Mount, session: UploadSession) -> web.Response:
    kept_ms = request.app[CORE].config.uploads.session_hours * HOUR_MS
    return web.json_response(wire.session_json(session, mount.sessions.missing(session), kept_ms))


async def _session(request: web.Request, mount: Mount, asking: Principal) -> UploadSession:
    """The session of the address; raises NotFound, also for a device when another one began it."""
    session = await mount.sessions.get(asking.user, request.match_info["session_id"])
    if asking.device_id is not None and session.device_id not in (None, asking.device_id):
        raise NotFound("there is no such upload of this device")
    return session


async def show(request: web.Request) -> web.Response:
    """The session, with the chunks that are missing: where to go on after a break."""
    asking = await access.require(request)
    with request.app[CORE].use() as mount:
        session = await _session(request, mount, asking)
        return _answer(request, mount, session)


async def cancel(request: web.Request) -> web.Response:
    """The session is forgotten, and its room free; a file that was completed stays."""
    asking = await access.require(request)
    with request.app[CORE].use() as mount:
        session = await _session(request, mount, asking)
        await mount.sessions.cancel(asking.user, session.id)
    return web.Response(status=204)


async def put_chunk(request: web.Request) -> web.Response:
    """One chunk, from the socket to its place in the file."""
    asking = await access.require(request)
    index = wire.number(request.match_info["index"], "the number of the chunk")
    digest = wire.content_digest(request)
    with request.app[CORE].use() as mount:
        session = await _session(request, mount, asking)
        async with mount.sessions.chunk(asking.user, session.id, index, request.content_length) as writer:
            async for piece in pieces(request):
                await writer.write(piece)
            await writer.finish(digest)
    return web.json_response({"chunk_index": index, "received": True})


async def check_chunk(request: web.Request) -> None:
    """What can be said of a chunk before its bytes are sent; raises what it would be refused with."""
    asking = await access.require(request)
    with request.app[CORE].use() as mount:
        session = await _session(request, mount, asking)
        if session.stored is not None:
            raise Conflict("this upload is completed already")


async def complete(request: web.Request) -> web.Response:
    """The file is in its place, or beside it; done again, the same answer."""
    asking = await access.require(request)
    core = request.app[CORE]
    with core.use() as mount:
        session = await _session(request, mount, asking)
        device = await core.accounts.find_device(session.device_id) if session.device_id is not None else None
        author = changes.author(request.app[CORE], asking.user, device)
        done = await mount.sessions.complete(asking.user, session.id, author)
        return web.json_response(await _stored(mount, asking, done))


async def _stored(mount: Mount, asking: Principal, done: UploadSession) -> wire.Json:
    assert done.stored is not None and done.stored_hash is not None
    clash = await clashes.get(mount, asking.user, done.conflict_id) if done.conflict_id is not None else None
    return wire.stored_json(done.stored, done.stored_hash, done.size, done.seq or 0, clash)
