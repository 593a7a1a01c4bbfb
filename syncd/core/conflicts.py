"""Verdicts on arriving content. Pure: what was known decides, never a clock."""

from __future__ import annotations

from enum import Enum, auto


class Verdict(Enum):
    FREE = auto()  # nothing stands there: publish
    SAME = auto()  # the same bytes stand there: done already
    TAKEN = auto()  # other bytes stand there: both are kept, under another name


def decide(standing: bytes | None, arriving: bytes) -> Verdict:
    """What to do with content of SHA-256 *arriving* at a path.

    =================  ========
    standing           verdict
    =================  ========
    None (nothing)     FREE
    equal to arriving  SAME
    anything else      TAKEN
    =================  ========
    """
    if standing is None:
        return Verdict.FREE
    return Verdict.SAME if standing == arriving else Verdict.TAKEN
