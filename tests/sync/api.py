"""The device sync protocol on the wire: one method for each endpoint, one TCP connection for each request.

Nothing is repeated and nothing is judged here; an Answer tells what came. A request can also be sent in part, or sent
whole and abandoned, as a device does that leaves the house.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import socket
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlencode

from tests.phone import Answer

NO_HEADERS: Mapping[str, str] = {}
CHUNK = 4 * 1024 * 1024  # bytes, what the server takes when nothing is asked for
SMALLEST_CHUNK = 64 * 1024  # bytes
NOTHING_KNOWN = "sha256:" + "0" * 64  # a base that no file has: whatever stands there is not what was known
SSE_LINE = 1 << 20  # bytes

Json = Any  # whatever the server said


def sha256(content: bytes) -> str:
    """The name of a content in this protocol."""
    return "sha256:" + hashlib.sha256(content).hexdigest()


def etag(content: bytes) -> str:
    """The entity tag of a content."""
    return f'"{hashlib.sha256(content).hexdigest()}"'


def digest_header(content: bytes) -> dict[str, str]:
    return {"Content-Digest": f"sha-256=:{base64.b64encode(hashlib.sha256(content).digest()).decode()}:"}


def blocks_of(content: bytes, chunk_size: int) -> list[str]:
    """SHA-256 in hex of each chunk."""
    view = memoryview(content)
    return [hashlib.sha256(view[at : at + chunk_size]).hexdigest() for at in range(0, len(content), chunk_size)]


def listed(ranges: Sequence[Sequence[int]]) -> list[int]:
    """[[0, 2], [5, 5]] as 0, 1, 2, 5."""
    return [index for first, last in ranges for index in range(first, last + 1)]


@dataclass(frozen=True, slots=True)
class Request:
    """One request, ready to be sent now, later, or twice."""

    method: str
    target: str
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Event:
    """One server-sent event."""

    id: int
    name: str
    data: Json


class Events:
    """An open stream of server-sent events; comments are passed over. Close it, or use it in a `with` block."""

    def __init__(self, link: http.client.HTTPConnection, response: http.client.HTTPResponse) -> None:
        self._link = link
        self._response = response
        self.status = response.status

    def __iter__(self) -> Iterator[Event]:
        """Events until the server ends the stream; raises OSError or HTTPException when it breaks."""
        fields: dict[str, str] = {}
        while line := self._response.readline(SSE_LINE):
            text = line.decode().rstrip("\r\n")
            if text and not text.startswith(":"):
                name, _, value = text.partition(":")
                fields[name] = fields.get(name, "") + value.removeprefix(" ")
            elif not text and "data" in fields:
                yield Event(int(fields["id"]), fields.get("event", "message"), json.loads(fields["data"]))
                fields = {}

    def close(self) -> None:
        self._response.close()
        self._link.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Api:
    """One user, or one device when *token* is a device's."""

    def __init__(self, host: str, port: int, token: str = "", timeout_s: float = 60.0) -> None:
        self.host = host
        self.port = port
        self.token = token
        self.timeout_s = timeout_s

    def with_token(self, token: str) -> Api:
        return Api(self.host, self.port, token, self.timeout_s)

    # --- the wire

    def ask(self, request: Request) -> Answer:
        """Send *request* and read the answer; raises OSError or HTTPException when none comes."""
        link = http.client.HTTPConnection(self.host, self.port, timeout=self.timeout_s)
        try:
            link.request(request.method, request.target, request.body, self.headers(request))
            response = link.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            link.close()

    def headers(self, request: Request) -> dict[str, str]:
        bearer = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return {**bearer, **request.headers}

    def written(self, request: Request) -> bytes:
        """*request* as it goes over the wire."""
        body = request.body or b""
        lines = [f"{request.method} {request.target} HTTP/1.1", f"Host: {self.host}:{self.port}"]
        lines += [f"{name}: {value}" for name, value in self.headers(request).items()]
        if request.body is not None or request.method in ("POST", "PUT"):
            lines.append(f"Content-Length: {len(body)}")
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + body

    def abandon(self, request: Request, part: float = 1.0) -> socket.socket:
        """Send that *part* of a request, nothing more, and read nothing; hang up by closing the socket."""
        raw = self.written(request)
        link = socket.create_connection((self.host, self.port), self.timeout_s)
        try:
            link.sendall(raw[: int(len(raw) * part)])
        except OSError:
            link.close()
            raise
        return link

    def get(self, target: str, headers: Mapping[str, str] = NO_HEADERS, **parameters: object) -> Answer:
        return self.ask(Request("GET", target + _query(parameters), None, headers))

    def post(self, target: str, value: object = None) -> Answer:
        return self.ask(posting(target, value))

    # --- who

    def login(self, username: str, password: str) -> Answer:
        return self.post("/api/v1/auth/login", {"username": username, "password": password})

    def register(self, username: str, password: str) -> Answer:
        return self.post("/api/v1/auth/register", {"username": username, "password": password})

    def logout(self) -> Answer:
        return self.post("/api/v1/auth/logout")

    def me(self) -> Answer:
        return self.get("/api/v1/auth/me")

    # --- devices

    def devices(self) -> Answer:
        return self.get("/api/v1/sync/devices")

    def add_device(self, name: str, kind: str = "laptop", **more: str) -> Answer:
        return self.post("/api/v1/sync/devices", {"name": name, "device_type": kind, **more})

    def device(self, device_id: str) -> Answer:
        return self.get(f"/api/v1/sync/devices/{device_id}")

    def change_device(self, device_id: str, **fields: object) -> Answer:
        body = to_json(fields)
        return self.ask(Request("PUT", f"/api/v1/sync/devices/{device_id}", body, JSON_TYPE))

    def remove_device(self, device_id: str) -> Answer:
        return self.ask(Request("DELETE", f"/api/v1/sync/devices/{device_id}"))

    def renew_token(self, device_id: str) -> Answer:
        return self.post(f"/api/v1/sync/devices/{device_id}/token")

    # --- the feed

    def changes(
        self,
        cursor: int | None = None,
        limit: int | None = None,
        wait: float | None = None,
        prefix: str | None = None,
        folders: int | None = None,
    ) -> Answer:
        return self.get("/api/v1/sync/changes", cursor=cursor, limit=limit, wait=wait, prefix=prefix, folders=folders)

    def events(
        self,
        cursor: int | None = None,
        last_id: int | None = None,
        prefix: str | None = None,
        folders: int | None = None,
    ) -> Events:
        """The open stream; raises OSError or HTTPException when nothing comes."""
        link = http.client.HTTPConnection(self.host, self.port, timeout=self.timeout_s)
        resumes = {} if last_id is None else {"Last-Event-ID": str(last_id)}
        target = "/api/v1/sync/events" + _query({"cursor": cursor, "prefix": prefix, "folders": folders})
        try:
            link.request("GET", target, None, self.headers(Request("GET", target, None, resumes)))
            return Events(link, link.getresponse())
        except BaseException:
            link.close()
            raise

    def ack(self, cursor: int, device_id: str | None = None) -> Answer:
        return self.post("/api/v1/sync/ack", _given(cursor=cursor, device_id=device_id))

    def report(self, changes: Sequence[Mapping[str, object]], device_id: str | None = None) -> Answer:
        return self.post("/api/v1/sync/report", _given(changes=list(changes), device_id=device_id))

    # --- uploads in chunks

    def open_upload(self, path: str, size: int, **more: object) -> Answer:
        body = {"target_path": path, "expected_size": size, **_given(**more)}
        return self.post("/api/v1/sync/upload", body)

    def upload_state(self, upload_id: str) -> Answer:
        return self.get(f"/api/v1/sync/upload/{upload_id}")

    def cancel_upload(self, upload_id: str) -> Answer:
        return self.ask(Request("DELETE", f"/api/v1/sync/upload/{upload_id}"))

    def send_chunk(
        self, upload_id: str, index: int | str, content: bytes, headers: Mapping[str, str] = NO_HEADERS
    ) -> Answer:
        return self.ask(chunk(upload_id, index, content, headers))

    def complete(self, upload_id: str) -> Answer:
        return self.ask(completion(upload_id))

    def upload(self, path: str, content: bytes, **more: object) -> Answer:
        """The session, the chunks that are missing, the end. The first answer that is no success, or the last."""
        answer = self.open_upload(path, len(content), **more)
        if answer.status != 200:
            return answer
        session = answer.json()
        size = session["chunk_size"]
        for index in listed(session["missing"]):
            answer = self.send_chunk(session["id"], index, content[index * size : (index + 1) * size])
            if answer.status != 200:
                return answer
        return self.complete(session["id"])

    def blocks(self, path: str, chunk_size: int | None = None) -> Answer:
        return self.get(f"/api/v1/sync/blocks/{quote(path)}", chunk_size=chunk_size)

    # --- files

    def put(
        self, path: str, content: bytes, base_hash: str | None = None, headers: Mapping[str, str] = NO_HEADERS
    ) -> Answer:
        return self.ask(putting(path, content, base_hash, headers))

    def delete(self, path: str, headers: Mapping[str, str] = NO_HEADERS) -> Answer:
        return self.ask(deletion(path, headers))

    def move(self, source: str, target: str, base_hash: str | None = None) -> Answer:
        return self.ask(moving(source, target, base_hash))

    def download(self, path: str, headers: Mapping[str, str] = NO_HEADERS, method: str = "GET") -> Answer:
        return self.ask(Request(method, f"/api/v1/sync/download/{quote(path)}", None, headers))

    def folders(self, prefix: str | None = None) -> Answer:
        return self.get("/api/v1/sync/folders", prefix=prefix)

    def keep_folder(self, path: str) -> Answer:
        return self.ask(Request("PUT", f"/api/v1/sync/folders/{quote(path)}"))

    def remove_folder(self, path: str) -> Answer:
        return self.ask(Request("DELETE", f"/api/v1/sync/folders/{quote(path)}"))

    def receipts(self, hashes: Sequence[str]) -> Answer:
        return self.post("/api/v1/sync/receipts", {"hashes": list(hashes)})

    # --- conflicts and trash

    def conflicts(self) -> Answer:
        return self.get("/api/v1/sync/conflicts")

    def resolve(self, conflict_id: int, resolution: str) -> Answer:
        return self.post(f"/api/v1/sync/conflicts/{conflict_id}/resolve", {"resolution": resolution})

    def trash(self, limit: int | None = None, after: int | None = None) -> Answer:
        return self.get("/api/v1/trash", limit=limit, after=after)

    def restore(self, trash_id: int, to: str | None = None) -> Answer:
        return self.post(f"/api/v1/trash/{trash_id}/restore", _given(to=to))

    def erase(self, trash_id: int) -> Answer:
        return self.ask(Request("DELETE", f"/api/v1/trash/{trash_id}"))

    def empty_trash(self) -> Answer:
        return self.ask(Request("DELETE", "/api/v1/trash"))

    # --- many pages

    def all_changes(
        self, cursor: int = 0, prefix: str | None = None, limit: int | None = None
    ) -> tuple[list[Json], int]:
        """Every change after *cursor* and the cursor to go on from; raises AssertionError for an answer but 200."""
        found: list[Json] = []
        while True:
            answer = self.changes(cursor, limit, prefix=prefix)
            assert answer.status == 200, (answer.status, answer.body[:300])
            page = answer.json()
            found += page["changes"]
            cursor = page["cursor"]
            if not page["has_more"]:
                return found, cursor

    def live(self, prefix: str | None = None) -> dict[str, str]:
        """Path and hash of every live file, from the feed's beginning."""
        changes, _ = self.all_changes(0, prefix)
        return {one["path"]: one["content_hash"] for one in changes if one["change_type"] != "deleted"}


JSON_TYPE = {"Content-Type": "application/json"}


def to_json(value: object) -> bytes:
    return json.dumps(value).encode()


def posting(target: str, value: object = None) -> Request:
    return Request("POST", target, to_json(value if value is not None else {}), JSON_TYPE)


def putting(
    path: str, content: bytes, base_hash: str | None = None, headers: Mapping[str, str] = NO_HEADERS
) -> Request:
    return Request("PUT", f"/api/v1/sync/files/{quote(path)}{_query({'base_hash': base_hash})}", content, headers)


def deletion(path: str, headers: Mapping[str, str] = NO_HEADERS) -> Request:
    return Request("DELETE", f"/api/v1/sync/files/{quote(path)}", None, headers)


def moving(source: str, target: str, base_hash: str | None = None) -> Request:
    return posting("/api/v1/sync/move", {"from": source, "to": target, **_given(base_hash=base_hash)})


def chunk(upload_id: str, index: int | str, content: bytes, headers: Mapping[str, str] = NO_HEADERS) -> Request:
    return Request("PUT", f"/api/v1/sync/upload/{upload_id}/chunks/{index}", content, headers)


def completion(upload_id: str) -> Request:
    return posting(f"/api/v1/sync/upload/{upload_id}/complete")


def _given(**fields: object) -> dict[str, object]:
    """*fields* without those that are None."""
    return {name: value for name, value in fields.items() if value is not None}


def _query(parameters: Mapping[str, object]) -> str:
    given = _given(**parameters)
    return "?" + urlencode({name: str(value) for name, value in given.items()}) if given else ""
