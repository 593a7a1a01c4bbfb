"""The worker process: takes one open file after another from its socket, answers with pixels.

    worker.py SOCKET_FD FOLDER ...      FOLDER: where PIL is found

It sees no name, opens no file, starts nothing, and ends when the daemon closes the socket.
"""

from __future__ import annotations

import importlib.util
import io
import os
import resource
import socket
import sys


class Source(io.RawIOBase):
    """An open file read by position, so that the daemon's own offset in it stays where it is.

    It has no fileno(): libtiff would seek in it.
    """

    def __init__(self, fd: int) -> None:
        super().__init__()
        self.fd = fd
        self.size = os.fstat(fd).st_size
        self.at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # BufferedReader has no others
        count = os.preadv(self.fd, [buffer], self.at)
        self.at += count
        return count

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self.at = max(0, offset + (0, self.at, self.size)[whence])
        return self.at

    def tell(self) -> int:
        return self.at


def answer(request: frames.Request, fd: int) -> frames.Reply:
    """Do one job; a picture that cannot be read is an answer, not an error."""
    metadata, source = Metadata(), io.BufferedReader(Source(fd), 64 * 1024)
    try:
        picture = pixels.open_picture(source, request.memory, request.orientation)
        metadata = picture.metadata
        if request.action == "preview":
            return frames.Reply(metadata, False, "", False, pixels.preview(picture))
        image = pixels.decode(picture, pixels.THUMBNAIL, pixels.THUMBNAIL)
        document = pixels.looks_like_document(image, picture)
        return frames.Reply(metadata, document, "", False, pixels.thumbnail(image, picture))
    except pixels.Unreadable as exc:
        return frames.Reply(metadata, False, str(exc), exc.foreign, b"")
    except MemoryError:
        return frames.Reply(metadata, False, "it needs more memory than a media process may have", False, b"")
    except Exception as exc:  # as for pixels: the next file must find this worker alive
        return frames.Reply(metadata, False, f"damaged: {type(exc).__name__}", False, b"")
    finally:
        source.close()


def receive(link: socket.socket) -> tuple[frames.Request, int] | None:
    """The next request and its file; None when the daemon has hung up."""
    data, fds, _flags, _address = socket.recv_fds(link, 4096, 1)
    if not data:
        return None
    (length,) = frames.HEAD.unpack_from(data)
    while len(data) < frames.HEAD.size + length:
        data += link.recv(4096)
    return frames.parse_request(data[frames.HEAD.size :]), fds[0]


def serve(link: socket.socket) -> None:
    """One request at a time until the daemon hangs up."""
    while (job := receive(link)) is not None:
        request, fd = job
        used = resource.getrusage(resource.RUSAGE_SELF)
        spent = int(used.ru_utime + used.ru_stime)
        # The limit of a process is one of its whole life; each job gets its own share.
        resource.setrlimit(resource.RLIMIT_CPU, (spent + 1 + request.cpu_s, resource.RLIM_INFINITY))
        try:
            reply = answer(request, fd)
        finally:
            os.close(fd)
        link.sendall(frames.pack_reply(reply))


def load_package() -> None:
    """Make `syncd` importable from here, without its parent folder: the sandbox does not show that."""
    folder = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    place = os.path.join(
        folder, "__init__" + os.path.splitext(__file__)[1]
    )  # .py, or .pyc where only that is installed
    spec = importlib.util.spec_from_file_location("syncd", place, submodule_search_locations=[folder])
    assert spec is not None and spec.loader is not None
    package = sys.modules["syncd"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(package)


if __name__ == "__main__":
    sys.path += sys.argv[2:]
    load_package()

from syncd.media import frames, pixels  # noqa: E402 - only now can they be found
from syncd.model import Metadata  # noqa: E402 - likewise

if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
