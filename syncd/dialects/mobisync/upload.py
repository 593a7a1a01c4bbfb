"""`POST /upload`: one photo or video, streamed to the disk, answered when it is durable (protocol §2)."""

from __future__ import annotations

import base64
import binascii
import json
import logging
from datetime import date

from aiohttp import web

from syncd.core import changes, quota
from syncd.dialects.mobisync.names import device_folder, file_name, month_folder
from syncd.dialects.mobisync.visitor import newcomer
from syncd.errors import BadRequest, NotMedia, SyncError
from syncd.media.sniff import SNIFF_BYTES, sniff
from syncd.model import TreePath
from syncd.web.bodies import Form, PartHead
from syncd.web.keys import CORE

log = logging.getLogger(__name__)

OTHER_FILES = "Other files"  # where `other_files = keep` puts what is no media; outside every month


async def upload(request: web.Request) -> web.Response:
    """Store the first part of the form; 200 with an empty body once it would survive a power cut."""
    try:
        await _upload(request)
    except SyncError as exc:
        # The app shows nobody why a file failed, and stops sending after a few: the owner must be able to see it.
        log.warning("upload from %s refused: %s", request.remote, exc)
        raise
    return web.Response()


async def _upload(request: web.Request) -> None:
    require_fit(request)
    form = Form(request)
    head = await form.open()
    if head is None:
        raise BadRequest("the form has no file")
    content = aiter(form)
    beginning = b""
    async for chunk in content:
        beginning += chunk
        if len(beginning) >= SNIFF_BYTES:
            break
    is_media = sniff(beginning[:SNIFF_BYTES]) is not None
    core = request.app[CORE]
    if not beginning or (not is_media and core.config.mobisync.other_files == "refuse"):
        raise NotMedia("this file is no photo, video or sound" if beginning else "the file is empty")
    name = user_name(request.headers.get("user"))
    year, month = month_folder(_date_header(request), date.today())
    visitor = await newcomer(request, name)
    path = _target(head, year, month, is_media)
    most_bytes = await quota.room(core, visitor.user, None, request.content_length)
    with core.use() as mount:
        async with mount.uploads.begin(request.content_length, most_bytes) as incoming:
            await incoming.write(beginning)
            async for chunk in content:
                await incoming.write(chunk)
            await form.finish()
            arrived = await incoming.seal()
            if request.headers.get("X-Save-To-Trash", "").strip().lower() == "true":
                await changes.store_in_trash(mount, visitor.user, path, arrived, visitor.device_id)
            else:
                await changes.store(mount, visitor.user, path, arrived, visitor.device_id)


def _target(head: PartHead, year: str, month: str, is_media: bool) -> TreePath:
    """The field's name is the device id, strange as that is."""
    folders = (year, month) if is_media else (OTHER_FILES, year, month)
    return TreePath.checked((device_folder(head.name), *folders, file_name(head.filename)))


def _date_header(request: web.Request) -> str:
    header = request.headers.get("date", "").strip()
    if not header:
        raise BadRequest("missing date: send year-month, as in 2024-5")
    return header


def user_name(header: str | None) -> str:
    """The name in the `user` header: a JSON list of bytes, a JSON string of base64, or (old apps) bare.

    Raises BadRequest for nobody and for nonsense.
    """
    text = _utf8(header or "").strip()
    if not text:
        raise BadRequest("missing user")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        if text[0] in '["{':
            raise BadRequest("the user header is broken") from None
        return text
    name = _from_json(value, text)
    if not name.strip():
        raise BadRequest("not authorized: no user named")
    return name


def _from_json(value: object, text: str) -> str:
    try:
        if value is None:
            return ""
        if isinstance(value, list):
            return bytes(value).decode()
        if isinstance(value, str):
            return base64.b64decode(value, validate=True).decode()
    except (TypeError, ValueError, binascii.Error) as exc:
        raise BadRequest("the user header is broken") from exc
    if isinstance(value, (int, float)):
        return text  # a bare name of digits
    raise BadRequest("the user header is broken")


def _utf8(header: str) -> str:
    """aiohttp keeps bytes beyond ASCII as surrogates."""
    return header.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def require_fit(request: web.Request) -> None:
    """Raises TooLarge, StorageFull, VolumeUnavailable by what the headers announce."""
    core = request.app[CORE]
    with core.use() as mount:
        mount.uploads.require_fit(request.content_length or 0, quota.largest(core))


async def check(request: web.Request) -> None:
    """What can be refused before the bytes are sent."""
    require_fit(request)
