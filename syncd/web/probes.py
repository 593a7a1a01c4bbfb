"""`/healthz` and `/setup_info`, for anybody, without a secret in them."""

from __future__ import annotations

from aiohttp import web

from syncd import __version__
from syncd.disk.volume import VolumeState
from syncd.web.keys import CORE


async def healthz(request: web.Request) -> web.Response:
    """200 while files can be read (`full` and `readonly` included), else 503; the states as JSON."""
    core = request.app[CORE]
    state = await core.volume_state()
    reads = state in (VolumeState.OK, VolumeState.FULL, VolumeState.READONLY)
    body = {
        "status": "ok" if state is VolumeState.OK else "degraded" if reads else "unavailable",
        "volume": str(state),
        "index": "open" if core.is_mounted else "closed",
        "clock": "trusted" if core.keeper.is_trusted() else "untrusted",
        "version": __version__,
    }
    return web.json_response(body, status=200 if reads else 503, headers={"Cache-Control": "no-store"})


async def setup_info(request: web.Request) -> web.Response:
    """One sentence, for a person who opens the address to see whether it is the right one."""
    return web.Response(text="This is syncd: enter this address in your phone's backup app.\n")


ROUTES = [web.get("/healthz", healthz), web.get("/setup_info", setup_info)]
