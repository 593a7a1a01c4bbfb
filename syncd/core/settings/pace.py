"""Not too many calls with one key, and not too many at once: a program gone wild must neither wear out the flash nor
fill the memory. Who has another key notices nothing.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from syncd.errors import TooManyAttempts

BURST = 1000  # calls at once
EACH_S = 0.1  # then one in this time
KEPT = 4096  # keys remembered at most
AT_ONCE = 4  # calls with one key whose settings are in memory; the others wait

Who = tuple[int, str]  # user and app


class Pace:
    """Counts calls; in memory."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._paid_until: dict[Who, float] = {}  # when all calls so far would be done, one after the other
        self._slots: defaultdict[Who, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(AT_ONCE))

    @asynccontextmanager
    async def turn(self, who: Who) -> AsyncIterator[None]:
        """Count a call and wait until it may begin; raises TooManyAttempts, with the seconds to wait."""
        self.require(who)
        async with self._slots[who]:
            yield

    def require(self, who: Who) -> None:
        """Count a call; raises TooManyAttempts, with the seconds to wait."""
        now = self._monotonic()
        until = max(self._paid_until.get(who, now), now) + EACH_S
        over_s = until - now - BURST * EACH_S
        if over_s > 0:
            raise TooManyAttempts("too many calls with this key; wait a little", retry_s=int(over_s) + 1)
        if len(self._paid_until) >= KEPT:
            self._paid_until = {one: paid for one, paid in self._paid_until.items() if paid > now}
        self._paid_until[who] = until
