"""What a door is: its routes, and the form in which it tells of errors."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from aiohttp import web

from syncd.lean import give_back
from syncd.web.keys import Renderer

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Dialect:
    name: str
    routes: Sequence[web.AbstractRouteDef]
    render: Renderer
    prefix: str = ""  # of all its addresses, so that it also tells of those that it does not have
    open_to_pages: bool = False  # pages of any origin may call it (CORS): nothing in it goes by what a browser adds


def by_name(package: str) -> Callable[[str], Handler]:
    """Handlers of *package* by `module.function`, loaded when the first request for one comes.

    A box pays only for the doors that somebody uses. A test resolves every name.
    """

    def named(name: str) -> Handler:
        module, _, function = name.rpartition(".")

        async def handler(request: web.Request) -> web.StreamResponse:
            is_new = f"{package}.{module}" not in sys.modules
            found: Handler = getattr(importlib.import_module(f"{package}.{module}"), function)
            if is_new:
                give_back()
            return await found(request)

        handler.__qualname__ = f"{package}.{name}"
        return handler

    return named
