"""The floor for an upload: receive, hash, write, flush; nothing else. `floor.py PORT FOLDER`."""

from __future__ import annotations

import hashlib
import os
import socket
import sys
from pathlib import Path


def serve(client: socket.socket, folder: Path) -> None:
    """Take one body after the other, each into a file of its own."""
    block = memoryview(bytearray(1 << 20))
    number = 0
    while True:
        head = b""
        while b"\r\n\r\n" not in head:
            piece = client.recv(65536)
            if not piece:
                return
            head += piece
        head, _, rest = head.partition(b"\r\n\r\n")
        left = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        number += 1
        digest = hashlib.sha256(rest)
        fd = os.open(folder / f"{os.getpid()}-{number}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        left -= os.write(fd, rest) if rest else 0
        while left:
            size = client.recv_into(block, min(left, 1 << 20))
            digest.update(block[:size])
            left -= os.write(fd, block[:size])
        os.fsync(fd)
        os.close(fd)
        client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


if __name__ == "__main__":
    with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as server:
        while True:
            serve(server.accept()[0], Path(sys.argv[2]))
