"""What was looked up in the database, kept in memory for as long as nobody says that it may have changed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

MOST = 512  # answers kept at once


class Remembered(Generic[K, V]):
    """Answers by their question. *version* differs as soon as any of them may be wrong.

    An answer that was overtaken by a change while it was looked up is given, and not kept. Neither is None, so whatever
    strangers ask for costs no room.
    """

    def __init__(self, version: Callable[[], Hashable]) -> None:
        self._version = version
        self._seen = version()  # when what is kept was true
        self._forgotten = 0
        self._kept: dict[K, V] = {}

    async def get(self, key: K, look_up: Callable[[], Awaitable[V]]) -> V:
        """The answer to *key*, by *look_up* where it is not remembered; raises as that does."""
        now = self._version()
        if now != self._seen:
            self._kept.clear()
            self._seen = now
        found = self._kept.get(key)
        if found is not None:
            return found
        forgotten = self._forgotten
        found = await look_up()
        if found is not None and (self._version(), self._forgotten) == (now, forgotten):
            if len(self._kept) >= MOST:
                self._kept.clear()
            self._kept[key] = found
        return found

    def forget(self, key: K) -> None:
        """The answer to *key* is not true any more, nor is one that is being looked up."""
        self._forgotten += 1
        self._kept.pop(key, None)
