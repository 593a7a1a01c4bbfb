"""Time for people and for expiry: Unix milliseconds. Order never comes from here (that is seq)."""

import time
from collections.abc import Callable

Clock = Callable[[], int]

DAY_MS = 86_400_000

# The day this version was made. A clock that shows less belongs to a box that booted without
# a battery, and nothing may expire by it.
BUILD_MS = 1_795_000_000_000


def now_ms() -> int:
    """Wall time in Unix milliseconds."""
    return time.time_ns() // 1_000_000


def is_plausible(when_ms: int, seen_ms: int) -> bool:
    """May something expire by *when_ms*? Not before the build, not before what was already seen."""
    return when_ms >= BUILD_MS and when_ms >= seen_ms
