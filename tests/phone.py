"""The phone app on the wire: what MobiSync's client sends, byte for byte, over plain sockets.

Two generations are in use. The first (1.0.x) has a nickname only: no token, no `Quality`. The second
has accounts: `authorization: Bearer` on JSON requests and uploads, `Quality`, Trash, a video player.

What is Dart's and not ours: a TCP connection per request, closed by the client without having said so;
header names in lower case; `user` as a list of the name's UTF-8 bytes; `date` without zero padding; a
boundary of 70 characters; part headers with the type first, the device id as field name, names raw in
UTF-8 with only `"` and line ends escaped; an exact content-length; the address the user typed used as it
is, so that a slash at its end makes `//upload`. Success is exactly 200.
"""

from __future__ import annotations

import http.client
import json
import mimetypes
import re
import secrets
import socket
import string
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from email.message import Message
from typing import Any
from urllib.parse import SplitResult, urlencode, urlsplit

BOUNDARY_PREFIX = "dart-http-boundary-"
BOUNDARY_CHARS = "+_-." + string.digits + string.ascii_letters
BOUNDARY_LENGTH = 70
USER_AGENTS = {1: "Dart/3.4 (dart:io)", 2: "Dart/3.9 (dart:io)"}
PLAYER_AGENT = "ExoPlayerLib/2.18.7"
# What Python's table lacks and the phone's has.
PART_TYPES = {"heic": "image/heic", "m4a": "audio/mp4", "3gp": "video/3gpp", "mkv": "video/x-matroska"}

Headers = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, the body whole."""

    status: int
    headers: Message
    body: bytes

    def header(self, name: str) -> str:
        """The value of header *name*; empty when it is not there."""
        value: str = self.headers.get(name, "")
        return value

    def json(self) -> Any:
        """The body as JSON; raises ValueError when it is none."""
        return json.loads(self.body)


class Exchange:
    """One request on a TCP connection of its own: send(), then answer(), or cut()."""

    def __init__(self, host: str, port: int, method: str, timeout_s: float = 60.0) -> None:
        self._method = method
        self._socket = socket.create_connection((host, port), timeout=timeout_s)

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def answer(self) -> Answer:
        """Read the reply to its end and hang up."""
        with self._socket, http.client.HTTPResponse(self._socket, method=self._method) as response:
            response.begin()
            return Answer(response.status, response.headers, response.read())

    def cut(self) -> None:
        """Hang up in the middle, as a phone leaving the house does."""
        self._socket.close()


def boundary() -> str:
    rest = BOUNDARY_LENGTH - len(BOUNDARY_PREFIX)
    return BOUNDARY_PREFIX + "".join(secrets.choice(BOUNDARY_CHARS) for _ in range(rest))


def quoted(value: str) -> str:
    """*value* as Dart writes it between quotes: line ends and `"` escaped, all else raw."""
    return re.sub("\r\n|\r|\n", "%0D%0A", value).replace('"', "%22")


def part_type(name: str) -> str:
    extension = name.rpartition(".")[2].lower()
    return PART_TYPES.get(extension) or mimetypes.guess_type(name)[0] or "application/octet-stream"


def part_frame(mark: str, device: str, name: str) -> tuple[bytes, bytes]:
    """What stands before and after the bytes of the one part."""
    head = (
        f"--{mark}\r\ncontent-type: {part_type(name)}\r\n"
        f'content-disposition: form-data; name="{quoted(device)}"; filename="{quoted(name)}"\r\n\r\n'
    )
    return head.encode(), f"\r\n--{mark}--\r\n".encode()


def user_list(name: str) -> str:
    """The `user` header: the UTF-8 bytes of *name* as a printed list."""
    return "[" + ", ".join(str(byte) for byte in name.encode()) + "]"


def to_json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


@dataclass(frozen=True, slots=True)
class Phone:
    """One installation of the app. `url` is what its owner typed, path prefix and slashes included."""

    url: str
    user: str
    device: str
    token: str = ""  # from login or register; the first generation never sends it
    generation: int = 2
    timeout_s: float = 60.0

    # --- the wire

    @property
    def _address(self) -> SplitResult:
        return urlsplit(self.url)

    def target(self, endpoint: str) -> str:
        """The request target: what was typed, a slash, the endpoint."""
        return f"{self._address.path}/{endpoint}"

    def begin(self, method: str, target: str, headers: Headers) -> Exchange:
        """Connect and send the head of a request; `host` is added when *headers* has none."""
        address = self._address
        host, port = address.hostname or "", address.port or 80
        lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
        if not any(name.lower() == "host" for name, _ in headers):
            lines.append(f"host: {address.netloc}")
        exchange = Exchange(host, port, method, self.timeout_s)
        exchange.send(("\r\n".join(lines) + "\r\n\r\n").encode())
        return exchange

    def raw(self, method: str, target: str, headers: Headers = (), body: bytes = b"") -> Answer:
        """Send exactly this; `content-length` is added to a body whose headers do not frame it."""
        framed = any(name.lower() in ("content-length", "transfer-encoding") for name, _ in headers)
        if not framed and (body or method == "POST"):
            headers = (*headers, ("content-length", str(len(body))))
        exchange = self.begin(method, target, headers)
        exchange.send(body)
        return exchange.answer()

    def _dart(self, own: Headers, length: int) -> Headers:
        """A Dart client's headers around its *own*."""
        bearer = (("authorization", f"Bearer {self.token}"),) if self.token and self.generation > 1 else ()
        return (
            ("user-agent", USER_AGENTS[self.generation]),
            *own,
            *bearer,
            ("accept-encoding", "gzip"),
            ("content-length", str(length)),
        )

    def begin_post(self, endpoint: str, body: bytes) -> Exchange:
        """Send a JSON request whole, without waiting for the answer."""
        own = (("content-type", "application/json; charset=UTF-8"),)
        exchange = self.begin("POST", self.target(endpoint), self._dart(own, len(body)))
        exchange.send(body)
        return exchange

    def post(self, endpoint: str, value: object) -> Answer:
        return self.begin_post(endpoint, to_json(value)).answer()

    # --- uploads

    def begin_upload(
        self,
        name: str,
        size: int,
        date: str = "2024-5",
        changes: Mapping[str, str | None] | None = None,
    ) -> tuple[Exchange, bytes]:
        """Send all that stands before the file's *size* bytes; returns the exchange and what follows them.

        *changes* replaces headers by name; None leaves one out.
        """
        mark = boundary()
        head, tail = part_frame(mark, self.device, name)
        wanted: dict[str, str | None] = {
            "user": user_list(self.user),
            "date": date,
            "content-type": f"multipart/form-data; boundary={mark}",
            **(changes or {}),
        }
        own = tuple((key, value) for key, value in wanted.items() if value is not None)
        exchange = self.begin("POST", self.target("upload"), self._dart(own, len(head) + size + len(tail)))
        exchange.send(head)
        return exchange, tail

    def upload(
        self,
        name: str,
        content: bytes,
        date: str = "2024-5",
        changes: Mapping[str, str | None] | None = None,
    ) -> Answer:
        return self.upload_stream(name, (content,), len(content), date, changes)

    def upload_stream(
        self,
        name: str,
        chunks: Iterable[bytes],
        size: int,
        date: str = "2024-5",
        changes: Mapping[str, str | None] | None = None,
    ) -> Answer:
        """Upload *size* bytes as *chunks* yields them; like the app, reads no answer before all is sent."""
        exchange, tail = self.begin_upload(name, size, date, changes)
        for chunk in chunks:
            exchange.send(chunk)
        exchange.send(tail)
        return exchange.answer()

    # --- everything else

    @property
    def _who(self) -> dict[str, str]:
        return {"User": self.user, "DeviceId": self.device}

    def folders(self) -> Answer:
        return self.post("folders", self._who)

    def files(self, folder: str) -> Answer:
        return self.post("files", {"UserData": self._who, "Folder": folder})

    def listed(self, folder: str) -> list[str]:
        """The paths in *folder*; raises AssertionError when the answer is no 200 with a list."""
        answer = self.files(folder)
        if answer.status != 200 or not isinstance(answer.json(), list):
            raise AssertionError(f"/files {folder!r}: {answer.status} {answer.body[:200]!r}")
        return [str(path) for path in answer.json()]

    def img_request(self, file: str, quality: str | None = None) -> bytes:
        """The body of an `/img` request; the first generation leaves `Quality` out."""
        body: dict[str, object] = {"UserData": self._who, "File": file}
        if quality is not None:
            body["Quality"] = quality
        return to_json(body)

    def img(self, file: str, quality: str | None = None) -> Answer:
        return self.begin_post("img", self.img_request(file, quality)).answer()

    def stream_target(self, file: str) -> str:
        """The address the video player gets, percent-encoded as Dart does (a blank becomes `+`)."""
        return self.target("stream?" + urlencode({**self._who, "File": file}))

    def stream(self, file: str, span: str | None = None, method: str = "GET", headers: Headers = ()) -> Answer:
        """Fetch as the native player does: no authorization header ever, seeks by Range."""
        own: list[tuple[str, str]] = [("User-Agent", PLAYER_AGENT), ("Accept-Encoding", "identity")]
        if span is not None:
            own.append(("Range", span))
        return self.raw(method, self.stream_target(file), (*own, *headers))

    def move_to_trash(self, *files: str) -> Answer:
        return self.post("move-to-trash", {"UserData": self._who, "Files": files})

    def restore(self, *files: str) -> Answer:
        return self.post("restore", {"UserData": self._who, "Files": files})

    def regenerate(self) -> Answer:
        return self.post("regenerate-thumbnails", {"UserData": self._who})

    def clean_orphans(self) -> Answer:
        return self.post("clean-orphan-thumbnails", {"UserData": self._who})

    def run_detection(self) -> Answer:
        return self.post("run-document-detection", {"UserData": self._who})

    def login(self, password: str) -> Answer:
        return self.post("auth/login", {"User": self.user, "Password": password})

    def register(self, password: str) -> Answer:
        return self.post("auth/register", {"User": self.user, "Password": password})

    def delete_all(self) -> Answer:
        return self.post("delete-all", self._who)

    def setup_info(self) -> Answer:
        return self.raw("GET", self.target("setup_info"), (("user-agent", USER_AGENTS[self.generation]),))
