"""What is to be done about one path: a pure function of three versions of it.

A version is a content hash, or None when there is no file:
*local* what lies in the folder, *base* what both sides last agreed on, *remote* what the server has.
"""

from __future__ import annotations

from enum import Enum


class Verdict(Enum):
    AGREE = "both have the same: remember it as agreed"
    FORGET = "neither has it: nothing to remember"
    FETCH = "bring the server's version here"
    DELETE_HERE = "remove the local file"
    SEND = "bring the local version to the server"
    DELETE_THERE = "remove the server's file"
    CLASH = "both were edited: keep both"
    NOTHING = "leave both as they are"


_UP = {Verdict.AGREE, Verdict.FORGET, Verdict.SEND, Verdict.CLASH}


def decide(local: str | None, base: str | None, remote: str | None) -> Verdict:
    """The verdict on a path.

    ======  ====  ======  ============
    local   base  remote
    ======  ====  ======  ============
    -       any   -       FORGET
    A       any   A       AGREE
    -       -     B       FETCH
    A       A     B       FETCH
    A       A     -       DELETE_HERE
    A       -     -       SEND
    B       A     A       SEND
    -       A     A       DELETE_THERE
    -       A     B       FETCH         an edit beats a deletion
    B       A     -       SEND          here, too: the file comes back
    B       A     C       CLASH
    A       -     B       CLASH         they never agreed on anything
    ======  ====  ======  ============
    """
    if local == remote:
        return Verdict.FORGET if local is None else Verdict.AGREE
    if local == base:
        return Verdict.FETCH if remote is not None else Verdict.DELETE_HERE
    if remote == base:
        return Verdict.SEND if local is not None else Verdict.DELETE_THERE
    if local is None:
        return Verdict.FETCH
    return Verdict.SEND if remote is None else Verdict.CLASH


def only_up(verdict: Verdict) -> Verdict:
    """*verdict* for a backup: new and changed files go up, nothing comes down, nothing is deleted."""
    return verdict if verdict in _UP else Verdict.NOTHING


def is_mass(deletions: int, agreed: int) -> bool:
    """Are that many deletions, in a folder of *agreed* files, more than a person means without being asked?"""
    return deletions > max(100, agreed // 5)


class Lately:
    """How many deletions there were lately: a program that removes them one by one is no less of a mishap."""

    WINDOW_S = 600.0

    def __init__(self) -> None:
        self._done: list[tuple[float, int]] = []  # when, in monotonic seconds, and how many

    def count(self, now_s: float) -> int:
        self._done = [one for one in self._done if now_s - one[0] < self.WINDOW_S]
        return sum(count for _, count in self._done)

    def add(self, now_s: float, count: int) -> None:
        self._done.append((now_s, count))

    def agreed_to(self) -> None:
        """Somebody was asked: what was done so far is meant."""
        self._done.clear()
