"""The door for apps that keep their settings in step (SxncD, `docs/sxncd.md`).

    POST /api/v1/sync/update      {"deviceName": …, "savedTs": …, "settings": …}    update
         200 {"success": true, "data": …, "action": …, "savedTs": …}
         400 {"success": false, "error": …}       also 405, 413, 429, 5xx: errors are JSON, whatever happens
    GET  /api/v1/swagger.json     all of this for programs                          page
    GET  /api/v1/                 all of this for people                            page

`Authorization` is the bare key, one for each user and app; `Bearer` and the key will do too. The original's router
does not mind capital letters and a slash at the end in the first address, so some app may depend on it.

Below `/api/v1/` is also the door for computers (`dialects/sync`); what is at no address of either, it answers.
"""

from __future__ import annotations

from aiohttp import web

from syncd.dialects.dialect import Dialect, by_name
from syncd.dialects.sxncd.failure import failure

on = by_name(__name__)

# Looked at last, for addresses that nobody else has: the plain one above it costs a request nothing.
ANY_SPELLING = "/{address:(?i:api/v1/sync/update)/?}"

ROUTES = [
    web.post("/api/v1/sync/update", on("update.update")),
    web.route("*", "/api/v1/sync/update", on("update.refuse")),
    web.post(ANY_SPELLING, on("update.update")),
    web.route("*", ANY_SPELLING, on("update.refuse")),
    web.get("/api/v1/swagger.json", on("page.document")),
    web.route("*", "/api/v1/swagger.json", on("page.refuse")),
    web.get("/api/v1/", on("page.page")),
    web.route("*", "/api/v1/", on("page.refuse")),
    web.get("/api/v1", on("page.page")),
    web.route("*", "/api/v1", on("page.refuse")),
]

DIALECT = Dialect("sxncd", ROUTES, failure)
