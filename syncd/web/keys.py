"""Typed keys: what the application and a request carry."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web

from syncd.core.core import Core
from syncd.core.feed import Feed
from syncd.errors import SyncError
from syncd.workers.gallery import Gallery

Renderer = Callable[[int, SyncError], web.Response]

CORE = web.AppKey("core", Core)
FEED = web.AppKey("feed", Feed)
GALLERY = web.AppKey("gallery", Gallery)
RENDERERS = web.AppKey("renderers", dict[web.AbstractRoute, Renderer])
# For what meets no route: whose addresses begin like this.
PREFIXES = web.AppKey("prefixes", dict[str, Renderer])

# The secret of `/k/<key>/…`, taken out of the path before anybody else sees the path.
KEY = web.RequestKey("key", str)
