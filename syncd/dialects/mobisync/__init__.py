"""MobiSync: the phone app that backs up photos and videos (`docs/mobisync.md`).

    POST /upload                   one file as multipart/form-data      upload
    POST /folders /files           months, and what is in one           browse
    POST /img   GET /stream        thumbnail, preview, original         images
    POST /move-to-trash /restore   and /delete-all                      bins
    POST /regenerate-thumbnails /clean-orphan-thumbnails /run-document-detection   upkeep
    POST /auth/login /auth/register                                     accounts
    GET  /setup_info                                                    web/probes

Errors are a short line of text. Quirks, with the client generation that needs them (C1: 1.0.x, C2: 2026):

* Success is exactly 200, whatever was done (both).
* C1 sends no token: it comes in through `/k/<key>/`, or by nickname where `[mobisync] access` allows.
* C1 asks for every thumbnail at the same moment, a connection each.
* C2's player sends no header: `/stream` has to do with the address.
* A slash at the end of the typed address makes `//upload`; neither client follows a redirect (`web/front.py`).
* Lists are reversed by the app before it shows them, so they go out oldest first (both).
"""

from __future__ import annotations

from aiohttp import web

from syncd.dialects.dialect import Dialect, by_name
from syncd.web.errors import plain_text
from syncd.web.expect import expecting

on = by_name(__name__)

ROUTES = [
    web.post("/upload", on("upload.upload"), expect_handler=expecting(on("upload.check"))),
    web.post("/folders", on("browse.folders")),
    web.post("/files", on("browse.files")),
    web.post("/img", on("images.image")),
    web.get("/stream", on("images.stream")),
    web.post("/move-to-trash", on("bins.move_to_trash")),
    web.post("/restore", on("bins.restore")),
    web.post("/delete-all", on("bins.delete_all")),
    web.post("/regenerate-thumbnails", on("upkeep.regenerate")),
    web.post("/clean-orphan-thumbnails", on("upkeep.clean_orphans")),
    web.post("/run-document-detection", on("upkeep.detect_documents")),
    web.post("/auth/login", on("accounts.login")),
    web.post("/auth/register", on("accounts.register")),
]

DIALECT = Dialect("mobisync", ROUTES, plain_text)
