"""The web application: dialects, one middleware, and the core in its keys."""

from __future__ import annotations

from aiohttp import web

from syncd.config import Config
from syncd.core.core import Core
from syncd.core.feed import Feed
from syncd.dialects import DIALECTS
from syncd.web import probes
from syncd.web.cors import open_to_pages
from syncd.web.errors import plain_text
from syncd.web.front import front, own_hosts
from syncd.web.keys import CORE, FEED, GALLERY, PREFIXES, RENDERERS
from syncd.workers.gallery import Gallery


def make_app(config: Config, core: Core, gallery: Gallery, feed: Feed) -> web.Application:
    """The application that a server or a test runs; all state is in its keys."""
    app = web.Application(middlewares=[front(own_hosts(config.server.public_url, config.server.hosts))])
    app[CORE] = core
    app[FEED] = feed
    app[GALLERY] = gallery
    app[RENDERERS] = {}
    app[PREFIXES] = {dialect.prefix: dialect.render for dialect in DIALECTS if dialect.prefix}
    app.on_response_prepare.append(open_to_pages(tuple(one.prefix for one in DIALECTS if one.open_to_pages)))
    for route in app.add_routes(probes.ROUTES):
        app[RENDERERS][route] = plain_text
    for dialect in DIALECTS:
        for route in app.add_routes(dialect.routes):
            app[RENDERERS][route] = dialect.render
    return app
