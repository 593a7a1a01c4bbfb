"""What a door is: its routes, and the form in which it tells of errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web

from syncd.web.keys import Renderer


@dataclass(frozen=True, slots=True)
class Dialect:
    name: str
    routes: Sequence[web.AbstractRouteDef]
    render: Renderer
    prefix: str = ""  # of all its addresses, so that it also tells of those that it does not have
