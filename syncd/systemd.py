"""What a service manager says to a daemon, and hears from it (sd_notify(3), sd_listen_fds(3)), without its library."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Awaitable, Callable

from syncd.errors import SyncError

log = logging.getLogger(__name__)

FIRST_FD = 3
NOTIFY_S = 1.0  # for a manager that is busy; everything else waits meanwhile


def notify(message: str) -> None:
    """Tell the service manager *message* (`READY=1` …); silence where there is none.

    One that does not listen is no reason to end: NOTIFY_SOCKET may come from a terminal whose manager is gone.
    """
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):  # an abstract socket
        address = f"\0{address[1:]}"
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
            out.settimeout(NOTIFY_S)
            out.connect(address)
            out.sendall(message.encode())
    except OSError as exc:
        log.warning("the service manager does not hear %s: %s", message, exc.strerror or exc)


def listen_sockets() -> list[socket.socket]:
    """Listening sockets that were handed over, none when they are meant for another process."""
    if os.environ.get("LISTEN_PID") != str(os.getpid()):
        return []
    count = int(os.environ.get("LISTEN_FDS", "0"))
    sockets = [socket.socket(fileno=fd) for fd in range(FIRST_FD, FIRST_FD + count)]
    for sock in sockets:
        sock.set_inheritable(False)
    return sockets


class Watchdog:
    """Says `WATCHDOG=1` as often as asked, each time after *answer* has returned.

    A loop that hangs falls silent, and so does a daemon whose *answer* hangs or fails: the manager restarts it.
    """

    def __init__(self, answer: Callable[[], Awaitable[None]]) -> None:
        self._answer = answer

    async def run(self) -> None:
        pace = int(os.environ.get("WATCHDOG_USEC", "0")) / 1_000_000 / 3
        while True:
            if pace and await self._answered(pace):
                notify("WATCHDOG=1")
            await asyncio.sleep(pace or 3600)

    async def _answered(self, pace: float) -> bool:
        """Wait for *answer*, however long; tell the log every *pace* seconds. False when it fails."""
        asked = asyncio.ensure_future(self._answer())
        try:
            while not (await asyncio.wait((asked,), timeout=pace))[0]:
                log.error("the database of accounts does not answer; the watchdog is told nothing until it does")
            asked.result()
        except SyncError as exc:
            log.error("the watchdog is told nothing: %s", exc.text)
            return False
        finally:
            asked.cancel()
        return True
