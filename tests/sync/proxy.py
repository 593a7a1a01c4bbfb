"""A TCP proxy that counts what passes, in each direction."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Self

PIECE = 1 << 16  # bytes


class CountingProxy:
    """Listens on a port of its own as long as its `with` block lasts; `up` and `down` are bytes so far."""

    def __init__(self, port: int) -> None:
        """*port* on this machine is where everything goes to."""
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.up = 0  # bytes from clients
        self.down = 0  # bytes to clients
        self._lock = threading.Lock()
        self._links: list[socket.socket] = []
        self._threads: list[threading.Thread] = []

    def reset(self) -> None:
        with self._lock:
            self.up = self.down = 0

    def _serve(self) -> None:
        with suppress(OSError):  # closed: the end
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._target), 60)
                self._links += (client, server)
                self._start(self._pass_on, client, server, True)
                self._start(self._pass_on, server, client, False)

    def _start(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments)
        self._threads.append(thread)
        thread.start()

    def _pass_on(self, source: socket.socket, target: socket.socket, up: bool) -> None:
        with suppress(OSError):
            while piece := source.recv(PIECE):
                with self._lock:
                    if up:
                        self.up += len(piece)
                    else:
                        self.down += len(piece)
                target.sendall(piece)
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    def __enter__(self) -> Self:
        self._start(self._serve)
        return self

    def __exit__(self, *exc_info: object) -> None:
        for link in (self._listener, *self._links):
            with suppress(OSError):
                link.shutdown(socket.SHUT_RDWR)
            link.close()
        for thread in self._threads:
            thread.join()
