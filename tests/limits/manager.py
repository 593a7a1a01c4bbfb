"""A stand-in for a service manager: the socket that a daemon reports to, and the daemon started with it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.daemon import ROOT, Daemon

PATIENCE_S = 60


@contextmanager
def manager(folder: Path) -> Iterator[socket.socket]:
    """The datagram socket `<folder>/notify`; a daemon's reports arrive on it one by one."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(folder / "notify"))
        heard.settimeout(PATIENCE_S)
        yield heard


@contextmanager
def managed(server: Daemon, folder: Path, watchdog_s: float) -> Iterator[subprocess.Popen[bytes]]:
    """`syncd serve` on the box of *server*, which is stopped, reporting to the manager in *folder*; the same log."""
    notify = {"NOTIFY_SOCKET": str(folder / "notify"), "WATCHDOG_USEC": str(int(watchdog_s * 1_000_000))}
    with server.log.open("ab") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", "syncd", "serve", "--config", str(server.conf)],
            cwd=ROOT,
            stderr=log,
            env={**os.environ, **notify},
        )
    try:
        yield child
    finally:
        child.kill()
        child.wait()
