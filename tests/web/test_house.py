"""When the daemon gives memory back: after a crowd, whoever stays."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import cast

import pytest
from aiohttp import web

from syncd import lean
from syncd.web import connections
from syncd.web.connections import Connection, House


class Guests:
    """Requests at a house that are served until they are told to go."""

    def __init__(self, house: House) -> None:
        self._handle = house.watched(self._stay)
        self._house = house
        self._go: list[asyncio.Event] = []
        self._served: list[asyncio.Task[web.StreamResponse]] = []

    async def _stay(self, request: web.BaseRequest) -> web.StreamResponse:
        self._go.append(event := asyncio.Event())
        await event.wait()
        return web.Response()

    async def come(self, count: int) -> None:
        loop = asyncio.get_running_loop()
        server = web.Server(self._stay)
        for _ in range(count):
            request = SimpleNamespace(protocol=Connection(self._house, server, loop))
            self._served.append(asyncio.ensure_future(self._handle(cast(web.BaseRequest, request))))
        await asyncio.sleep(0)

    async def leave(self, count: int) -> None:
        for _ in range(count):
            self._go.pop().set()
        await asyncio.sleep(0)
        await asyncio.sleep(0)


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by one whenever memory is given back."""
    times: list[int] = []
    monkeypatch.setattr(lean, "give_back", lambda: times.append(1))
    return times


async def test_memory_is_given_back_once_after_the_last_has_left(given: list[int]) -> None:
    house = House(100)
    guests = Guests(house)
    house._tidy()
    await guests.come(3)
    house._tidy()
    assert given == []
    await guests.leave(3)
    for _ in range(3):
        house._tidy()
    assert given == [1]


async def test_a_computer_that_waits_for_changes_keeps_no_memory_from_being_given_back(
    given: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    house = House(100)
    guests = Guests(house)
    await guests.come(20)
    await guests.leave(19)
    house._tidy()
    assert given == []  # somebody is at it, and it was done a moment ago
    monkeypatch.setattr(connections, "TIDY_S", 0)
    for _ in range(3):
        house._tidy()
    assert given == [1]
    await guests.leave(1)
