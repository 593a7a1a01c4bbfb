"""Three people work on one tree, their laptops and the server die at random, and in the end all have the same.

What anybody saved and did not edit or remove later is there in the end, under its own name or as a conflicted copy.
"""

from __future__ import annotations

import errno
import random
import shutil
import signal
from pathlib import Path

import pytest

from tests.client.conftest import SECTIONS
from tests.client.laptop import Laptop, folders_in
from tests.daemon import USER, Daemon, wait_until
from tests.sync.conftest import logged_in

FOLDERS = ("", "a/", "a/b/", "c \u00e9/")
EMPTY = ("e", "e/f", "e/f/g", "a/leer", "a/b/leer", "c \u00e9/h", "x.txt")  # also where others save a file
NAMES = ("x.txt", "y.txt", "z", "note.md", ".dot")
SIZES = (0, 1, 300, 70_000, 5 * 1024 * 1024)
EDITS = 30  # in a round, by each
DONE = ("sent", "fetched", "moved", "deleted", "conflict", "made", "removed")
SETTLING_S = 120.0


def some_path(dice: random.Random) -> str:
    return dice.choice(FOLDERS) + dice.choice(NAMES)


def edit(one: Laptop, dice: random.Random) -> None:
    """What a person does to a folder in a moment."""
    there = sorted(one.tree())
    match dice.random():
        case roll if roll < 0.2:
            edit_folders(one, dice)
        case roll if roll < 0.55 or not there:
            path = some_path(dice)
            if (one.folder / path).is_dir():
                (one.folder / path).rmdir()
            one.write(path, dice.randbytes(dice.choice(SIZES)))
        case roll if roll < 0.7:
            with (one.folder / dice.choice(there)).open("r+b") as file:
                file.write(dice.randbytes(100))
        case roll if roll < 0.84:
            one.remove(dice.choice(there))
        case roll if roll < 0.97:
            one.rename(dice.choice(there), some_path(dice))
        case _ if (one.folder / "a").is_dir() and not (one.folder / "d").exists():
            (one.folder / "a").rename(one.folder / "d")
        case _:
            one.write(some_path(dice), b"")


def edit_folders(one: Laptop, dice: random.Random) -> None:
    """Make a folder, or rename or remove one, with everything in it or only if it is empty."""
    there = sorted(one.folders())
    match dice.random():
        case roll if roll < 0.5 or not there:
            (one.folder / dice.choice(EMPTY)).mkdir(parents=True, exist_ok=True)
        case roll if roll < 0.7:
            one.rename(dice.choice(there), dice.choice(EMPTY))
        case roll if roll < 0.95:
            (one.folder / dice.choice(there)).rmdir()
        case _:
            shutil.rmtree(one.folder / dice.choice(there), ignore_errors=True)


def busy_day(laptops: list[Laptop], server: Daemon, dice: random.Random) -> None:
    """Everybody edits, while somebody is killed now and then."""
    for _ in range(EDITS * len(laptops)):
        one = dice.choice(laptops)
        try:
            edit(one, dice)
        except (FileNotFoundError, FileExistsError, NotADirectoryError, IsADirectoryError):
            continue  # the client, too, renames and removes
        except OSError as exc:
            if exc.errno not in (errno.ENOTEMPTY, errno.EINVAL):  # not that folder, and no folder into itself
                raise
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
        if not any(run.paths(event) for run in runs for event in DONE):
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
                folders = [one.folders() for one in laptops]
                assert folders[0] == folders[1] == folders[2] == folders_in(server.tree(), ".trash")
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
