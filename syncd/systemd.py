"""What a service manager says to a daemon, and hears from it (sd_notify(3), sd_listen_fds(3)), without its library."""

from __future__ import annotations

import asyncio
import os
import socket

FIRST_FD = 3


def notify(message: str) -> None:
    """Tell the service manager *message* (`READY=1` …); silence where there is none."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):  # an abstract socket
        address = f"\0{address[1:]}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
        out.connect(address)
        out.sendall(message.encode())


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
    """Says `WATCHDOG=1` as often as asked; a loop that hangs falls silent and is restarted."""

    async def run(self) -> None:
        wanted = int(os.environ.get("WATCHDOG_USEC", "0")) / 1_000_000
        while True:
            if wanted:
                notify("WATCHDOG=1")
            await asyncio.sleep(wanted / 3 if wanted else 3600)
