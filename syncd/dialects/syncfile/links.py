"""`GET /v1/file?op=download` and `GET /v1/f?id=`: short links, and what they lead to (protocol §4.2, §4.3)."""

from __future__ import annotations

from aiohttp import web

from syncd.core import links, tree
from syncd.dialects.syncfile.access import holder, parameters
from syncd.dialects.syncfile.answers import Code, Refused, told
from syncd.dialects.syncfile.paths import file_path
from syncd.errors import BadName, Busy, NotFound
from syncd.web.files import attachment, content_type_of, send
from syncd.web.keys import CORE


async def download(request: web.Request) -> web.Response:
    """1220 with a new short link; 1221 where no file is."""
    asked = parameters(request)
    asking = await holder(request, asked)
    if asked.get("op") != "download":
        raise Refused(Code.BAD_CALL)
    core = request.app[CORE]
    try:
        link_id = await links.make(core, asking.user, file_path(asked.get("filepath", "")))
    except (NotFound, BadName) as exc:
        raise Refused(Code.NO_FILE) from exc
    except Busy as exc:
        raise Refused(Code.BUSY) from exc
    base = core.config.server.public_url or f"{request.scheme}://{request.host}"
    return told(Code.LINK, f"{base}/v1/f?id={link_id}")


async def fetch(request: web.Request) -> web.StreamResponse:
    """The file that a short link leads to, or a range of it; 404 when it leads nowhere."""
    core = request.app[CORE]
    user, found = await links.follow(core, parameters(request).get("id", ""))
    name = found.path.rpartition("/")[2]
    with tree.opened(core, user, found) as opened:
        if opened.hash != found.hash:
            raise NotFound("this link leads to nothing any more; ask for a new one")
        return await send(request, opened, content_type_of(name), disposition=attachment(name), cache="no-store")
