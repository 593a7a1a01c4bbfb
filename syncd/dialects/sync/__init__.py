"""The device sync protocol: any number of computers and phones hold one tree (`docs/device-sync.md`).

    POST /api/v1/auth/login …              log-in, registration, log-out, who am I      accounts
    GET  /api/v1/sync/devices …            devices and their tokens                     devices
    GET  /api/v1/sync/changes …            the feed: pages, long poll, events, ack      changes
    POST /api/v1/sync/report               what a device did to its copy                report
    POST /api/v1/sync/upload …             uploads in chunks                            upload
    PUT  /api/v1/sync/files/{path} …       whole files: store, delete, move             files
    PUT  /api/v1/sync/folders/{path} …     folders, also empty ones                     folders
    GET  /api/v1/sync/download/{path}      and /blocks/{path}                           files
    GET  /api/v1/sync/conflicts …          conflicts, and receipts                      conflicts
    GET  /api/v1/trash …                   what was deleted or overwritten              trash
    GET  /api/v1/openapi.json              all of this for programs                     openapi

Requests carry `Authorization: Bearer` with a signed token, of a log-in or of a device. Bodies are JSON, errors are
problem details (RFC 9457) with a stable `code`. Older clients were written to these addresses and statuses.
"""

from __future__ import annotations

from aiohttp import web

from syncd.dialects.dialect import Dialect, by_name
from syncd.dialects.sync.problem import problem
from syncd.web.expect import expecting

on = by_name(__name__)

ROUTES = [
    web.post("/api/v1/auth/login", on("accounts.login")),
    web.post("/api/v1/auth/register", on("accounts.register")),
    web.post("/api/v1/auth/logout", on("accounts.logout")),
    web.get("/api/v1/auth/me", on("accounts.me")),
    web.get("/api/v1/sync/devices", on("devices.listing")),
    web.post("/api/v1/sync/devices", on("devices.add")),
    web.get("/api/v1/sync/devices/{device_id}", on("devices.show")),
    web.put("/api/v1/sync/devices/{device_id}", on("devices.change")),
    web.delete("/api/v1/sync/devices/{device_id}", on("devices.remove")),
    web.post("/api/v1/sync/devices/{device_id}/token", on("devices.renew")),
    web.get("/api/v1/sync/changes", on("changes.changes"), allow_head=False),
    web.get("/api/v1/sync/events", on("changes.events"), allow_head=False),
    web.post("/api/v1/sync/ack", on("changes.acknowledge")),
    web.post("/api/v1/sync/report", on("report.report")),
    web.post("/api/v1/sync/upload", on("upload.begin")),
    web.get("/api/v1/sync/upload/{session_id}", on("upload.show")),
    web.delete("/api/v1/sync/upload/{session_id}", on("upload.cancel")),
    web.put(
        "/api/v1/sync/upload/{session_id}/chunks/{index}",
        on("upload.put_chunk"),
        expect_handler=expecting(on("upload.check_chunk")),
    ),
    web.post("/api/v1/sync/upload/{session_id}/complete", on("upload.complete")),
    web.put("/api/v1/sync/files/{path:.+}", on("files.put"), expect_handler=expecting(on("files.check_put"))),
    web.delete("/api/v1/sync/files/{path:.+}", on("files.delete")),
    web.post("/api/v1/sync/move", on("files.move")),
    web.get("/api/v1/sync/folders", on("folders.listing")),
    web.put("/api/v1/sync/folders/{path:.+}", on("folders.keep")),
    web.delete("/api/v1/sync/folders/{path:.+}", on("folders.remove")),
    web.get("/api/v1/sync/download/{path:.+}", on("files.download")),
    web.get("/api/v1/sync/blocks/{path:.+}", on("files.blocks")),
    web.get("/api/v1/sync/conflicts", on("conflicts.listing")),
    web.post("/api/v1/sync/conflicts/{conflict_id}/resolve", on("conflicts.resolve")),
    web.post("/api/v1/sync/receipts", on("conflicts.receipt")),
    web.get("/api/v1/trash", on("trash.listing")),
    web.delete("/api/v1/trash", on("trash.empty")),
    web.post("/api/v1/trash/{trash_id}/restore", on("trash.restore")),
    web.delete("/api/v1/trash/{trash_id}", on("trash.erase")),
    web.get("/api/v1/openapi.json", on("openapi.document")),
]

DIALECT = Dialect("sync", ROUTES, problem, prefix="/api/v1/")
