"""`GET /v1/folder` (protocol §3): log-in, then path, then op are looked at."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web

from syncd.core import changes, folders, reconcile
from syncd.core.core import Core
from syncd.dialects.syncfile import records
from syncd.dialects.syncfile.access import Parameters, holder, parameters
from syncd.dialects.syncfile.answers import Code, Refused, told
from syncd.dialects.syncfile.listing import listing
from syncd.dialects.syncfile.paths import folder_path, is_root, renamed
from syncd.errors import BadName, BadRequest, Conflict, NotFound
from syncd.model import TreePath, User
from syncd.web.keys import CORE


@dataclass(frozen=True, slots=True)
class Call:
    """An op on a path, by somebody."""

    request: web.Request
    user: User
    path: TreePath
    asked: Parameters

    @property
    def core(self) -> Core:
        return self.request.app[CORE]


async def folder(request: web.Request) -> web.StreamResponse:
    """What the op says; 1021, 1103 and 1206 before."""
    asked = parameters(request)
    asking = await holder(request, asked)
    text = asked.get("path", "").strip()
    if not text or text.endswith("\\"):
        raise Refused(Code.BAD_END)
    op = OPS.get(asked.get("op", ""))
    if op is None:
        raise Refused(Code.BAD_CALL)
    carry_out, refusal, extra = op
    try:
        return await carry_out(Call(request, asking.user, folder_path(text), asked))
    except (NotFound, BadName) as exc:
        raise Refused(refusal, None, **extra) from exc


async def mkdir(call: Call) -> web.StreamResponse:
    """One folder in one that there is."""
    if is_root(call.path):
        raise Refused(Code.ALREADY_THERE)
    try:
        await folders.make(call.core, call.user, call.path)
    except Conflict as exc:
        raise Refused(Code.ALREADY_THERE) from exc
    return told(Code.MADE)


async def getdetail(call: Call) -> web.StreamResponse:
    """Of a folder, of a file, or of the whole tree (`root`)."""
    record = records.root_record(call.user) if is_root(call.path) else await _record(call)
    return told(Code.DETAILS, details=record.details())


async def _record(call: Call) -> records.Record:
    core, user, path = call.core, call.user, call.path
    found = await folders.find(core, user, path)
    if found is not None:
        return records.folder_record(user, found, await _parent_id(core, user, path))
    return records.file_record(user, await reconcile.settled(core, user, path), await _parent_id(core, user, path))


async def _parent_id(core: Core, user: User, path: TreePath) -> str:
    if not path.parent:
        return records.root_id(user)
    parent = await folders.find(core, user, TreePath.checked(path.parent))
    if parent is None:
        raise NotFound("it is gone")  # between two looks
    return records.folder_id(user, parent)


async def rename(call: Call) -> web.StreamResponse:
    """Another name in the same folder, for a folder with all that is in it or for a file."""
    name = call.asked.get("name", "")
    try:
        target = renamed(call.path, name)
        with call.core.use() as mount:
            await changes.move(mount, call.user, call.path, target, changes.author(call.core, call.user))
    except (BadRequest, Conflict) as exc:
        raise Refused(Code.NOT_RENAMED, exc.text) from exc
    return told(Code.RENAMED, f"renamed folder {call.path.name} to {name}")


async def remove(call: Call) -> web.StreamResponse:
    """A folder with all that is in it, or a file; to the trash."""
    try:
        with call.core.use() as mount:
            await changes.throw_away(mount, call.user, call.path, changes.author(call.core, call.user))
    except (BadRequest, Conflict) as exc:
        raise Refused(Code.NOT_REMOVED, exc.text) from exc
    return told(Code.REMOVED)


async def list_(call: Call) -> web.StreamResponse:
    """All that is in a folder, at any depth."""
    if is_root(call.path):
        return await listing(call.request, call.user, "")
    if await folders.find(call.core, call.user, call.path) is None:
        raise NotFound("there is no such folder")
    return await listing(call.request, call.user, str(call.path))


# What it does, and how it says that there is no such thing, or no such path.
OPS: dict[str, tuple[Callable[[Call], Awaitable[web.StreamResponse]], Code, dict[str, object]]] = {
    "mkdir": (mkdir, Code.NO_PARENT, {}),
    "getdetail": (getdetail, Code.NO_DETAILS, {"details": ""}),
    "rename": (rename, Code.NOT_RENAMED, {}),
    "rm": (remove, Code.NOT_REMOVED, {}),
    "list": (list_, Code.NOT_LISTED, {}),
}
