"""Time that may be wrong. The box boots in 1970 until somebody tells it better.

Nothing expires while the clock is not trusted; a purge wants both the wall's age and the hours the box was up.
"""

from __future__ import annotations

import time

from syncd.clock import Clock, is_plausible
from syncd.db import meta
from syncd.db.database import Database
from syncd.model import Moment

JUMP_MS = 5 * 60_000  # wall and monotonic time may drift apart this much before trust is lost
SETTLE_S = 600  # trust comes back when they agreed for this long
SAVE_S = 3600  # written this often: flash is spared


class Timekeeper:
    """Wall time, whether to trust it, and the trusted uptime of the box over all its runs."""

    def __init__(self, db: Database, clock: Clock, seen_ms: int, uptime_s: int) -> None:
        self._db = db
        self._clock = clock
        self._seen_ms = seen_ms  # the latest time ever seen
        self._uptime_before = uptime_s
        self._began = time.monotonic()
        self._offset_ms = self._offset()
        self._jumped_at: float | None = None

    @classmethod
    async def open(cls, db: Database, clock: Clock) -> Timekeeper:
        seen, uptime = await meta.text(db, "clock_ms"), await meta.text(db, "uptime_s")
        return cls(db, clock, int(seen or 0), int(uptime or 0))

    def _offset(self) -> int:
        return self._clock() - int(time.monotonic() * 1000)

    def now(self) -> tuple[int, int]:
        """Unix ms, and the box's accumulated uptime in seconds."""
        return self._clock(), self._uptime_before + int(time.monotonic() - self._began)

    def moment(self) -> Moment:
        """This moment, for what is handed out for a while."""
        return Moment(*self.now(), self.is_trusted())

    @property
    def now_ms(self) -> int:
        return self._clock()

    def is_trusted(self) -> bool:
        """May something expire now? Not before the build or an earlier time, not soon after a jump."""
        offset = self._offset()
        if abs(offset - self._offset_ms) > JUMP_MS:
            self._jumped_at = time.monotonic()
        self._offset_ms = offset
        if self._jumped_at is not None and time.monotonic() - self._jumped_at < SETTLE_S:
            return False
        # An hour's grace: summer time and small corrections are no reason for alarm.
        return is_plausible(self._clock(), self._seen_ms - SAVE_S * 1000)

    async def save(self) -> None:
        """Remember how late it is and how long the box was up."""
        now_ms, uptime_s = self.now()
        if self.is_trusted():
            self._seen_ms = max(self._seen_ms, now_ms)
        async with self._db.write() as transaction:
            await meta.set_text(transaction, "clock_ms", str(self._seen_ms))
            await meta.set_text(transaction, "uptime_s", str(uptime_s))
