"""The watchdog of the service manager hears of a daemon that can no longer ask its own database: by silence."""

from __future__ import annotations

import os
import select
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import MakeDaemon
from tests.daemon import wait_until
from tests.limits.manager import managed, manager

pytestmark = pytest.mark.slow

FOREVER_US = 3_600_000_000
SILENT = "does not answer"


@contextmanager
def hung(pid: int) -> Iterator[None]:
    """All threads of *pid* but the one of the event loop stand still at their next system call, until the end."""
    threads = [name for name in os.listdir(f"/proc/{pid}/task") if name != str(pid)]
    assert threads
    strace = ["strace", "--quiet=all", "-o", os.devnull, "-e", f"inject=all:delay_enter={FOREVER_US}"]
    tracer = subprocess.Popen([*strace, *(word for thread in threads for word in ("-p", thread))])
    try:
        yield
    finally:
        tracer.send_signal(signal.SIGINT)
        try:
            tracer.wait(30)
        finally:
            tracer.kill()


def is_waiting(heard: socket.socket) -> bool:
    """Is there a report that nobody has read?"""
    return bool(select.select([heard], [], [], 0)[0])


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace holds the threads")
def test_a_database_that_hangs_silences_the_watchdog_and_its_answer_ends_that(
    daemon: MakeDaemon, tmp_path: Path
) -> None:
    server = daemon()
    server.stop()
    with manager(tmp_path) as heard, managed(server, tmp_path, watchdog_s=0.3) as child:
        assert {heard.recv(99), heard.recv(99)} == {b"READY=1", b"WATCHDOG=1"}
        with hung(child.pid):
            wait_until(lambda: SILENT in server.log_tail(), "the first missing answer in the log")
            while is_waiting(heard):  # what was said before the threads were held
                heard.recv(99)
            wait_until(lambda: server.log_tail().count(SILENT) >= 4, "more of them")
            assert not is_waiting(heard)
        assert heard.recv(99) == b"WATCHDOG=1"
        child.terminate()
        assert child.wait(30) == 0
