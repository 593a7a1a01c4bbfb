r"""SyncFile v1: folders and files by query string (`docs/syncfile.md`).

    GET  /v1/userRegister /v1/getAuthID /v1/isAuthAlive   accounts and log-ins; also POST   accounts
    GET  /v1/folder    op=mkdir getdetail rename rm list                                    folders, listing
    POST /v1/file      op=upload                                                            upload
    GET  /v1/file      op=download: a short link                                            links
    GET  /v1/f?id=     the file of a short link, without a log-in                           links
    GET  /v1/          `index`                                                              front

Parameters are in the query. Answers are one JSON object with status 200, also when something is refused: `status`,
`error_code` (a number) and `msg` tell. Only a short link that leads nowhere and an address that there is not are 404
in plain text, and a disk that is not there or full is 503 or 507. Quirks, all needed by every client:

* `\` separates as `/` does; the web page and the manual write it. `path` must not end with it.
* An upload without a Content-Type, or with any but multipart, is the file itself; Python scripts send it so.
* A form may lack the boundary in its header; the scripts send it so.
* The web page is of another origin: CORS is open. Nothing here goes by a cookie.
* The link that `download` answers has no slash before `?`; older clients were redirected to `/v1/f/`, so both serve.
"""

from __future__ import annotations

from aiohttp import web

from syncd.dialects.dialect import Dialect, by_name
from syncd.dialects.syncfile.answers import render
from syncd.web.cors import preflight
from syncd.web.expect import expecting

on = by_name(__name__)

ROUTES = [
    web.get("/v1", on("front.to_index")),
    web.get("/v1/", on("front.index")),
    web.get("/v1/userRegister", on("accounts.register")),
    web.post("/v1/userRegister", on("accounts.register")),
    web.get("/v1/getAuthID", on("accounts.log_in")),
    web.post("/v1/getAuthID", on("accounts.log_in")),
    web.get("/v1/isAuthAlive", on("accounts.is_alive")),
    web.post("/v1/isAuthAlive", on("accounts.is_alive")),
    web.get("/v1/folder", on("folders.folder")),
    web.post("/v1/file", on("upload.upload"), expect_handler=expecting(on("upload.check"))),
    web.get("/v1/file", on("links.download")),
    web.get("/v1/f", on("links.fetch")),
    web.get("/v1/f/", on("links.fetch")),
    *(
        web.options(path, preflight)
        for path in (
            *("/v1/", "/v1/userRegister", "/v1/getAuthID", "/v1/isAuthAlive"),
            *("/v1/folder", "/v1/file", "/v1/f", "/v1/f/"),
        )
    ),
]

DIALECT = Dialect("syncfile", ROUTES, render, prefix="/v1/", open_to_pages=True)
