"""All processes that came of one child, read from /proc: what they use, and their end.

A process belongs if it is in the child's session or descends from it. One that does both `setsid` and outlives its
parent escapes that, which is why `confine.py` can stay as an adopting parent.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass

PASSES = 50  # of killing, should something fork faster than we look


@dataclass(frozen=True, slots=True)
class Member:
    parent: int
    session: int
    rss: int  # bytes
    alive: bool  # no zombie


def parse_stat(line: bytes, page: int) -> Member | None:
    """The fields of /proc/<pid>/stat (proc_pid_stat(5)); *page* in bytes. None if it is not such a line."""
    fields = line.rpartition(b")")[2].split()
    if len(fields) < 22:
        return None
    state, parent, _group, session = fields[:4]
    return Member(int(parent), int(session), int(fields[21]) * page, state not in (b"Z", b"X"))


def below(root: int, everyone: Mapping[int, Member]) -> dict[int, Member]:
    """Those of *everyone* that belong to *root*, itself included."""
    found = {pid: one for pid, one in everyone.items() if pid == root or one.session == root}
    grown = True
    while grown:
        more = {pid: one for pid, one in everyone.items() if one.parent in found and pid not in found}
        found.update(more)
        grown = bool(more)
    return found


def members(root: int) -> dict[int, Member]:
    """The living family of *root* now."""
    page = os.sysconf("SC_PAGE_SIZE")
    everyone = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", "rb") as stat:
                member = parse_stat(stat.read(), page)
        except OSError:
            continue  # gone while we looked
        if member is not None and member.alive:
            everyone[int(name)] = member
    return below(root, everyone)


def resident(root: int) -> int:
    """Bytes of memory that the family of *root* holds."""
    return sum(one.rss for one in members(root).values())


def kill(root: int) -> None:
    """SIGKILL the family of *root*; the root last, because until then it adopts what the others leave."""
    for _ in range(PASSES):
        others = [pid for pid in members(root) if pid != root]
        if not others:
            break
        for pid in others:
            _signal(pid)
    _signal(root)


def _signal(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
