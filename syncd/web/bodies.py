"""Request bodies, streamed under limits: JSON objects, and forms, part by part.

aiohttp's own form reader searches each chunk together with the one before it; this one searches each once and hands
it on as it came, which halves the cost of a large upload (measured: `benchmarks/`).
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from syncd.errors import BadRequest, TooLarge

JSON_BYTES = 1 << 20
JSON_VALUES = 250_000  # an empty object is two bytes of a body, and seventy of memory
STALL_S = 30  # without a byte from the client
WINDOW_S = 60
SLOWEST_BYTES = 60 << 10  # in a window
PART_HEADER_BYTES = 8 << 10
PREAMBLE_BYTES = 64 << 10
EPILOGUE_BYTES = 64 << 10
BOUNDARY_BYTES = 200  # RFC 2046 §5.1.1 allows 70; some clients take more
PARTS = 100  # looked at for a file: each costs, and no form that people fill in has more
FIELD_BYTES = 64 << 10  # a field before the file is kept until the file begins; a larger one is the file


class Stalled(BadRequest):
    """The client went quiet in the middle of its body."""

    code = "stalled"


async def read_some(request: web.Request) -> bytes:
    """The next bytes of the body, b'' at its end; raises Stalled, BadRequest."""
    content = request.content
    if content.at_eof():
        return b""
    try:
        if here := content.read_nowait():
            return here  # no timer for what has arrived already
        async with asyncio.timeout(STALL_S):
            return await content.readany()
    except TimeoutError as exc:
        raise Stalled(f"no data for {STALL_S} seconds") from exc
    except HttpProcessingError as exc:
        raise BadRequest("the request's body is broken") from exc


async def read_all(request: web.Request, most_bytes: int) -> bytes:
    """The whole body; raises TooLarge beyond *most_bytes*."""
    parts: list[bytes] = []
    size = 0
    async for chunk in pieces(request):
        size += len(chunk)
        if size > most_bytes:
            raise TooLarge(f"this body may have at most {most_bytes} bytes")
        parts.append(chunk)
    return b"".join(parts)


async def pieces(request: web.Request) -> AsyncIterator[bytes]:
    """The body as it comes; raises Stalled, BadRequest."""
    pace = Pace()
    while chunk := await read_some(request):
        pace.took(len(chunk))
        yield chunk


JsonObject = dict[str, object]


async def read_json(request: web.Request, most_bytes: int = JSON_BYTES) -> JsonObject:
    """The body's first JSON value, which must be an object (null counts as an empty one); raises BadRequest.

    Whatever the content type says; text after the value is ignored: clients of the first generation do that.
    """
    body = await read_all(request, most_bytes)
    if sum(map(body.count, (b",", b"[", b"{"))) > JSON_VALUES:
        raise BadRequest("there is too much in this body; send it in parts")
    try:
        text = body.decode("utf-8-sig").lstrip()
        value, _ = _DECODER.raw_decode(text)
    except (ValueError, RecursionError) as exc:
        raise BadRequest("the body must be a JSON object in UTF-8") from exc
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadRequest("the body must be a JSON object")
    return value


_DECODER: Final = json.JSONDecoder()


def text_field(body: JsonObject, name: str) -> str:
    """The string *name* of a JSON object; '' when it is missing or null. Raises BadRequest for another type."""
    value = body.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BadRequest(f"{name} must be a string")
    return value


def object_field(body: JsonObject, name: str) -> JsonObject:
    """The object *name* of a JSON object; empty when it is missing or null."""
    value = body.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadRequest(f"{name} must be an object")
    return value


def texts_field(body: JsonObject, name: str) -> list[str]:
    """The list of strings *name* of a JSON object; empty when it is missing or null."""
    value = body.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise BadRequest(f"{name} must be a list of strings")
    return value


FORM_FIELDS = 50


async def read_fields(request: web.Request, most_bytes: int) -> dict[str, str]:
    """The fields of a small form as browsers send it (`application/x-www-form-urlencoded`), the first of a name counts.

    Raises BadRequest, TooLarge.
    """
    body = await read_all(request, most_bytes)
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=FORM_FIELDS)
    except ValueError as exc:
        raise BadRequest("this is no form in UTF-8") from exc
    return dict(reversed(pairs))


# Forms (RFC 2046 §5.1, RFC 7578)

_BOUNDARY = re.compile(r';\s*boundary=(?:"([^"]*)"|([^\s;]+))', re.IGNORECASE)


def is_form(content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower().startswith("multipart/")


def boundary_of(content_type: str) -> bytes:
    """The boundary of a form's Content-Type; raises BadRequest."""
    found = _BOUNDARY.search(content_type)
    if not is_form(content_type) or found is None:
        raise BadRequest("send the file as multipart/form-data, with a boundary")
    boundary = (found[1] or found[2] or "").encode(errors="replace")
    if not 0 < len(boundary) <= BOUNDARY_BYTES:
        raise BadRequest(f"a boundary has 1 to {BOUNDARY_BYTES} bytes")
    return boundary


@dataclass(frozen=True, slots=True)
class PartHead:
    """The headers of a form's part. Names as they came, `%22`, `%0D` and `%0A` decoded."""

    name: str
    filename: str
    disposition: str
    is_file: bool = False  # it says that it is one, by a filename, which may be empty


class Pace:
    """Too slow is as bad as silent: a client that drips bytes would hold its slot for days."""

    def __init__(self) -> None:
        self._since = time.monotonic()
        self._size = 0

    def took(self, size: int) -> None:
        """Count *size* bytes; raises Stalled when a whole window brought less than SLOWEST_BYTES."""
        self._size += size
        now = time.monotonic()
        if now - self._since >= WINDOW_S:
            if self._size < SLOWEST_BYTES:
                raise Stalled(f"less than {SLOWEST_BYTES} bytes in {WINDOW_S} seconds")
            self._since, self._size = now, 0


class Form:
    """A form, part by part: call `open`, iterate the content to its end, call `next` for the part after it."""

    def __init__(self, request: web.Request, *, may_hide_boundary: bool = False) -> None:
        """*may_hide_boundary*: a header that lacks it is fine; it is the first line of the body then."""
        self._request = request
        content_type = request.headers.get("Content-Type", "")
        is_hidden = may_hide_boundary and is_form(content_type) and _BOUNDARY.search(content_type) is None
        self._end = b"" if is_hidden else b"\r\n--" + boundary_of(content_type)
        self._rest = b""  # read already, not handed out yet
        self._pace = Pace()

    async def open(self) -> PartHead | None:
        """The first part's headers; None when the form has no part. Raises BadRequest."""
        if not self._end:
            self._end = b"\r\n" + await self._first_line()
        # A boundary at the very start has no line break before it; one is put there, so that all are alike.
        self._rest = b"\r\n" + self._rest
        return await self.next()

    async def _first_line(self) -> bytes:
        """The line that the body begins with, `--` and the boundary; it is not used up."""
        while (found := self._rest.find(b"\r\n")) < 0:
            if len(self._rest) > BOUNDARY_BYTES or not await self._more():
                raise BadRequest("no boundary: the header does not name it, and the body does not begin with it")
        line = self._rest[:found].rstrip(b" \t")
        if not line.startswith(b"--") or not 2 < len(line) <= BOUNDARY_BYTES:
            raise BadRequest("no boundary: the header does not name it, and the body does not begin with it")
        return line

    async def next(self) -> PartHead | None:
        """The next part's headers; None after the last. Raises BadRequest."""
        if not await self._skip_to(self._end, PREAMBLE_BYTES):
            return None
        while len(self._rest) < 2 and await self._more():
            pass
        if self._rest.startswith(b"--"):
            return None
        if not self._rest.lstrip(b" \t").startswith(b"\r\n"):
            raise BadRequest("the form is broken after its boundary")
        return parse_part_head(await self._head())

    async def _read(self) -> bytes:
        """The next bytes of the form, b'' at its end; raises Stalled also for one that drips, wherever it does."""
        chunk = await read_some(self._request)
        self._pace.took(len(chunk))
        return chunk

    async def _more(self) -> bool:
        chunk = await self._read()
        self._rest += chunk
        return bool(chunk)

    async def _skip_to(self, mark: bytes, most_bytes: int) -> bool:
        """Drop everything up to and with *mark*; False when the body ends before it."""
        while (found := self._rest.find(mark)) < 0:
            if len(self._rest) > most_bytes:
                raise BadRequest("no boundary where the form should begin")
            if not await self._more():
                return False
        self._rest = self._rest[found + len(mark) :]
        return True

    async def _head(self) -> bytes:
        while (found := self._rest.find(b"\r\n\r\n")) < 0:
            if len(self._rest) > PART_HEADER_BYTES:
                raise BadRequest(f"a part's headers may have at most {PART_HEADER_BYTES} bytes")
            if not await self._more():
                raise BadRequest("the form ends in the middle of a part's headers")
        if found > PART_HEADER_BYTES:
            raise BadRequest(f"a part's headers may have at most {PART_HEADER_BYTES} bytes")
        head, self._rest = self._rest[:found], self._rest[found + 4 :]
        # An empty part: its end boundary follows at once, and the line break before it is the one of the headers.
        self._rest = b"\r\n" + self._rest if self._rest.startswith(self._end[2:]) else self._rest
        return head

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The content, in the pieces the socket gives; raises BadRequest when the form is cut off."""
        chunk = self._rest
        while True:
            found = chunk.find(self._end)
            if found >= 0:
                if found:
                    yield chunk[:found]
                self._rest = chunk[found:]
                return
            kept = held_back(chunk, self._end)
            if kept < len(chunk):
                yield chunk[: len(chunk) - kept] if kept else chunk
            more = await self._read()
            if not more:
                raise BadRequest("the form is cut off: its closing boundary is missing")
            chunk = chunk[len(chunk) - kept :] + more if kept else more

    async def finish(self) -> None:
        """Read what follows the part, so that the connection can be used again; give up if it is much."""
        size = 0
        while size < EPILOGUE_BYTES and (chunk := await self._read()):
            size += len(chunk)


async def first_file(form: Form) -> AsyncIterator[bytes]:
    """The content of the first part that says it is a file, else of the first part; raises BadRequest.

    What follows it is not looked at.
    """
    kept: bytearray | None = None  # the first part, while a file may still follow
    head = await form.open()
    count = 0
    while head is not None:
        count += 1
        if count > PARTS:
            raise BadRequest(f"no file is among the first {PARTS} parts of the form")
        content = aiter(form)
        is_it = head.is_file
        if not is_it and kept is None:
            kept = bytearray()
            async for chunk in content:
                kept += chunk
                if len(kept) > FIELD_BYTES:
                    yield bytes(kept)
                    is_it = True
                    break
        async for chunk in content:
            if is_it:
                yield chunk
        if is_it:
            await form.finish()
            return
        head = await form.next()
    if kept is None:
        raise BadRequest("the form has no file")
    yield bytes(kept)


def held_back(chunk: bytes, end: bytes) -> int:
    """How many of the last bytes of *chunk* may be the beginning of *end* and must wait for what follows."""
    start = chunk.rfind(b"\r", max(0, len(chunk) - len(end) + 1))
    if start < 0:
        return 0
    tail = chunk[start:]
    return len(tail) if end.startswith(tail) else 0


_PARAMETER = re.compile(r';\s*([A-Za-z0-9_*-]+)=(?:"([^"]*)"|([^\s;]*))')
_ENCODED = {"%22": '"', "%0D": "\r", "%0A": "\n", "%0d": "\r", "%0a": "\n"}
_IDENTITY = frozenset(("", "7bit", "8bit", "binary"))


def parse_part_head(head: bytes) -> PartHead:
    """The headers of a part; raises BadRequest for a disposition or an encoding we cannot read."""
    disposition = ""
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        match name.strip().lower():
            case b"content-disposition":
                disposition = _decode(value)
            case b"content-transfer-encoding" if _decode(value).lower() not in _IDENTITY:
                raise BadRequest("send the part without Content-Transfer-Encoding")
    found = {key.lower(): quoted or bare for key, quoted, bare in _PARAMETER.findall(disposition)}
    is_file = not found.keys().isdisjoint(("filename", "filename*"))
    return PartHead(_unescape(found.get("name", "")), _unescape(found.get("filename", "")), disposition, is_file)


def _decode(value: bytes) -> str:
    try:
        return value.decode().strip()
    except UnicodeDecodeError:
        # Refusing a photo for its name would be worse than a name with wrong accents.
        return value.decode("latin-1").strip()


def _unescape(value: str) -> str:
    for encoded, plain in _ENCODED.items():
        value = value.replace(encoded, plain)
    return value
