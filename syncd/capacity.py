"""How much of everything a box may afford, by its memory: threads, connections, uploads, jobs, caches.

Whoever meets a bound waits first. What was measured: an idle connection keeps 6 KiB, an upload 1 MiB
while it runs, 2.5 MiB on a slow disk, a job on a photo 25 MiB, one on a video 70 MiB.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Capacity:
    """The bounds of one process."""

    memory: int  # bytes that it may count on
    threads: int  # that wait for the disk
    connections: int
    uploads: int  # written at the same time; more wait their turn
    jobs: int  # photos and videos looked at side by side, if the settings don't say
    cache_kib: int  # of a connection to a database, at most


def capacity_of(memory_mb: int | None) -> Capacity:
    """What a process gets that may count on *memory_mb* MiB; None: on what there is."""
    return capacity_for(usable_memory() if memory_mb is None else memory_mb * _MIB)


def capacity_for(memory: int) -> Capacity:
    """As capacity_of(), of *memory* bytes."""
    if memory < 160 * _MIB:
        return Capacity(memory, threads=2, connections=192, uploads=6, jobs=1, cache_kib=512)
    if memory < 512 * _MIB:
        return Capacity(memory, threads=3, connections=512, uploads=16, jobs=1, cache_kib=1024)
    return Capacity(memory, threads=4, connections=1024, uploads=32, jobs=2, cache_kib=2048)


def usable_memory(proc: Path = Path("/proc"), groups: Path = Path("/sys/fs/cgroup")) -> int:
    """Bytes this process may count on: the machine's, or less where a control group (cgroups(7), v2) allows less."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min([machine, *_allowed(proc, groups)])


def _allowed(proc: Path, groups: Path) -> list[int]:
    """The limits of our control group and of those around it."""
    try:
        [own] = [line[3:] for line in (proc / "self/cgroup").read_text().splitlines() if line.startswith("0::/")]
    except (OSError, ValueError):
        return []  # no control groups, or those of version 1
    found = []
    for folder in (PurePosixPath(own), *PurePosixPath(own).parents):
        for name in ("memory.high", "memory.max"):
            try:
                limit = (groups / str(folder).lstrip("/") / name).read_text().strip()
            except OSError:
                continue
            if limit.isdigit():  # else "max"
                found.append(int(limit))
    return found
