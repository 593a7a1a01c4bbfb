"""`POST /v1/file?op=upload` (protocol §4.1): one file, from the socket to the disk, answered when it is durable."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from aiohttp import web

from syncd.core import changes, folders, tree, whole
from syncd.core.conflicts import EVERYTHING, NOTHING
from syncd.core.core import Core
from syncd.core.whole import Whole
from syncd.dialects.syncfile.access import holder, parameters
from syncd.dialects.syncfile.answers import Code, Refused, told
from syncd.dialects.syncfile.paths import SEPARATORS, file_path, is_root
from syncd.errors import (
    BadName,
    BadRequest,
    Busy,
    Conflict,
    Forbidden,
    IndexBroken,
    NotFound,
    StorageFailed,
    StorageFull,
    SyncError,
    TooLarge,
    VolumeUnavailable,
)
from syncd.model import TreePath
from syncd.web.bodies import Form, first_file, is_form, pieces
from syncd.web.keys import CORE

# What a file may not be written for; anything else is our own fault.
REASONS = (
    *(BadRequest, Forbidden, NotFound, Conflict, TooLarge, Busy),
    *(StorageFull, StorageFailed, VolumeUnavailable, IndexBroken),
)


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be stored, and how it comes."""

    whole: Whole
    may_replace: bool
    is_form: bool

    def require(self, standing: bytes | None) -> None:
        """Raise Refused (1202) unless the place is free, or holds a file that may make way."""
        is_folder = standing == b""
        if is_folder or (standing is not None and not self.may_replace):
            raise Refused(Code.FILE_EXISTS)


async def upload(request: web.Request) -> web.Response:
    """1200 for a form and 1210 for a plain body, once the file would survive a power cut."""
    wish = await _wish(request)
    try:
        await _store(request, wish)
    except REASONS as exc:
        raise _refusal(wish, exc) from exc
    return told(Code.FORM_STORED if wish.is_form else Code.RAW_STORED)


async def check(request: web.Request) -> None:
    """What can be refused before the bytes are sent."""
    wish = await _wish(request)
    try:
        await _require_place(request.app[CORE], wish)
        await whole.require_room(request.app[CORE], wish.whole)
    except REASONS as exc:
        raise _refusal(wish, exc) from exc


def _refusal(wish: Wish, exc: SyncError) -> Refused:
    if isinstance(exc, Refused):
        return exc
    return Refused(Code.FORM_NOT_STORED if wish.is_form else Code.RAW_NOT_STORED, f"Exception:{exc.text}")


async def _wish(request: web.Request) -> Wish:
    """Looked at in the order of the protocol: log-in, op, path."""
    asked = parameters(request)
    asking = await holder(request, asked)
    if asked.get("op") != "upload":
        raise Refused(Code.NO_SUCH_OP)
    text = asked.get("filepath", "")
    if not text.strip():
        raise Refused(Code.FILE_EXISTS)  # the whole tree stands there
    wish = Wish(
        Whole(asking.user, _path(text), request.content_length),
        may_replace=asked.get("overwrite") == "1",
        is_form=is_form(request.headers.get("Content-Type", "")),
    )
    if is_root(wish.whole.path):
        raise Refused(Code.FILE_EXISTS)
    return wish


def _path(text: str) -> TreePath:
    if text.endswith(SEPARATORS):
        raise Refused(Code.BAD_CALL)
    try:
        return file_path(text)
    except BadName as exc:
        raise Refused(Code.BAD_CALL) from exc


async def _standing(core: Core, wish: Wish) -> bytes | None:
    """The SHA-256 of the file that is there, b'' for a folder, None for nothing. The committer looks again."""
    found = await tree.entry(core, wish.whole.user, wish.whole.path)
    if found is not None and found.is_file:
        return found.hash
    return b"" if await folders.find(core, wish.whole.user, wish.whole.path) is not None else None


async def _require_place(core: Core, wish: Wish) -> None:
    """Raise Refused when something stands there, NotFound when there is no folder for it."""
    wish.require(await _standing(core, wish))
    await folders.require_parent(core, wish.whole.user, wish.whole.path)


async def _store(request: web.Request, wish: Wish) -> None:
    core = request.app[CORE]
    await _require_place(core, wish)
    knowledge, author = EVERYTHING if wish.may_replace else NOTHING, changes.author(core, wish.whole.user)
    await whole.store(core, wish.whole, _content(request, wish), knowledge, author, wish.require)


def _content(request: web.Request, wish: Wish) -> AsyncIterator[bytes]:
    """The bytes of the file as they come; raises BadRequest when they end too soon."""
    return first_file(Form(request, may_hide_boundary=True)) if wish.is_form else pieces(request)
