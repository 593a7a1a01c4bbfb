"""`POST /img` and `GET /stream`: thumbnails, previews, originals, and players that seek (protocol §5)."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from syncd.core import tree
from syncd.dialects.mobisync.names import named_file
from syncd.dialects.mobisync.visitor import Visitor, visitor
from syncd.errors import BadName, BadRequest, NotFound
from syncd.model import Entry, MediaType, Trashed
from syncd.web import files
from syncd.web.bodies import object_field, read_json, text_field
from syncd.web.keys import CORE, GALLERY

OCTETS = "application/octet-stream"
# What the app knows to show in `full`; a type it does not know makes it offer a download.
FULL_TYPES: Final = {
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "gif": "image/gif",
    "webp": "image/webp",
    "heic": "image/heic",
}
PLAYED_TYPES: Final = {
    "mp4": "video/mp4",
    "m4v": "video/mp4",
    "webm": "video/webm",
    "mov": "video/quicktime",
    "3gp": "video/3gpp",
    "mkv": "video/x-matroska",
    "mp3": "audio/mpeg",
    "m4a": "audio/mp4",
    "ogg": "audio/ogg",
    "oga": "audio/ogg",
    "wav": "audio/wav",
}


async def image(request: web.Request) -> web.StreamResponse:
    """The thumbnail (PNG), with `Quality` "high" the preview (JPEG), with "full" the original. 404: no such picture."""
    body = await read_json(request)
    user_data = object_field(body, "UserData")
    found = await visitor(request, text_field(user_data, "User"))
    file = text_field(body, "File")
    quality = text_field(body, "Quality")
    if found is None or not file:
        raise NotFound("there is no such file")
    row = await _row(request, found, text_field(user_data, "DeviceId"), file)
    if quality == "full":
        with tree.opened(request.app[CORE], found.user, row) as opened:
            return await files.send_whole(request, opened, FULL_TYPES.get(_extension(file), OCTETS))
    gallery = request.app[GALLERY]
    if quality == "high":
        picture, kind = await gallery.preview(found.user, row), "image/jpeg"
    else:
        picture, kind = await gallery.thumbnail(found.user, row), "image/png"
    if picture is None:
        raise NotFound("there is no picture of this file")
    return web.Response(body=picture, content_type=kind, headers={"X-Content-Type-Options": "nosniff"})


async def stream(request: web.Request) -> web.StreamResponse:
    """The original, whole or a range, for a player that knows nothing but the address."""
    user, device, file = (request.query.get(name, "") for name in ("User", "DeviceId", "File"))
    if not user or not device or not file:
        raise BadRequest("User, DeviceId and File must not be empty")
    found = await visitor(request, user)
    if found is None:
        raise NotFound("there is no such file")
    row = await _row(request, found, device, file)
    with tree.opened(request.app[CORE], found.user, row) as opened:
        return await files.send(request, opened, played_type(request.app[GALLERY].kind_of(opened), file))


async def _row(request: web.Request, found: Visitor, device: str, file: str) -> Entry | Trashed:
    try:
        named = named_file(device, file)
    except BadName as exc:
        raise BadRequest(exc.text) from exc
    look_up = tree.trashed if named.in_trash else tree.live
    return await look_up(request.app[CORE], found.user, named.path)


def played_type(kind: MediaType | None, file: str) -> str:
    """What the bytes say if they are video or sound, else what the name says, else what the bytes say."""
    if kind is not None and kind.kind != "image":
        return kind.mime
    by_name = PLAYED_TYPES.get(_extension(file))
    return by_name or (kind.mime if kind is not None else OCTETS)


def _extension(file: str) -> str:
    return file.rpartition(".")[2].lower()
