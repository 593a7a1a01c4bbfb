"""What the core needs of the web: two ways to ask another service. Doors bring what does it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Protocol

from syncd.core.signin.failure import SignInFailed, Why

Claims = dict[str, object]  # JSON that another service wrote: every value is looked at before it is believed


@dataclass(frozen=True, slots=True)
class Reply:
    """What a service answered."""

    status: int
    body: bytes


class Outgoing(Protocol):
    """Asks other services; raises SignInFailed when one is not reached, is too slow or says too much."""

    async def get(self, url: str, headers: dict[str, str]) -> Reply: ...

    async def post(self, url: str, fields: dict[str, str], headers: dict[str, str]) -> Reply: ...


def parsed(reply: Reply, what: str) -> object:
    """The JSON of a reply; raises SignInFailed unless it is a 200 with some."""
    if reply.status != 200:
        raise SignInFailed(Why.SERVICE, f"{what}: status {reply.status}")
    try:
        return json.loads(reply.body)
    except (ValueError, RecursionError) as exc:
        raise SignInFailed(Why.SERVICE, f"{what}: no JSON") from exc


def object_in(reply: Reply, what: str) -> Claims:
    """The JSON object of a reply; raises SignInFailed."""
    found = parsed(reply, what)
    if not isinstance(found, dict):
        raise SignInFailed(Why.SERVICE, f"{what}: no JSON object")
    return found


def text_of(claims: Claims, name: str) -> str:
    """A text among *claims*; '' when it is missing, or no text."""
    found = claims.get(name)
    return found if isinstance(found, str) else ""
