"""`make bench`: every comparison in one run, peers in turn, medians; CPU seconds of the server first.

--quick: smaller and once, to see that it works.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import thumbnails
from benchmarks.client import Request, load
from benchmarks.servers import JPEG, Copyparty, Floor, Nginx, Server, Syncd

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Size:
    """How much of everything."""

    rounds: int
    big: int  # bytes
    files: int
    requests: int


FULL = Size(3, 1 << 30, 2000, 6000)
QUICK = Size(1, 64 * MIB, 200, 600)

Work = Callable[[Server, int], tuple[Sequence[Request], int]]


def measure(title: str, unit: str, servers: Sequence[Server], rounds: int, work: Work, per: float) -> None:
    """Run *work* on each server in turn and print a table; CPU is divided by *per* to get the unit."""
    cpu: dict[str, list[float]] = {server.name: [] for server in servers}
    wall: dict[str, list[float]] = {server.name: [] for server in servers}
    for number in range(rounds):
        for server in servers:
            requests, connections = work(server, number)
            before = server.cpu()
            wall[server.name].append(load(server.port, requests, connections))
            cpu[server.name].append((server.cpu() - before) / per)
    print(f"\n### {title}\n\n| server | CPU, {unit} | lowest | wall s | CPU, syncd = 1 |\n|---|---|---|---|---|")
    own = statistics.median(cpu["syncd"])
    for name, figures in cpu.items():
        median = statistics.median(figures)
        ratio = median / own if own else 0.0
        print(f"| {name} | {median:.4g} | {min(figures):.4g} | {statistics.median(wall[name]):.2f} | {ratio:.2f} |")


def uploads(folder: Path, big: Path, syncd: Syncd, size: Size) -> None:
    """One big file, then many small ones; all new each time."""
    floor, party = Floor(folder / "floor"), Copyparty(folder / "party")
    with big.open("rb") as content:
        fd = content.fileno()

        def one_big(server: Server, number: int) -> tuple[Sequence[Request], int]:
            return [server.upload(f"big{number}.jpg", (fd, 0, size.big))], 1

        title = f"One file of {size.big // MIB} MiB, multipart, SHA-256, durable (copyparty: SHA-512, not durable)"
        measure(title, "s", [syncd, floor, party], size.rounds, one_big, 1)

    def many_small(server: Server, number: int) -> tuple[Sequence[Request], int]:
        names = (f"s{number}-{one}.jpg" for one in range(size.files))
        return [server.upload(name, small()) for name in names], 16

    title = f"{size.files} files of 10 KiB, 16 connections, durable (copyparty: not durable)"
    measure(title, "us a file", [syncd, party], size.rounds, many_small, size.files / 1e6)
    flushes(syncd, size)
    floor.close()
    party.close()


def small() -> bytes:
    return JPEG + os.urandom(10_240 - len(JPEG))


def flushes(syncd: Syncd, size: Size) -> None:
    """Count what the daemon asks the disk to flush, in a run of its own: strace slows it down."""
    with tempfile.NamedTemporaryFile("r") as counted:
        command = ["strace", "-f", "-c", "-e", "trace=fsync,fdatasync,syncfs", "-o", counted.name, "-p", str(syncd.pid)]
        tracer = subprocess.Popen(command, stderr=subprocess.PIPE)
        assert tracer.stderr is not None
        tracer.stderr.readline()
        load(syncd.port, [syncd.upload(f"f{one}.jpg", small()) for one in range(size.files)], 16)
        tracer.terminate()
        tracer.wait()
        [total] = [line for line in Path(counted.name).read_text().splitlines() if line.endswith("total")]
        calls = int(total.split()[3])  # after share of time, seconds and microseconds a call
    print(f"\nFlushes: {calls} for {size.files} files, {calls / size.files:.2f} a file.")


def downloads(folder: Path, syncd: Syncd, size: Size) -> None:
    """The files that were uploaded, from the daemon and from peers beside it."""
    syncd.settle()
    tree = syncd.daemon.tree() / "bench" / "2024" / "5"
    nginx, party = Nginx(tree), Copyparty(tree)
    servers = [syncd, nginx, party]
    dice = random.Random(1)
    names = [f"s0-{one}.jpg" for one in range(size.files)]
    ranges = [dice.randrange(size.big - 65_536) for _ in range(size.requests)]

    def whole(server: Server, number: int) -> tuple[Sequence[Request], int]:
        return [server.download("big0.jpg")] * 3, 1

    def little(server: Server, number: int) -> tuple[Sequence[Request], int]:
        return [server.download(names[one % len(names)]) for one in range(size.requests)], 16

    def parts(server: Server, number: int) -> tuple[Sequence[Request], int]:
        return [server.download("big0.jpg", f"Range: bytes={at}-{at + 65_535}") for at in ranges], 16

    # Twice the rounds: this one is mostly the kernel, which is the noisiest part.
    measure(f"{size.big // MIB} MiB, whole", "s", servers, 2 * size.rounds, whole, 3)
    each = size.requests / 1e6
    measure("10 KiB files, 16 connections", "us a request", servers, size.rounds, little, each)
    measure("64 KiB ranges, 16 connections", "us a request", servers, size.rounds, parts, each)
    nginx.close()
    party.close()


def main(arguments: Iterable[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    size = QUICK if parser.parse_args(list(arguments) if arguments is not None else None).quick else FULL
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    for name in ("floor", "party"):
        (folder / name).mkdir()
    big = folder / "big"
    with big.open("wb") as out:
        out.write(JPEG)
        for _ in range(size.big // MIB):
            out.write(os.urandom(MIB))
        out.truncate(size.big)
    syncd = Syncd(folder / "syncd")
    try:
        uploads(folder, big, syncd, size)
        downloads(folder, syncd, size)
        thumbnails.main(size.rounds)
    finally:
        syncd.close()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
