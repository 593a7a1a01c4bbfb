"""The server as the client sees it: a method for each request of the device sync protocol that it makes.

Hashes are 64 hex digits here and `sha256:<64 hex>` on the wire; paths are relative to the synced prefix.
Every method raises Away when there is no answer, Refused for a no, Unpaired for a dead token.
"""

from __future__ import annotations

import asyncio
import base64
import json
import socket
from collections.abc import AsyncIterable, AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from urllib.parse import quote

import aiohttp
from aiohttp.connector import AddrInfoType
from yarl import URL

from syncd.client.ignore import FILE as IGNORE_FILE
from syncd.client.state import Remote
from syncd.client.trouble import Away, Refused, Unpaired
from syncd.client.wire import Fields, bare, marked, rfc3339, unix_ms

FOLDERS = "/api/v1/sync/folders"
CONNECT_S = 10.0
SILENCE_S = 60.0  # no byte for so long: the link is dead
UNHEARD_S = 30  # sent bytes are not confirmed for so long: the same
SLOWEST = 4096  # bytes in a second; an answer comes only after all of the question went over the wire
HASHING_S = 600.0  # the server may read gigabytes before it answers what it holds of them
WAIT_S = 55  # of the long poll; below SILENCE_S
CONNECTIONS = 16
ABSENT = (404, 405)  # so an older server answers what it does not know
NOTHING_KNOWN = "0" * 64  # a version no file has: whatever stands there is not what we knew
FULL = 507  # no room on the server: nothing that passes by itself


@dataclass(frozen=True, slots=True)
class Page:
    """A piece of the feed."""

    changes: tuple[Remote, ...]
    cursor: int
    has_more: bool


@dataclass(frozen=True, slots=True)
class Stored:
    """Where sent bytes are now; *conflict*: not where they were meant to, since another version stands there."""

    path: str
    hash: str
    seq: int
    conflict: bool


@dataclass(frozen=True, slots=True)
class Upload:
    """An open upload; *missing* are the chunks to send."""

    id: str
    chunk_size: int  # bytes
    missing: tuple[int, ...]
    is_open: bool


def new_session(token: str = "") -> aiohttp.ClientSession:
    """Connections to the server; every wait has an end. To be closed by the caller."""
    headers = {"Accept-Encoding": "identity", "User-Agent": "syncd-client"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    return aiohttp.ClientSession(
        headers=headers,
        connector=aiohttp.TCPConnector(limit=CONNECTIONS, socket_factory=_socket),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S, sock_read=SILENCE_S),
    )


def _socket(address: AddrInfoType) -> socket.socket:
    """A socket that notices when the other end is gone, also while it only sends or only waits."""
    family, kind, protocol, _, _ = address
    made = socket.socket(family, kind, protocol)
    for option, value in (("TCP_USER_TIMEOUT", UNHEARD_S * 1000), ("TCP_KEEPIDLE", UNHEARD_S), ("TCP_KEEPINTVL", 10)):
        if hasattr(socket, option):
            made.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return made


class Api:
    def __init__(self, session: aiohttp.ClientSession, server: str, prefix: str = "") -> None:
        """*prefix*: the folder on the server that is synced, with its '/', or ''."""
        self._session = session
        self._server = server
        self._prefix = prefix

    # --- pairing

    async def login(self, user: str, password: str) -> str:
        """A token of a log-in."""
        answer = await self._ask("POST", "/api/v1/auth/login", {"username": user, "password": password})
        return answer.text("token")

    async def register(self, token: str, name: str, kind: str, version: str, system: str) -> tuple[str, str]:
        """A new device's id and token; *token* is a log-in's, and ends with this."""
        bearer = {"Authorization": f"Bearer {token}"}
        body = {"name": name, "device_type": kind, "client_version": version, "os_info": system}
        answer = await self._ask("POST", "/api/v1/sync/devices", body, headers=bearer)
        await self._ask("POST", "/api/v1/auth/logout", {}, headers=bearer)
        return answer.inner("device").text("id"), answer.text("device_token")

    # --- the feed

    async def changes(self, cursor: int, wait: int = 0) -> Page:
        """What changed after *cursor*; with *wait*, at most that many seconds later. Refused 410: begin anew."""
        query = f"cursor={cursor}&limit=1000&wait={wait}&folders=1"
        if self._prefix:
            query += f"&prefix={quote(self._prefix, safe='')}"
        answer = await self._ask("GET", f"/api/v1/sync/changes?{query}", silence_s=SILENCE_S + wait)
        changes = tuple(self._change(one) for one in answer.items("changes"))
        return Page(changes, answer.number("cursor"), answer.flag("has_more"))

    def _change(self, one: Fields) -> Remote:
        path, seq = self._near(one.text("path")), one.number("sequence")
        if one.text("change_type") == "deleted":
            return Remote(path, None, 0, None, seq)
        if one.has("is_folder"):
            return Remote(path, None, 0, None, seq, is_folder=True)
        mtime_ms = unix_ms(one.text("modified_at")) if one.has("modified_at") else None
        return Remote(path, bare(one.text("content_hash")), one.number("file_size"), mtime_ms, seq)

    async def ack(self, cursor: int) -> None:
        await self._ask("POST", "/api/v1/sync/ack", {"cursor": cursor})

    # --- changes without content

    async def delete(self, known: Mapping[str, str]) -> tuple[set[str], dict[str, str]]:
        """Remove those files whose version is still the given one; returns those removed, and those refused and why."""
        changes = [
            {"path": self._prefix + path, "change_type": "deleted", "base_hash": marked(digest)}
            for path, digest in known.items()
        ]
        answer = await self._ask("POST", "/api/v1/sync/report", {"changes": changes}, silence_s=HASHING_S)
        removed = {self._near(path) for path in answer.texts("accepted")}
        return removed, {self._near(one.text("path")): one.text("detail") for one in answer.items("rejected")}

    async def move(self, path: str, new: str, digest: str) -> int:
        """Rename on the server; returns the sequence."""
        body = {"from": self._prefix + path, "to": self._prefix + new, "base_hash": marked(digest)}
        return (await self._ask("POST", "/api/v1/sync/move", body)).number("sequence")

    # --- folders

    async def keeps_folders(self) -> bool:
        """Does the server keep folders that are empty? It is asked for those in a file, where there are none."""
        try:
            await self._ask("GET", f"{FOLDERS}?prefix={quote(IGNORE_FILE + '/-', safe='')}")
        except Refused as exc:
            if exc.status in ABSENT:
                return False
            raise
        return True

    async def keep_folder(self, path: str) -> int:
        """Have a folder there that stays; returns the sequence. Refused 409: something stands there."""
        return (await self._ask("PUT", f"{FOLDERS}/{quote(self._prefix + path)}")).number("sequence")

    async def remove_folder(self, path: str) -> None:
        """Remove a folder in which nothing is; Refused 404: there is none, 409: something is in it."""
        await self._ask("DELETE", f"{FOLDERS}/{quote(self._prefix + path)}")

    # --- up

    async def put(self, path: str, content: bytes, digest: str, base: str | None, mtime_ns: int) -> Stored:
        """A small file in one request."""
        query = f"base_hash={marked(base or NOTHING_KNOWN)}&modified_at={quote(rfc3339(mtime_ns))}"
        target = f"/api/v1/sync/files/{quote(self._prefix + path)}?{query}"
        proof = base64.b64encode(bytes.fromhex(digest)).decode()
        headers = {"Content-Digest": f"sha-256=:{proof}:"}
        answer = await self._ask("PUT", target, data=content, headers=headers, silence_s=_patience(len(content)))
        return self._stored(answer)

    async def open_upload(
        self, path: str, size: int, digest: str, blocks: Sequence[str], chunk: int, base: str | None, mtime_ns: int
    ) -> Upload:
        body = {
            "target_path": self._prefix + path,
            "expected_size": size,
            "expected_hash": marked(digest),
            "chunk_size": chunk,
            "modified_at": rfc3339(mtime_ns),
            "base_hash": marked(base or NOTHING_KNOWN),
            "blocks": list(blocks),
        }
        return _upload(await self._ask("POST", "/api/v1/sync/upload", body, silence_s=HASHING_S))

    async def upload(self, id: str) -> Upload | None:
        """What the server has of an upload; None when it knows no such."""
        try:
            return _upload(await self._ask("GET", f"/api/v1/sync/upload/{id}"))
        except Refused as exc:
            if exc.status == 404:
                return None
            raise

    async def cancel(self, id: str) -> None:
        try:
            await self._ask("DELETE", f"/api/v1/sync/upload/{id}")
        except Refused as exc:
            if exc.status not in (404, 409):
                raise

    async def send_chunk(self, id: str, index: int, length: int, pieces: AsyncIterable[bytes]) -> None:
        headers = {"Content-Length": str(length), "Content-Type": "application/octet-stream"}
        target = f"/api/v1/sync/upload/{id}/chunks/{index}"
        await self._ask("PUT", target, data=pieces, headers=headers, silence_s=_patience(length))

    async def complete(self, id: str) -> Stored:
        answer = await self._ask("POST", f"/api/v1/sync/upload/{id}/complete", {}, silence_s=HASHING_S)
        return self._stored(answer)

    def _stored(self, answer: Fields) -> Stored:
        path, digest = self._near(answer.text("path")), bare(answer.text("content_hash"))
        return Stored(path, digest, answer.number("sequence"), answer.has("conflict"))

    # --- down

    async def blocks(self, path: str, chunk: int) -> tuple[str, list[str]]:
        """The hash of a file on the server and those of its blocks of *chunk* bytes."""
        target = f"/api/v1/sync/blocks/{quote(self._prefix + path)}?chunk_size={chunk}"
        answer = await self._ask("GET", target, silence_s=HASHING_S)
        return bare(answer.text("content_hash")), answer.texts("blocks")

    @asynccontextmanager
    async def download(
        self, path: str, digest: str, span: tuple[int, int] | None = None
    ) -> AsyncIterator[aiohttp.StreamReader]:
        """The bytes of the version *digest*, or those from span[0] to before span[1]; Refused 412 for another one."""
        headers = {"If-Match": f'"{digest}"'}
        if span is not None:
            headers["Range"] = f"bytes={span[0]}-{span[1] - 1}"
        async with self._answer("GET", f"/api/v1/sync/download/{quote(self._prefix + path)}", headers=headers) as got:
            if got.status != (200 if span is None else 206):
                raise Away("the server sent another part of the file than was asked for")
            with _translated():
                yield got.content

    # --- the wire

    async def _ask(
        self,
        method: str,
        target: str,
        value: object = None,
        *,
        data: bytes | AsyncIterable[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        silence_s: float = SILENCE_S,
    ) -> Fields:
        more = dict(headers or {})
        if value is not None:
            data = json.dumps(value).encode()
            more["Content-Type"] = "application/json"
        async with self._answer(method, target, data=data, headers=more, silence_s=silence_s) as answer:
            with _translated():
                raw = await answer.read()
            try:
                return Fields(json.loads(raw) if raw else {})
            except ValueError as exc:
                raise Away("the server's answer is not understood; is this address really a syncd?") from exc

    @asynccontextmanager
    async def _answer(
        self,
        method: str,
        target: str,
        *,
        data: bytes | AsyncIterable[bytes] | None = None,
        headers: Mapping[str, str],
        silence_s: float = SILENCE_S,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """An answer that is no error; its body is still to be read."""
        url = URL(self._server + target, encoded=True)
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S, sock_read=silence_s)
        with _translated():
            answer = await self._session.request(
                method, url, data=data, headers=headers, timeout=timeout, allow_redirects=False
            )
        try:
            if answer.status >= 300:
                with _translated():
                    raise _error(answer, await answer.read())
            yield answer
        finally:
            answer.release()

    def _near(self, path: str) -> str:
        return path.removeprefix(self._prefix)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (aiohttp.ClientError, TimeoutError, asyncio.IncompleteReadError, ConnectionError) as exc:
        raise Away(f"the server cannot be reached: {exc or type(exc).__name__}") from exc


def _error(answer: aiohttp.ClientResponse, raw: bytes) -> Away | Refused | Unpaired:
    try:
        fields = Fields(json.loads(raw))
        code, text = fields.text("code"), fields.text("detail")
        missing = fields.ranges("missing") if fields.has("missing") else ()
    except (ValueError, Away):
        return Away(f"{answer.status} {answer.reason} is no answer of a syncd; something stands between")
    if answer.status == 401 and code != "invalid_credentials":
        return Unpaired("the server does not know this device any more; pair again: syncd pair URL")
    if answer.status >= 500 and answer.status != FULL:
        wait = answer.headers.get("Retry-After", "")
        return Away(text, float(wait) if wait.isdecimal() else 0.0)
    return Refused(answer.status, code, text, missing)


def _upload(answer: Fields) -> Upload:
    missing = tuple(index for first, last in answer.ranges("missing") for index in range(first, last + 1))
    is_open = answer.text("status") in ("pending", "in_progress")
    return Upload(answer.text("id"), answer.number("chunk_size"), missing, is_open)


def _patience(length: int) -> float:
    """Seconds to wait for an answer to a request of *length* bytes."""
    return SILENCE_S + length / SLOWEST
