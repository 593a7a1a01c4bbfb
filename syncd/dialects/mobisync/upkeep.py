"""`POST /regenerate-thumbnails`, `/clean-orphan-thumbnails`, `/run-document-detection` (protocol §6.2 to §6.4)."""

from __future__ import annotations

from collections.abc import AsyncIterator

from aiohttp import web

from syncd.core import changes, pictures, tree
from syncd.dialects.mobisync.bins import device_request
from syncd.dialects.mobisync.names import device_folder
from syncd.dialects.mobisync.visitor import Visitor
from syncd.errors import Busy, NotFound
from syncd.model import Entry, Reason
from syncd.web.bodies import JSON_BYTES
from syncd.web.keys import CORE, GALLERY


async def regenerate(request: web.Request) -> web.Response:
    """Make every thumbnail of the device anew; `Regenerated` counts those that there are."""
    found, device, _ = await device_request(request, JSON_BYTES)
    made = 0
    async for entry in _files(request, found, device):
        assert found is not None
        try:
            made += await request.app[GALLERY].remake(found.user, entry)
        except (NotFound, Busy):
            continue
    return web.json_response({"Regenerated": made})


async def clean_orphans(request: web.Request) -> web.Response:
    """Pictures are kept by content; drop those whose content nobody has any more."""
    found, _, _ = await device_request(request, JSON_BYTES)
    removed = await pictures.sweep(request.app[CORE]) if found else 0
    return web.json_response({"Removed": removed})


async def detect_documents(request: web.Request) -> web.Response:
    """Move the device's pictures of papers to the trash, whatever `documents_to_trash` says."""
    found, device, _ = await device_request(request, JSON_BYTES)
    moved = 0
    async for entry in _files(request, found, device):
        assert found is not None
        try:
            if await request.app[GALLERY].is_document(found.user, entry):
                moved += await changes.discard(
                    request.app[CORE], found.user, [entry.path], Reason.DOCUMENT, found.device_id
                )
        except (NotFound, Busy):
            continue
    return web.json_response({"Moved": moved})


async def _files(request: web.Request, found: Visitor | None, device: str) -> AsyncIterator[Entry]:
    """All live files of the device."""
    if found is not None:
        async for page in tree.below(request.app[CORE], found.user, device_folder(device)):
            for entry in page:
                yield entry
