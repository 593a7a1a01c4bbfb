"""A load of HTTP requests over keep-alive connections, cheap enough not to be what is measured."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Request:
    """A head with its blank line, and a body: bytes, or part of an open file (descriptor, offset, length)."""

    head: bytes
    body: tuple[bytes | tuple[int, int, int], ...] = ()


def get(target: str, *headers: str) -> Request:
    lines = [f"GET {target} HTTP/1.1", "Host: 127.0.0.1", *headers]
    return Request("\r\n".join([*lines, "", ""]).encode())


def post(target: str, headers: Sequence[str], body: Sequence[bytes | tuple[int, int, int]]) -> Request:
    length = sum(len(piece) if isinstance(piece, bytes) else piece[2] for piece in body)
    lines = [f"POST {target} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {length}", *headers]
    return Request("\r\n".join([*lines, "", ""]).encode(), tuple(body))


class Connection:
    """One keep-alive connection; reopened when the server closes it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket: socket.socket | None = None
        self._sink = memoryview(bytearray(1 << 20))

    def ask(self, request: Request) -> int:
        """Send *request* and swallow the answer; its status."""
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self._port), 120)
            self._socket.settimeout(None)  # sendfile wants a socket that really blocks
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._send(self._socket, request)
        status, closes = self._swallow(self._socket)
        if closes:
            self.close()
        return status

    @staticmethod
    def _send(to: socket.socket, request: Request) -> None:
        to.sendall(request.head + b"".join(piece for piece in request.body[:1] if isinstance(piece, bytes)))
        for number, piece in enumerate(request.body):
            if isinstance(piece, bytes):
                if number:
                    to.sendall(piece)
                continue
            fd, offset, left = piece
            while left:
                sent = os.sendfile(to.fileno(), fd, offset, left)
                offset, left = offset + sent, left - sent

    def _swallow(self, of: socket.socket) -> tuple[int, bool]:
        head = b""
        while b"\r\n\r\n" not in head:
            piece = of.recv(65536)
            if not piece:
                raise ConnectionError("closed before the answer")
            head += piece
        head, _, body = head.partition(b"\r\n\r\n")
        lines = head.lower().split(b"\r\n")
        status = int(lines[0].split()[1])
        closes = b"connection: close" in lines
        length = next((int(line[15:]) for line in lines if line.startswith(b"content-length:")), None)
        if length is None and b"transfer-encoding: chunked" in lines:
            while not body.endswith(b"0\r\n\r\n"):
                body += of.recv(65536)
            return status, closes
        left = (length or 0) - len(body)
        while left > 0:
            left -= of.recv_into(self._sink, min(left, 1 << 20)) or left
        return status, closes

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def load(port: int, requests: Sequence[Request], connections: int) -> float:
    """Send all *requests* over so many connections; wall seconds. Raises AssertionError for any that failed."""
    waiting: Iterator[Request] = iter(requests)
    lock = threading.Lock()
    failed: list[str] = []

    def work() -> None:
        connection = Connection(port)
        while True:
            with lock:
                request = next(waiting, None)
            if request is None or failed:
                connection.close()
                return
            try:
                status = connection.ask(request)
                if status not in (200, 201, 204, 206):
                    failed.append(f"status {status}")
            except OSError as exc:
                failed.append(repr(exc))

    began = time.perf_counter()
    threads = [threading.Thread(target=work) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed, failed[0]
    return time.perf_counter() - began
