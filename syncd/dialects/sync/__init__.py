"""The device sync protocol: any number of computers and phones hold one tree (`docs/device-sync.md`).

    POST /api/v1/auth/login …              log-in, registration, log-out, who am I      accounts
    GET  /api/v1/sync/devices …            devices and their tokens                     devices
    GET  /api/v1/sync/changes …            the feed: pages, long poll, events, ack      changes
    POST /api/v1/sync/report               what a device did to its copy                report
    POST /api/v1/sync/upload …             uploads in chunks                            upload
    PUT  /api/v1/sync/files/{path} …       whole files: store, delete, move             files
    GET  /api/v1/sync/download/{path}      and /blocks/{path}                           files
    GET  /api/v1/sync/conflicts …          conflicts, and receipts                      conflicts
    GET  /api/v1/trash …                   what was deleted or overwritten              trash
    GET  /api/v1/openapi.json              all of this for programs                     openapi

Requests carry `Authorization: Bearer` with a signed token, of a log-in or of a device. Bodies are JSON, errors are
problem details (RFC 9457) with a stable `code`. Older clients were written to these addresses and statuses.
"""

from __future__ import annotations

from aiohttp import web

from syncd.dialects.dialect import Dialect
from syncd.dialects.sync import accounts, changes, conflicts, devices, files, openapi, report, trash, upload
from syncd.dialects.sync.problem import problem
from syncd.web.expect import expecting

ROUTES = [
    web.post("/api/v1/auth/login", accounts.login),
    web.post("/api/v1/auth/register", accounts.register),
    web.post("/api/v1/auth/logout", accounts.logout),
    web.get("/api/v1/auth/me", accounts.me),
    web.get("/api/v1/sync/devices", devices.listing),
    web.post("/api/v1/sync/devices", devices.add),
    web.get("/api/v1/sync/devices/{device_id}", devices.show),
    web.put("/api/v1/sync/devices/{device_id}", devices.change),
    web.delete("/api/v1/sync/devices/{device_id}", devices.remove),
    web.post("/api/v1/sync/devices/{device_id}/token", devices.renew),
    web.get("/api/v1/sync/changes", changes.changes, allow_head=False),
    web.get("/api/v1/sync/events", changes.events, allow_head=False),
    web.post("/api/v1/sync/ack", changes.acknowledge),
    web.post("/api/v1/sync/report", report.report),
    web.post("/api/v1/sync/upload", upload.begin),
    web.get("/api/v1/sync/upload/{session_id}", upload.show),
    web.delete("/api/v1/sync/upload/{session_id}", upload.cancel),
    web.put(
        "/api/v1/sync/upload/{session_id}/chunks/{index}",
        upload.put_chunk,
        expect_handler=expecting(upload.check_chunk),
    ),
    web.post("/api/v1/sync/upload/{session_id}/complete", upload.complete),
    web.put("/api/v1/sync/files/{path:.+}", files.put, expect_handler=expecting(files.check_put)),
    web.delete("/api/v1/sync/files/{path:.+}", files.delete),
    web.post("/api/v1/sync/move", files.move),
    web.get("/api/v1/sync/download/{path:.+}", files.download),
    web.get("/api/v1/sync/blocks/{path:.+}", files.blocks),
    web.get("/api/v1/sync/conflicts", conflicts.listing),
    web.post("/api/v1/sync/conflicts/{conflict_id}/resolve", conflicts.resolve),
    web.post("/api/v1/sync/receipts", conflicts.receipt),
    web.get("/api/v1/trash", trash.listing),
    web.delete("/api/v1/trash", trash.empty),
    web.post("/api/v1/trash/{trash_id}/restore", trash.restore),
    web.delete("/api/v1/trash/{trash_id}", trash.erase),
    web.get("/api/v1/openapi.json", openapi.document),
]

DIALECT = Dialect("sync", ROUTES, problem, prefix="/api/v1/")
