"""Kill -9 at each call by which the disk is changed: afterwards it is as before the change or as after it.

A device tells its story: new and replaced files, an upload in chunks, a conflict and its end, moves, deletions, a
restore. strace kills the daemon at the n-th rename, flush, write or removal of a thread; after the restart the device
repeats what was not answered and goes on. The end must be the same as without the death.
"""

from __future__ import annotations

import random
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPException
from pathlib import Path

import pytest

from tests.conftest import MakeDaemon
from tests.daemon import Daemon, wait_until
from tests.faults.witness import Witness, staged
from tests.faults.witness import sha256 as hex_of
from tests.phone import Answer
from tests.sync.api import SMALLEST_CHUNK, sha256
from tests.sync.conftest import Laptop, logged_in, new_laptop

CALLS = {
    "renames": "rename,renameat,renameat2",
    "flushes": "fsync,fdatasync,syncfs",
    "writes": "pwrite64,pwritev,write",
    "removals": "unlink,unlinkat,ftruncate",
}
SHORT = 4  # deaths of each kind in `make test`
LONG = 100  # rounds from which on all are tried


class Story:
    """What one device does in a folder of its own; `told` steps were answered."""

    def __init__(self, laptop: Laptop, other: Laptop, folder: str, acknowledge: Callable[[str], None]) -> None:
        self.api = laptop.api
        self._other = other.api
        self._folder = folder
        self._acknowledge = acknowledge
        self._upload: str | None = None
        dice = random.Random(folder)
        self._one, self._two, self._mine = (dice.randbytes(5000) for _ in range(3))
        self._big = dice.randbytes(2 * SMALLEST_CHUNK + 9)
        self._bigger = dice.randbytes(SMALLEST_CHUNK) + self._big[SMALLEST_CHUNK:]
        self.told = 0
        self.steps: tuple[Callable[[], Answer], ...] = (
            lambda: self._put("x.txt", self._one),
            lambda: self._put("x.txt", self._two, self._one),
            lambda: self._upload_all("big.bin", self._big, None),
            lambda: self._upload_all("big.bin", self._bigger, self._big),
            lambda: self._keep(self._other.put(self._at("x.txt"), self._mine, sha256(self._one)), self._mine),
            self._let_the_copy_win,
            lambda: self._put("moved.txt", b"to be moved " + self._one),
            lambda: self.api.move(self._at("moved.txt"), self._at("sub/moved.txt")),
            lambda: self._put("gone.txt", b"to be deleted " + self._one),
            lambda: self.api.delete(self._at("gone.txt")),
            self._bring_back,
            lambda: self.api.report([self._moved("sub/moved.txt", "sub/again.txt")]),
            lambda: self.api.keep_folder(self._at("made/empty")),
            lambda: self._put("made/in.txt", b"in a folder " + self._one),
            lambda: self.api.move(self._at("made"), self._at("moved")),
            lambda: self.api.remove_folder(self._at("moved/empty")),
            lambda: self.api.keep_folder(self._at("kept")),
        )

    def at_the_end(self) -> dict[str, bytes]:
        return {
            "x.txt": self._mine,
            "big.bin": self._bigger,
            "gone.txt": b"to be deleted " + self._one,
            "sub/again.txt": b"to be moved " + self._one,
            "moved/in.txt": b"in a folder " + self._one,
        }

    folders_at_the_end = frozenset(("sub", "moved", "kept"))

    def go_on(self) -> None:
        """Tell the rest; ends early when nobody answers."""
        with suppress(OSError, HTTPException):
            while self.told < len(self.steps):
                answer = self.steps[self.told]()
                # Repeated after it was done: what was to be moved, deleted or decided is so already.
                assert answer.status in (200, 201, 204, 404), (self.told, answer.status, answer.body)
                self.told += 1

    def _at(self, name: str) -> str:
        return f"{self._folder}/{name}"

    def _keep(self, answer: Answer, content: bytes) -> Answer:
        assert answer.status in (200, 201), (answer.status, answer.body)
        self._acknowledge(hex_of(content))
        return answer

    def _put(self, name: str, content: bytes, base: bytes | None = None) -> Answer:
        # Without a base: nothing was there, or it is the very same.
        return self._keep(self.api.put(self._at(name), content, sha256(base or b"")), content)

    def _upload_all(self, name: str, content: bytes, base: bytes | None) -> Answer:
        if self._upload is None:
            more = {"chunk_size": SMALLEST_CHUNK, "base_hash": sha256(base or b"")}
            answer = self.api.open_upload(self._at(name), len(content), expected_hash=sha256(content), **more)
            assert answer.status == 200, answer.body
            self._upload = answer.json()["id"]
        session = self.api.upload_state(self._upload).json()
        for first, last in session["missing"]:
            for index in range(first, last + 1):
                piece = content[index * SMALLEST_CHUNK : (index + 1) * SMALLEST_CHUNK]
                assert self.api.send_chunk(self._upload, index, piece).status == 200
        answer = self._keep(self.api.complete(self._upload), content)
        self._upload = None
        return answer

    def _let_the_copy_win(self) -> Answer:
        found = [one for one in self.api.conflicts().json() if one["path"] == self._at("x.txt")]
        return self.api.resolve(found[0]["id"] if found else 10**6, "client_wins")

    def _bring_back(self) -> Answer:
        lying = [one for one in self.api.trash(1000).json()["entries"] if one["original_path"] == self._at("gone.txt")]
        return self.api.restore(lying[0]["id"] if lying else 10**6)

    def _moved(self, old: str, new: str) -> dict[str, object]:
        known = sha256(b"to be moved " + self._one)
        return {
            "change_type": "moved",
            "old_path": self._at(old),
            "path": self._at(new),
            "content_hash": known,
            "base_hash": known,
        }


@contextmanager
def traced(server: Daemon, log: Path, calls: str, *options: str) -> Iterator[None]:
    """The daemon below strace, which writes *calls* to *log*."""
    assert server.process is not None
    said = log.with_suffix(".said")
    command = ["strace", "-f", "-p", str(server.process.pid), "-e", f"trace={calls}", *options, "-o", str(log)]
    with said.open("wb") as out:
        tracer = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    try:
        wait_until(lambda: b"attached" in said.read_bytes(), "strace to attach")
        yield
    finally:
        tracer.kill()  # SIGTERM does not end it when the process it follows is dead
        tracer.wait()


def most_calls(log: Path) -> int:
    """Of the thread that made most of them."""
    callers = Counter(line.split()[0] for line in log.read_text().splitlines() if "(" in line and "resumed" not in line)
    return max(callers.values())


@pytest.mark.crash
@pytest.mark.slow
@pytest.mark.timeout(7200)
@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.parametrize("kind", CALLS)
def test_death_at_any_call_is_before_or_after(daemon: MakeDaemon, rounds: int, kind: str, tmp_path: Path) -> None:
    server = daemon({"media": {"workers": 1}})
    person = logged_in(server)
    laptop, other = new_laptop(person), new_laptop(person)
    witness = Witness(server, server.tree())
    log = tmp_path / "strace"
    with traced(server, log, CALLS[kind]):
        Story(laptop, other, f"{kind}-0", witness.acknowledged.add).go_on()
    numbers = list(range(1, most_calls(log) + 1))
    if rounds < LONG:
        numbers = [1, *random.SystemRandom().sample(numbers[1:], min(SHORT - 1, len(numbers) - 1))]
    deaths = 0
    for number in numbers:
        story = Story(laptop, other, f"{kind}-{number}", witness.acknowledged.add)
        with traced(server, log, CALLS[kind], "-e", f"inject={CALLS[kind]}:signal=SIGKILL:when={number}"):
            story.go_on()
        deaths += story.told < len(story.steps)
        server.kill()
        server.start()
        story.go_on()
        assert story.told == len(story.steps)
        home = server.tree() / f"{kind}-{number}"
        found = {str(one.relative_to(home)): one.read_bytes() for one in home.rglob("*") if one.is_file()}
        assert found == story.at_the_end(), number
        assert {str(one.relative_to(home)) for one in home.rglob("*") if one.is_dir()} == story.folders_at_the_end
        # A device that was not told the number of its upload begins a new one.
        witness.look(staged_allowed=[name for name in staged(server) if name.endswith(".session")])
    assert deaths  # the last calls may be one thread's in one run and another's in the next
