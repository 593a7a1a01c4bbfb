"""Flash is spared: few flushes for an upload, fewer for a burst, none at all at idle."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.client import Request, load, post
from tests.conftest import MakeDaemon
from tests.daemon import USER, Daemon, wait_until
from tests.faults.test_kill import JPEG
from tests.limits.process import pid_of, written_bytes
from tests.phone import Phone

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

FILES, CONNECTIONS = 520, 16
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
    mark = "burst-of-files"
    form = ["user: [100, 101, 115, 105]", "date: 2024-5", f"Content-Type: multipart/form-data; boundary={mark}"]

    def upload(number: int) -> Request:
        head = f'--{mark}\r\nContent-Disposition: form-data; name="phone-1"; filename="{number}.jpg"\r\n\r\n'
        content = JPEG + str(number).encode() * 500
        return post(phone.target("upload"), form, [head.encode() + content + f"\r\n--{mark}--\r\n".encode()])

    def work() -> None:
        load(server.port, [upload(number) for number in range(FILES)], CONNECTIONS)

    assert 1 <= flushes(server, tmp_path / "strace", work) <= 0.3 * FILES


def test_an_idle_daemon_writes_nothing(daemon: MakeDaemon) -> None:
    server, _ = served(daemon)
    last = [-1, 0]

    def is_quiet() -> bool:
        """Nothing new for fifty looks in a row."""
        now = written_bytes(server)
        last[:] = [now, last[1] + 1 if now == last[0] else 0]
        return last[1] >= 50

    wait_until(is_quiet, "the daemon to write nothing")
