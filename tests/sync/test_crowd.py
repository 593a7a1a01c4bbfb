"""Devices that all work at once while the daemon is killed: in the end they agree, and nothing acknowledged is lost.

Here no story can be told again; what must hold is what holds for every one. `--soak-seconds S` goes on for longer.
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
from tests.faults.witness import hashes_on_disk
from tests.phone import Answer
from tests.sync.api import Api, Request, sha256
from tests.sync.conftest import new_laptop
from tests.sync.model_device import ModelDevice

pytestmark = [pytest.mark.slow, pytest.mark.crash, pytest.mark.timeout(36_000)]

DEVICES = 5
NAMES = [f"crowd/{name}" for name in ("a.txt", "b.jpg", "c/d.txt", "c/e")]
SIZES = [1, 20, 20, 20, 70_000, 150_000]  # bytes
KILLED_AFTER = 60  # acknowledgements, on the average
ROUNDS = 12
UNREACHABLE = (OSError, HTTPException)


@dataclass(slots=True)
class Post:
    """Carries requests as long as the daemon lives, and remembers what it acknowledged."""

    acknowledged: set[str] = field(default_factory=set)
    count: int = 0

    def __call__(self, api: Api, request: Request, *wanted: int) -> Answer | None:
        try:
            answer = api.ask(request)
        except UNREACHABLE:
            return None
        assert answer.status in wanted, (request.method, request.target, answer.status, answer.body[:300])
        self.count += 1
        if answer.status < 300 and b'"content_hash"' in answer.body and not request.target.endswith("/report"):
            self.acknowledged.add(answer.json()["content_hash"])
        return answer


@dataclass(slots=True)
class Busybody:
    """A device and somebody who never leaves it alone."""

    device: ModelDevice
    dice: random.Random
    post: Post
    ended: threading.Event
    fault: BaseException | None = None

    def run(self) -> None:
        try:
            while not self.ended.is_set():
                with suppress(*UNREACHABLE):
                    self.step()
        except BaseException as exc:  # told by the test, which is elsewhere
            self.fault = exc

    def step(self) -> None:
        device, dice = self.device, self.dice
        match dice.randrange(10):
            case 0 | 1 | 2:
                device.files[dice.choice(NAMES)] = dice.randbytes(dice.choice(SIZES))
            case 3 if device.files:
                del device.files[dice.choice(sorted(device.files))]
            case 4 if device.files:
                device.files[dice.choice(NAMES)] = device.files.pop(dice.choice(sorted(device.files)))
                device.push_rename(self.post, dice.random() < 0.5)
            case 5:
                device.ask_first(self.post, dice.random() < 0.5)
            case 6:
                self.chunk()
            case 7 | 8:
                device.pull(dice.choice([1, 3, 500]))
                device.fetch_all()
                device.acknowledge(self.post)
            case _:
                if dirty := device.dirty():
                    device.push(dice.choice(dirty), self.post, dice.random() < 0.5, dice.random() < 0.5)

    def chunk(self) -> None:
        """Begin an upload, or bring the one that was begun to its end."""
        device = self.device
        if device.sending is not None:
            device.send_rest(self.post)
            device.complete(self.post)
        elif wanted := [path for path in device.dirty() if path in device.files]:
            device.begin_chunks(self.dice.choice(wanted), self.post, self.dice.random() < 0.5)


def everybody_agrees(crowd: list[Busybody], person: Api) -> bool:
    """Drain everybody until nobody has anything to say."""
    for _ in range(ROUNDS):
        for one in crowd:
            one.device.drain(one.post)
        if all(one.device.is_settled() and one.device.remote == crowd[0].device.remote for one in crowd):
            break
    live = person.live("crowd/")
    return all(
        one.device.is_settled() and {path: one.device.local(path) for path in one.device.files} == live for one in crowd
    )


def on_disk(server: Daemon) -> dict[str, str]:
    home = server.tree()
    found = [path for path in (home / "crowd").rglob("*") if path.is_file()]
    return {str(path.relative_to(home)): sha256(path.read_bytes()) for path in found}


def has_come_to(post: Post, wanted: int, faulty: Callable[[], bool]) -> bool:
    return post.count >= wanted or faulty()


def kill_now_and_then(server: Daemon, post: Post, dice: random.Random, until: float, faulty: Callable[[], bool]) -> int:
    """Kill -9 after some acknowledgements, again and again; how often."""
    kills = 0
    while time.monotonic() < until and not faulty():
        wanted = post.count + dice.randrange(1, 2 * KILLED_AFTER)
        wait_until(partial(has_come_to, post, wanted, faulty), "some acknowledgements", 60)
        server.kill()
        server.start()
        kills += 1
    return kills


def test_a_crowd_that_works_at_once_agrees_in_the_end(server: Daemon, person: Api, soak_s: float) -> None:
    seed = random.SystemRandom().randrange(1 << 32)
    print("seed", seed)  # shown when the test fails
    dice = random.Random(seed)
    post, ended = Post(), threading.Event()
    crowd = [
        Busybody(ModelDevice(new_laptop(person).api, "crowd/", 0), random.Random(dice.random()), post, ended)
        for _ in range(DEVICES)
    ]
    threads = [threading.Thread(target=one.run) for one in crowd]
    for thread in threads:
        thread.start()
    try:
        kills = kill_now_and_then(
            server, post, dice, time.monotonic() + soak_s, lambda: any(one.fault is not None for one in crowd)
        )
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    for one in crowd:
        if one.fault is not None:
            raise one.fault
    wait_until(lambda: everybody_agrees(crowd, person), "all devices to agree", 60)
    assert on_disk(server) == person.live("crowd/")
    kept = {"sha256:" + digest for digest in hashes_on_disk(server.tree())}
    assert post.acknowledged - kept == set()
    assert kills and len(post.acknowledged) > 10
