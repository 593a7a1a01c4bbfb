"""A wire between a client and the server that counts what passes, and stops at a given byte."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

PIECE = 16 * 1024  # bytes


class Narrow:
    """Listens on a port of its own and passes everything on to *port*, *up* and *down* counted in bytes.

    `halt_at` (bytes, of either direction's count) makes it stand still there, until it is None again.
    """

    def __init__(self, port: int) -> None:
        self._there = port
        self._gate = threading.Condition()
        self._halt_at: int | None = None
        self.up = 0
        self.down = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._links: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def halt_at(self, count: int | None) -> None:
        """Stand still once that many more bytes went in one direction; None: go on."""
        with self._gate:
            self._halt_at = count
            self.up = self.down = 0
            self._gate.notify_all()

    def lead_to(self, port: int) -> None:
        """From now on there is somebody else at the other end."""
        self._there = port
        for link in self._links:
            with suppress(OSError):
                link.shutdown(socket.SHUT_RDWR)

    @property
    def is_halted(self) -> bool:
        with self._gate:
            return self._halt_at is not None and max(self.up, self.down) >= self._halt_at

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                here, _ = self._listener.accept()
                try:
                    there = socket.create_connection(("127.0.0.1", self._there))
                except OSError:
                    here.close()
                    continue
                self._links += [here, there]
                threading.Thread(target=self._pass_on, args=(here, there, True), daemon=True).start()
                threading.Thread(target=self._pass_on, args=(there, here, False), daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket, is_up: bool) -> None:
        with suppress(OSError):
            while data := source.recv(PIECE):
                with self._gate:
                    self._gate.wait_for(lambda: self._halt_at is None or max(self.up, self.down) < self._halt_at)
                    if is_up:
                        self.up += len(data)
                    else:
                        self.down += len(data)
                target.sendall(data)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.halt_at(None)
        for end in (self._listener, *self._links):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
