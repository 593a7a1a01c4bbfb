"""Verdicts on what somebody wants of a path. Pure: what was known decides, never a clock."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from enum import Enum, auto


class Verdict(Enum):
    FREE = auto()  # nothing stands there: publish
    SAME = auto()  # it is so already
    KNOWN = auto()  # what stands there was known: it makes way, into the trash
    CLASH = auto()  # something else stands there: both are kept


def decide(standing: bytes | None, wanted: bytes | None, known: bool) -> Verdict:
    """What to do when somebody wants content of SHA-256 *wanted* (None: nothing) where *standing* is (None: nothing).

    *known* says whether what stands there is the version that whoever asks has seen.

    =======  =========  ======  ========
    wanted   standing   known   verdict
    =======  =========  ======  ========
    H        nothing    any     FREE
    H        H          any     SAME
    H        other      yes     KNOWN
    H        other      no      CLASH
    nothing  nothing    any     SAME
    nothing  anything   yes     KNOWN
    nothing  anything   no      CLASH
    =======  =========  ======  ========
    """
    if standing == wanted:
        return Verdict.SAME
    if standing is None:
        return Verdict.FREE
    return Verdict.KNOWN if known else Verdict.CLASH


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What somebody knew when they made their change: one version, or everything up to a seq."""

    base: bytes | None = None  # SHA-256
    cursor: int = 0

    def covers(self, standing: bytes, seq: int | None) -> bool:
        """Was the version *standing* known, which has *seq* (None: the index does not have it)?"""
        if self.base is not None:
            return standing == self.base
        return self is EVERYTHING or (seq is not None and seq <= self.cursor)


EVERYTHING = Knowledge(cursor=sys.maxsize)  # a person who says "put this there" means it
NOTHING = Knowledge()
