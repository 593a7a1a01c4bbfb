"""Kill -9 at random moments: what was acknowledged is there, nothing half is, no number is used twice."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from http.client import HTTPException

import pytest

from tests.conftest import MakeDaemon
from tests.daemon import USER, wait_until
from tests.faults.witness import Witness, sha256
from tests.phone import Phone

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00"
NAMES = [f"IMG_{number}.jpg" for number in range(12)]
WORKERS = 4


def content(dice: random.Random) -> bytes:
    """A small, a usual or a large picture, each unlike any other."""
    size = dice.choice((200, 9_000, 9_000, 120_000, 2_500_000))
    return JPEG + dice.randbytes(16) + bytes(size)


def phones_day(phone: Phone, dice: random.Random, acknowledge: Callable[[str], None]) -> None:
    """Uploads, trashes and restores until nobody answers any more."""
    with suppress(OSError, HTTPException):
        while True:
            match dice.random():
                case roll if roll < 0.7:
                    sent = content(dice)
                    if phone.upload(dice.choice(NAMES), sent).status == 200:
                        acknowledge(sha256(sent))
                case roll if roll < 0.85:
                    phone.move_to_trash(*phone.listed("2024/5")[:2])
                case _:
                    phone.restore(*phone.listed("Trash")[:2])


def at_least(contents: set[str], count: int) -> bool:
    return len(contents) >= count


@pytest.mark.crash
@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_kill_loses_nothing_acknowledged(daemon: MakeDaemon, rounds: int) -> None:
    server = daemon({"media": {"workers": 1}})
    key = server.add_device(USER, "phone")
    witness = Witness(server, server.tree())
    seed = random.SystemRandom().randrange(1 << 32)
    print("seed", seed)  # shown when the test fails
    dice = random.Random(seed)
    for _ in range(rounds):
        workers = [
            threading.Thread(
                target=phones_day,
                args=(
                    Phone(f"{server.url}/k/{key}", USER, "phone-1"),
                    random.Random(dice.random()),
                    witness.acknowledged.add,
                ),
            )
            for _ in range(WORKERS)
        ]
        for worker in workers:
            worker.start()
        wanted = len(witness.acknowledged) + dice.randrange(1, 25)
        wait_until(partial(at_least, witness.acknowledged, wanted), "some uploads")
        server.kill()
        for worker in workers:
            worker.join()
        server.start()
        witness.look()
    assert len(witness.acknowledged) > rounds
