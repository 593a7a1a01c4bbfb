"""Following the feed by long poll, so that what another device saved is known within the second."""

from __future__ import annotations

import asyncio
import random

from syncd.client.api import WAIT_S, Page
from syncd.client.engine import Engine
from syncd.client.trouble import Away, Refused

FIRST_S, LONGEST_S = 1.0, 30.0  # between two tries while the server is away
GONE, TOO_MANY = 410, 429


class Link:
    """Whether the server answers; told once when it changes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._delay = FIRST_S
        self._is_away = False

    def broke(self, exc: Away) -> float:
        """There is no answer; returns the seconds to wait, with jitter so that not all come back at once."""
        if not self._is_away:
            self._is_away = True
            self._engine.tell.say("offline", "", exc.text)
        delay = max(self._delay * random.uniform(0.5, 1.0), exc.retry_s)
        self._delay = min(self._delay * 2, LONGEST_S)
        return delay

    def works(self) -> None:
        self._delay = FIRST_S
        if self._is_away:
            self._is_away = False
            self._engine.tell.say("online")
            self._engine.wake.set()


async def catch_up(engine: Engine) -> None:
    """Read the feed to its end. Raises Away, Refused, Unpaired."""
    while await turn(engine, 0):
        pass


async def turn(engine: Engine, wait: int) -> bool:
    """Read and take over one page; True: there is more."""
    state = engine.state
    asked, was_whole = state.cursor, state.is_whole
    try:
        # The first page since the start is not waited for: what was saved here meanwhile wants to be sent.
        page = await engine.api.changes(asked, wait if was_whole and engine.caught_up else 0)
    except Refused as exc:
        if exc.status == TOO_MANY:
            raise Away(exc.text, LONGEST_S) from exc
        if exc.status != GONE:
            raise
        async with engine.passing:
            state.begin_mirror()  # the server remembers no further back: read all of it anew, then compare
        return True
    if state.cursor == asked:
        _take(engine, page, was_whole)
    return page.has_more


def _take(engine: Engine, page: Page, was_whole: bool) -> None:
    engine.state.mirror(page.changes, page.cursor, not page.has_more)
    if was_whole:
        engine.dirty |= {one.path for one in page.changes}
    elif not page.has_more:
        engine.dirty |= engine.state.unsettled()
    if not page.has_more:
        if engine.dirty or not engine.caught_up:
            engine.wake.set()
        engine.caught_up = True


async def follow(engine: Engine, link: Link) -> None:
    """For ever. Raises Refused, Unpaired."""
    while True:
        try:
            await turn(engine, WAIT_S)
            link.works()
        except Away as exc:
            await asyncio.sleep(link.broke(exc))
