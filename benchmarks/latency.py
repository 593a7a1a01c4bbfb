"""`python -m benchmarks.latency`: how long until a change made on one computer is on another.

Two real `syncd sync` on two folders, one daemon. Files are written, changed, renamed and deleted in one folder, one
change after the other; the clock runs until the other folder shows it. Prints the distribution for each kind of change.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from tests.daemon import PASSWORD, ROOT, USER, Daemon, wait_until

LOOK_S = 0.005
SYNCD = (sys.executable, "-m", "syncd")


class Computer:
    """A folder and the client that keeps it in step."""

    def __init__(self, box: Daemon, name: str) -> None:
        self.folder = box.root / name
        self.folder.mkdir()
        credentials = ("--credentials", str(box.root / f"{name}.json"))
        subprocess.run(
            [*SYNCD, "pair", box.url, "--user", USER, "--password-stdin", "--name", name, *credentials],
            cwd=ROOT,
            input=f"{PASSWORD}\n".encode(),
            stdout=subprocess.DEVNULL,
            check=True,
        )
        self.said = box.root / f"{name}.jsonl"
        with self.said.open("wb") as said:
            self.client = subprocess.Popen(
                [*SYNCD, "sync", str(self.folder), "--json", *credentials], cwd=ROOT, stdout=said
            )
        wait_until(lambda: b"in_step" in self.said.read_bytes(), f"{name} to be in step")

    def close(self) -> None:
        self.client.terminate()
        self.client.wait(30)


def timed(change: Callable[[], object], seen: Callable[[], bool]) -> float:
    """Seconds from *change* until it is *seen*."""
    began = time.monotonic()
    change()
    while not seen():
        time.sleep(LOOK_S)
    return time.monotonic() - began


def one_round(here: Path, there: Path, content: bytes) -> dict[str, float]:
    """A file comes, changes, gets another name and goes."""
    first, last = here.with_suffix(".txt"), here.with_suffix(".md")
    first_there, last_there = there.with_suffix(".txt"), there.with_suffix(".md")
    longer = content * 2
    return {
        "new file": timed(lambda: first.write_bytes(content), first_there.exists),
        "changed": timed(lambda: first.write_bytes(longer), lambda: first_there.stat().st_size == len(longer)),
        "renamed": timed(lambda: first.rename(last), last_there.exists),
        "deleted": timed(last.unlink, lambda: not last_there.exists()),
    }


def measure(rounds: int) -> dict[str, list[float]]:
    """Seconds by kind of change."""
    took: dict[str, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="bench-latency-") as folder, Daemon({}, Path(folder)) as box:
        one, other = Computer(box, "one"), Computer(box, "other")
        for number in range(rounds):
            round_took = one_round(one.folder / str(number), other.folder / str(number), b"%d\n" % number)
            for kind, seconds in round_took.items():
                took[kind].append(seconds)
        one.close()
        other.close()
    return took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=50, help="changes of each kind (default: %(default)s)")
    took = measure(parser.parse_args().rounds)
    took["all"] = [one for kind in took.values() for one in kind]
    print(
        "seconds until it is on the other computer\n\n| change | median | 90 % | 99 % | most |\n|---|---|---|---|---|"
    )
    for kind, seconds in took.items():
        cuts = statistics.quantiles(seconds, n=100, method="inclusive")
        print(f"| {kind} | {statistics.median(seconds):.2f} | {cuts[89]:.2f} | {cuts[98]:.2f} | {max(seconds):.2f} |")


if __name__ == "__main__":
    main()
