"""Whose settings are newer. Times are Unix milliseconds; strictly later wins.

A device that is new to an app never overwrites with its first call: a phone just set up has no settings that anybody
would miss.

A clock far ahead would lock all other devices out until that day comes. So while the box trusts its own clock, what
is said to be far ahead counts as saved now, and what was said is remembered beside it: such times are compared with
each other as they were said, so that a device with a wrong clock still sees its own order and can repeat itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

AHEAD_MS = 5 * 60_000  # clocks of phones and boxes differ by as much without anybody noticing


class Action(StrEnum):
    """What became of a save; the words are the protocol's."""

    CREATED = "created"
    INCOMING_NEWER = "incomingNewer"
    EXISTING_NEWER = "existingNewer"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Stamp:
    """When something was saved."""

    saved_ms: int  # what counts
    said_ms: int  # as the device said


@dataclass(frozen=True, slots=True)
class Verdict:
    """*stamp* is that of the request when it is to be stored, else None."""

    action: Action
    stamp: Stamp | None = None


def decide(stored: Stamp | None, is_known: bool, said_ms: int, now_ms: int | None) -> Verdict:
    """What becomes of a save of *said_ms* by a device that has synced this app before, or has not.

    *now_ms* is None while the clock of the box is not trusted.
    """
    if stored is None:
        return Verdict(Action.CREATED, Stamp(_tamed(said_ms, now_ms), said_ms))
    if not is_known:
        return Verdict(Action.EXISTING_NEWER)
    if said_ms in (stored.said_ms, stored.saved_ms):
        return Verdict(Action.NONE)
    if not is_ahead(said_ms, now_ms):
        later = said_ms > stored.saved_ms
        return Verdict(Action.INCOMING_NEWER, Stamp(said_ms, said_ms)) if later else Verdict(Action.EXISTING_NEWER)
    if said_ms > stored.said_ms:
        return Verdict(Action.INCOMING_NEWER, Stamp(max(_tamed(said_ms, now_ms), stored.saved_ms + 1), said_ms))
    return Verdict(Action.EXISTING_NEWER)


def beating(stored: Stamp, now_ms: int | None) -> Stamp:
    """A time that every device takes for newer than *stored*, and than what it may itself have said."""
    saved_ms = stored.saved_ms + 1 if now_ms is None else max(now_ms, stored.saved_ms + 1)
    said_ms = max(saved_ms, stored.said_ms + 1)
    return Stamp(saved_ms if is_ahead(stored.said_ms, now_ms) else said_ms, said_ms)


def is_ahead(when_ms: int, now_ms: int | None) -> bool:
    """Is it so far in the future that a clock must be wrong?"""
    return now_ms is not None and when_ms > now_ms + AHEAD_MS


def _tamed(said_ms: int, now_ms: int | None) -> int:
    return now_ms if now_ms is not None and is_ahead(said_ms, now_ms) else said_ms
