"""Flash is spared: few flushes for an upload, fewer for a burst, none at all at idle."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import MakeDaemon
from tests.daemon import USER, Daemon, wait_until
from tests.faults.test_kill import JPEG
from tests.limits.process import pid_of, written_bytes
from tests.phone import Phone

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

CALLS = ("fsync(", "fdatasync(", "syncfs(", "sync(")


def served(daemon: MakeDaemon) -> tuple[Daemon, Phone]:
    server = daemon({"media": {"workers": 1}})
    phone = Phone(f"{server.url}/k/{server.add_device(USER, 'phone')}", USER, "phone-1")
    assert phone.upload("first.jpg", JPEG + b"first").status == 200
    return server, phone


def flushes(server: Daemon, log: Path, work: Callable[[], None]) -> int:
    """How often the daemon asks the disk to flush while *work* runs."""
    command = ["strace", "-f", "-e", "trace=fsync,fdatasync,syncfs,sync", "-o", str(log), "-p", str(pid_of(server))]
    tracer = subprocess.Popen(command, stderr=subprocess.PIPE)
    assert tracer.stderr is not None
    tracer.stderr.readline()  # "attached"
    try:
        work()
    finally:
        tracer.terminate()
        tracer.wait()
        tracer.stderr.close()
    return sum(any(call in line for call in CALLS) and "resumed" not in line for line in log.read_text().splitlines())


def test_one_upload_takes_three_flushes(daemon: MakeDaemon, tmp_path: Path) -> None:
    server, phone = served(daemon)

    def work() -> None:
        assert phone.upload("x.jpg", JPEG + b"x").status == 200

    assert 1 <= flushes(server, tmp_path / "strace", work) <= 3


def test_a_burst_shares_its_flushes(daemon: MakeDaemon, tmp_path: Path) -> None:
    server, phone = served(daemon)

    def send(number: int) -> None:
        for one in range(13):
            assert phone.upload(f"{number}-{one}.jpg", JPEG + f"{number} {one}".encode() * 500).status == 200

    def work() -> None:
        senders = [threading.Thread(target=send, args=(number,)) for number in range(16)]
        for one in senders:
            one.start()
        for one in senders:
            one.join()

    assert 1 <= flushes(server, tmp_path / "strace", work) <= 0.3 * 16 * 13


def test_an_idle_daemon_writes_nothing(daemon: MakeDaemon) -> None:
    server, _ = served(daemon)
    last = [-1, 0]

    def is_quiet() -> bool:
        """Nothing new for fifty looks in a row."""
        now = written_bytes(server)
        last[:] = [now, last[1] + 1 if now == last[0] else 0]
        return last[1] >= 50

    wait_until(is_quiet, "the daemon to write nothing")
