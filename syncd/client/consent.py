"""Whether very many deletions are meant: by --yes, or by a person at the terminal; else they are held.

What a program deletes bit by bit within ten minutes counts together.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Literal

from syncd.client.decide import Lately, is_mass
from syncd.client.prompt import agrees
from syncd.client.tell import Teller

Side = Literal["here", "there"]
_WHERE = {
    "there": "on the server, since they are gone here",
    "here": "here, since the server has no more",
}


class Consent:
    """*asks*: somebody sits at the terminal. *wake* is called when they agreed."""

    def __init__(self, tell: Teller, wake: Callable[[], None], *, yes: bool, asks: bool) -> None:
        self.waits = True  # for the answer; False once answering() asks while everything else goes on
        self._tell = tell
        self._wake = wake
        self._yes = yes
        self._asks = asks
        self._lately: dict[Side, Lately] = {"here": Lately(), "there": Lately()}
        self._questions: dict[Side, int] = {}  # how many it is about; the answer is not there yet
        self._asked = asyncio.Event()
        self._granted: dict[Side, int] = {}
        self._refused: dict[Side, int] = {}

    async def may(self, side: Side, count: int, agreed: int) -> bool:
        """May *count* files be deleted on that *side*, of *agreed* ones?"""
        lately, now_s = self._lately[side], time.monotonic()
        done = lately.count(now_s)
        if self._yes or not is_mass(done + count, agreed + done):
            lately.add(now_s, count)
            return True
        more = f", after {done} in the last minutes" if done else ""
        text = f"{count} of {agreed} files would be deleted {_WHERE[side]}{more}"
        if await self._is_agreed(side, count, text):
            lately.agreed_to()
            return True
        self._tell.say_once("held", "", f"{text}; nothing is deleted until you start again with --yes")
        if self._asks and not self.waits and count > self._refused.get(side, 0) and side not in self._questions:
            self._questions[side] = count
            self._asked.set()
        return False

    async def _is_agreed(self, side: Side, count: int, text: str) -> bool:
        if self._asks and self.waits:
            return await agrees(f"{text}. Delete them? [y/N] ")
        return count <= self._granted.pop(side, 0)

    async def answering(self) -> None:
        """Ask the person what is to be asked, for ever."""
        self.waits = False
        while True:
            await self._asked.wait()
            self._asked.clear()
            for side, count in list(self._questions.items()):
                if await agrees(f"Delete the {count} files {_WHERE[side]}? [y/N] "):
                    self._granted[side] = count
                    self._wake()
                else:
                    self._refused[side] = count
                del self._questions[side]
