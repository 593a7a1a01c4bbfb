"""How long something lives that was handed out for a while, on a box whose clock may be wrong."""

from __future__ import annotations

from syncd.model import Moment

HANDED_OUT_S = 20 * 3600  # a log-in of SyncFile (protocol §2.2), and its short links (§4.3)


def is_over(since: Moment, now: Moment, seconds: int = HANDED_OUT_S) -> bool:
    """Have *seconds* passed? By the hours the box was up or, where both ends are dated by a trusted clock, by that."""
    if now.uptime_s - since.uptime_s >= seconds:
        return True
    return since.is_dated and now.is_dated and now.wall_ms - since.wall_ms >= seconds * 1000


def when_over(now: Moment, seconds: int = HANDED_OUT_S) -> Moment:
    """What was handed out then, or before, is over now."""
    return Moment(now.wall_ms - seconds * 1000, now.uptime_s - seconds, now.is_dated)
