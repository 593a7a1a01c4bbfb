"""Eight who write and eight who read while the daemon is killed again and again: every reader sees each sequence once,
in order, none late. `--soak-seconds S` goes on for longer.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from http.client import HTTPException

import pytest

from tests.daemon import Daemon, wait_until
from tests.sync.api import Api, Json
from tests.sync.conftest import new_laptop

WRITERS = 8
READERS = 8
KILL_EVERY_S = 2.5
WAIT_S = 5  # of a long poll
HOT = 3  # paths that every writer overwrites
END = "soak/the end"
UNREACHABLE = (OSError, HTTPException)


@dataclass(slots=True)
class Writer:
    """Writes files of its own, some that everybody writes, and deletes some of its own."""

    api: Api
    name: str
    dice: random.Random
    ended: threading.Event
    acknowledged: list[int] = field(default_factory=list)  # seqs
    kept: dict[str, int] = field(default_factory=dict)  # seq by path of its own, as acknowledged

    def run(self) -> None:
        number = 0
        while not self.ended.is_set():
            number += 1
            path = f"soak/{self.name}/{number}.txt"
            with suppress(*UNREACHABLE):
                roll = self.dice.random()
                if roll < 0.15:
                    self.write(f"soak/hot-{self.dice.randrange(HOT)}.txt")
                elif roll < 0.3 and self.kept:
                    self.delete(self.dice.choice(sorted(self.kept)))
                else:
                    self.kept[path] = self.write(path)

    def write(self, path: str) -> int:
        """The seq of a new content at *path*."""
        answer = self.api.put(path, self.dice.randbytes(40))
        assert answer.status in (200, 201), (answer.status, answer.body[:300])
        seq: int = answer.json()["sequence"]
        self.acknowledged.append(seq)
        return seq

    def delete(self, path: str) -> None:
        del self.kept[path]
        answer = self.api.delete(path)
        assert answer.status in (204, 404), (answer.status, answer.body[:300])


@dataclass(slots=True)
class Reader:
    """Follows the feed from where it is, over any number of connections."""

    api: Api
    cursor: int
    streams: bool  # server-sent events, or long polls
    ended: threading.Event
    seen: list[tuple[int, str]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def run(self) -> None:
        while not self.ended.is_set() and not self.faults:
            with suppress(*UNREACHABLE):
                self.follow() if self.streams else self.poll()

    def poll(self) -> None:
        answer = self.api.changes(self.cursor, wait=WAIT_S, limit=50)
        if answer.status != 200:
            self.faults.append(f"{answer.status} {answer.body[:300]!r}")
            return
        page = answer.json()
        for change in page["changes"]:
            self.saw(change)
        if page["cursor"] < self.cursor:
            self.faults.append(f"the cursor went back from {self.cursor} to {page['cursor']}")
        self.cursor = page["cursor"]

    def follow(self) -> None:
        with self.api.events(last_id=self.cursor) as stream:
            if stream.status != 200:
                self.faults.append(f"{stream.status}")
                return
            for event in stream:
                if event.name != "change" or event.id != event.data["sequence"]:
                    self.faults.append(repr(event))
                self.saw(event.data)
                if self.ended.is_set():
                    return

    def saw(self, change: Json) -> None:
        sequence = change["sequence"]
        if sequence <= self.cursor:
            self.faults.append(f"{sequence} came after {self.cursor}")
        self.seen.append((sequence, change["path"]))
        self.cursor = sequence


def in_threads(jobs: list[Callable[[], None]]) -> list[threading.Thread]:
    threads = [threading.Thread(target=job) for job in jobs]
    for thread in threads:
        thread.start()
    return threads


def count(writers: list[Writer]) -> int:
    return sum(len(one.acknowledged) for one in writers)


def has_come(moment: float) -> bool:
    return time.monotonic() >= moment


def has_grown(writers: list[Writer], before: int) -> bool:
    return count(writers) > before


def kill_now_and_then(server: Daemon, writers: list[Writer], until: float) -> int:
    """Kill -9 whenever something was written and the time has come; how often."""
    kills = 0
    while (now := time.monotonic()) < until:
        before, next_at = count(writers), min(until, now + KILL_EVERY_S)
        wait_until(partial(has_come, next_at), "the time", 60)
        wait_until(partial(has_grown, writers, before), "something to be written", 60)
        server.kill()
        server.start()
        kills += 1
    return kills


def has_seen_all(reader: Reader, wanted: set[int]) -> bool:
    return bool(reader.faults) or wanted <= {sequence for sequence, _ in reader.seen}


@pytest.mark.slow
@pytest.mark.crash
@pytest.mark.timeout(36_000)
def test_every_reader_sees_each_sequence_once_and_in_order(server: Daemon, person: Api, soak_s: float) -> None:
    seed = random.SystemRandom().randrange(1 << 32)
    print("seed", seed)  # shown when the test fails
    dice = random.Random(seed)
    written, read = threading.Event(), threading.Event()
    begin = person.all_changes()[1]
    writers = [
        Writer(new_laptop(person).api, f"writer-{number}", random.Random(dice.random()), written)
        for number in range(WRITERS)
    ]
    readers = [Reader(new_laptop(person).api, begin, number % 2 == 0, read) for number in range(READERS)]
    threads = in_threads([one.run for one in writers])
    listening = in_threads([one.run for one in readers])
    try:
        kills = kill_now_and_then(server, writers, time.monotonic() + soak_s)
        written.set()
        for thread in threads:
            thread.join()
        changes, newest = person.all_changes(begin)
        rows = {change["sequence"]: change for change in changes}
        for reader in readers:
            wait_until(partial(has_seen_all, reader, set(rows)), "a reader to see everything", 60)
    finally:
        written.set()
        read.set()
        with suppress(*UNREACHABLE):
            person.put(END, b"")  # wakes all who wait
        for thread in [*threads, *listening]:
            thread.join()
    assert [reader.faults for reader in readers if reader.faults] == []
    hot = {f"soak/hot-{number}.txt" for number in range(HOT)}
    numbered = {path: change["sequence"] for change in changes if (path := change["path"]) not in hot}
    for writer in writers:
        assert {path: numbered[path] for path in writer.kept} == writer.kept
    latest = {change["path"]: change["sequence"] for change in changes}
    for reader in readers:
        # What is not there any more was overwritten or deleted since.
        assert all(sequence <= latest[path] for sequence, path in reader.seen if path != END)
    assert kills and newest == max(rows)
