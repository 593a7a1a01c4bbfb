"""Three people work on one tree, their laptops and the server die at random, and in the end all have the same.

What anybody saved and did not edit or remove later is there in the end, under its own name or as a conflicted copy.
"""

from __future__ import annotations

import random
import signal
from pathlib import Path

import pytest

from tests.client.conftest import SECTIONS
from tests.client.laptop import Laptop
from tests.daemon import USER, Daemon, wait_until
from tests.sync.conftest import logged_in

FOLDERS = ("", "a/", "a/b/", "c \u00e9/")
NAMES = ("x.txt", "y.txt", "z", "note.md", ".dot")
SIZES = (0, 1, 300, 70_000, 5 * 1024 * 1024)
EDITS = 30  # in a round, by each
SETTLING_S = 120.0


def some_path(dice: random.Random) -> str:
    return dice.choice(FOLDERS) + dice.choice(NAMES)


def edit(one: Laptop, dice: random.Random) -> None:
    """What a person does to a folder in a moment."""
    there = sorted(one.tree())
    match dice.random():
        case roll if roll < 0.5 or not there:
            one.write(some_path(dice), dice.randbytes(dice.choice(SIZES)))
        case roll if roll < 0.65:
            with (one.folder / dice.choice(there)).open("r+b") as file:
                file.write(dice.randbytes(100))
        case roll if roll < 0.8:
            one.remove(dice.choice(there))
        case roll if roll < 0.97:
            one.rename(dice.choice(there), some_path(dice))
        case _ if (one.folder / "a").is_dir() and not (one.folder / "d").exists():
            (one.folder / "a").rename(one.folder / "d")
        case _:
            one.write(some_path(dice), b"")


def busy_day(laptops: list[Laptop], server: Daemon, dice: random.Random) -> None:
    """Everybody edits, while somebody is killed now and then."""
    for _ in range(EDITS * len(laptops)):
        one = dice.choice(laptops)
        try:
            edit(one, dice)
        except FileNotFoundError:
            continue  # the client, too, renames and removes
        match dice.random():
            case roll if roll < 0.06:
                victim = dice.choice(laptops)
                victim.kill()
                victim.start("--yes")
            case roll if roll < 0.08:
                server.kill()
                server.start()
            case roll if roll < 0.12:
                meet(one, dice.choice(laptops), dice)


def meet(one: Laptop, other: Laptop, dice: random.Random) -> None:
    """What is saved here reaches the other one while everybody is at work."""
    path, content = f"mark-{dice.random()}", dice.randbytes(20)
    one.write(path, content)
    wait_until(lambda: other.has(path, content), f"{path} to come from {one.name} to {other.name}", 90)


def all_at_once(laptops: list[Laptop], dice: random.Random) -> set[bytes]:
    """Everybody saves the same file, not knowing of each other; what they saved."""
    for one in laptops:
        one.signal(signal.SIGSTOP)
    contents = [dice.randbytes(30) for _ in laptops]
    for one, content in zip(laptops, contents, strict=True):
        one.write("everybody.txt", content)
    for one in laptops:
        one.signal(signal.SIGCONT)
    return set(contents)


def come_to_rest(laptops: list[Laptop]) -> None:
    """Stop all, then let each look once more until nobody has anything to do."""
    for one in laptops:
        one.wait_for("in_step", timeout_s=SETTLING_S)
        code = one.end(signal.SIGINT)
        assert code == 130, (one.name, code, one.stderr.read_text()[-2000:])
    for _ in range(6):
        runs = [one.synced("--yes") for one in laptops]
        if not any(run.paths(event) for run in runs for event in ("sent", "fetched", "moved", "deleted", "conflict")):
            return
    raise AssertionError([run.events for run in runs])


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_three_laptops_converge_whatever_is_killed(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    rounds: int = request.config.getoption("--sync-rounds", default=3)
    seed = random.SystemRandom().randrange(1 << 32)
    print("seed", seed)  # shown when the test fails
    dice = random.Random(seed)
    with Daemon(SECTIONS, tmp_path / "server") as server:
        person = logged_in(server)
        laptops = [Laptop(server.url, USER, tmp_path, name).made_known(person) for name in ("one", "two", "three")]
        try:
            for _ in range(rounds):
                for one in laptops:
                    one.start("--yes")
                busy_day(laptops, server, dice)
                saved = all_at_once(laptops, dice)
                come_to_rest(laptops)
                trees = [one.tree() for one in laptops]
                assert trees[0] == trees[1] == trees[2]
                assert trees[0] == server_tree(server)
                assert saved <= set(trees[0].values())
                for one in laptops:
                    assert not list((one.folder / ".syncd/tmp").iterdir())
        finally:
            for one in laptops:
                one.kill()


def server_tree(server: Daemon) -> dict[str, bytes]:
    """What lies on the server's disk."""
    home = server.tree()
    return {
        str(file.relative_to(home)): file.read_bytes()
        for file in home.rglob("*")
        if file.is_file() and file.relative_to(home).parts[0] != ".trash"
    }
