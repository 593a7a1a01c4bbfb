"""`python -m benchmarks.feed`: what the change feed costs as the tree grows, and the daemon's memory meanwhile.

Trees of 10^4, 10^5 and 10^6 files, empty but real, each known to the index. Asked for: a page near the end of the
feed, and the whole of it in pages of 1,000. If either grew with the tree, a phone that was away for an hour would cost
a small box more the longer its owners use it. --most 100000: without the largest tree.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.client import get, load
from benchmarks.servers import cpu_s
from tests.daemon import Daemon, wait_until
from tests.sync.conftest import logged_in, new_laptop

TREES = (10_000, 100_000, 1_000_000)
IN_FOLDER = 1000
PAGE = 1000
ASKED = 1000
EMPTY = hashlib.sha256().digest()


def fill(box: Daemon, count: int) -> None:
    """Make *count* empty files and the rows that tell of them; the daemon is down."""
    with sqlite3.connect(box.storage / ".syncd" / "index.db") as index:
        index.execute("PRAGMA synchronous = OFF")
        index.executemany(
            "INSERT INTO entries (user_id, path, parent, live, hash, size, disk_mtime_ns, changed_ms)"
            " VALUES (1, ?, ?, 1, ?, 0, ?, 0)",
            _rows(box.tree(), count),
        )
        # No pictures: the media worker has nothing to look for.
        index.execute("INSERT OR REPLACE INTO meta VALUES ('examined_seq', ?)", (count,))
    index.close()


def _rows(tree: Path, count: int) -> Iterator[tuple[str, str, bytes, int]]:
    for number in range(count):
        parent = f"folder{number // IN_FOLDER:04}"
        if number % IN_FOLDER == 0:
            (tree / parent).mkdir(parents=True)
        path = f"{parent}/file{number:07}.jpg"
        fd = os.open(tree / path, os.O_CREAT | os.O_WRONLY, 0o644)
        yield path, parent, EMPTY, os.fstat(fd).st_mtime_ns
        os.close(fd)


def memory(pid: int) -> tuple[int, int]:
    """Resident now and at most, KiB."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = dict(re.findall(r"(VmRSS|VmHWM):\s+(\d+)", status))
    return int(found["VmRSS"]), int(found["VmHWM"])


def measure(count: int) -> None:
    """One line of the table."""
    with tempfile.TemporaryDirectory(prefix="bench-feed-") as folder, Daemon({}, Path(folder)) as box:
        box.stop()
        fill(box, count)
        box.start()
        wait_until(lambda: "scan: " in box.log_tail(), "the scan at the start", 1800)
        assert box.process is not None
        pid = box.process.pid
        api = new_laptop(logged_in(box)).api
        header = f"Authorization: Bearer {api.token}"
        newest = int(api.get("/api/v1/sync/changes", cursor=count - 1).json()["cursor"])

        def cost(targets: list[str], per: int) -> float:
            """CPU milliseconds of the daemon for each of *per*."""
            before = cpu_s(pid)
            load(box.port, [get(target, header) for target in targets], 1)
            return (cpu_s(pid) - before) * 1000 / per

        near_end = cost([f"/api/v1/sync/changes?cursor={newest - 100}"] * ASKED, ASKED)
        nothing_new = cost([f"/api/v1/sync/changes?cursor={newest}"] * ASKED, ASKED)
        pages = [f"/api/v1/sync/changes?cursor={start}&limit={PAGE}" for start in range(0, count, PAGE)]
        pages *= max(1, 100_000 // count)
        whole = cost(pages, len(pages))
        assert json.loads(api.get(pages[-1]).body)["cursor"] == newest
        now, most = memory(pid)
        print(
            f"| {count:,} | {nothing_new:.2f} | {near_end:.2f} | {whole:.2f} | {now / 1024:.0f} | {most / 1024:.0f} |",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--most", type=int, default=TREES[-1], help="the largest tree (default: %(default)s files)")
    most: int = parser.parse_args().most
    print("CPU milliseconds of the daemon an answer, memory in MiB\n")
    print("| files | nothing new | last 100 changes | 1,000 of the whole | RSS | peak RSS |\n|---|---|---|---|---|---|")
    for count in TREES:
        if count <= most:
            measure(count)


if __name__ == "__main__":
    main()
