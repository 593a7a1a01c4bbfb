"""SyncFile's clients on the wire: everything in the query, a TCP connection for each request, no retries.

As the original's own scripts do it: no content type on an upload, names and paths as typed.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from tests.phone import Answer

Json = Any  # whatever the server said
NO_HEADERS: Mapping[str, str] = {}


def asked(parameters: Mapping[str, str]) -> str:
    return urlencode(parameters, errors="surrogateescape")


@dataclass(frozen=True, slots=True)
class Client:
    """Somebody at the door; with *authid* somebody who has logged in.

    *source* is the loopback address it comes from: each has log-in attempts of its own.
    """

    port: int
    authid: str = ""
    name: str = ""
    source: str = "127.0.0.1"

    def ask(
        self,
        method: str,
        target: str,
        body: bytes | Iterable[bytes] | None = None,
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> Answer:
        """One request, its answer whole. A body gets no content type but that of *headers*."""
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60, source_address=(self.source, 0))
        try:
            link.request(method, target, body, dict(headers))
            response = link.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            link.close()

    def get(self, call: str, **parameters: str) -> Json:
        """The JSON object of `/v1/CALL`, which comes with 200 whatever it says."""
        return said(self.ask("GET", f"/v1/{call}?{asked(parameters)}"))

    # Accounts

    def register(self, username: str, password: str = "123", email: str | None = None) -> Json:
        mail = email if email is not None else f"{username}@email.com"
        return self.get("userRegister", op="register", fmt="json", username=username, password=password, email=mail)

    def log_in(self, username: str, password: str = "123") -> Json:
        return self.get("getAuthID", username=username, password=password, fmt="json")

    def alive(self, authid: str) -> Json:
        return self.get("isAuthAlive", authid=authid)

    # Folders and files

    def folder(self, op: str, path: str, **more: str) -> Json:
        return self.get("folder", op=op, authid=self.authid, path=path, **more)

    def code(self, op: str, path: str, **more: str) -> int:
        code: int = self.folder(op, path, **more)["error_code"]
        return code

    def details(self, path: str) -> dict[str, str]:
        answer = self.folder("getdetail", path)
        assert answer["error_code"] == 1120, answer
        found: dict[str, str] = answer["details"]
        return found

    def names(self, path: str) -> list[str]:
        answer = self.folder("list", path)
        assert answer["error_code"] == 1150, answer
        found: list[str] = answer["details"]
        return found

    def upload(
        self,
        filepath: str,
        body: bytes | Iterable[bytes],
        content_type: str | None = None,
        **more: str,
    ) -> Json:
        """The plain body, or whatever *content_type* says that it is."""
        target = self.upload_target(filepath, **more)
        return said(self.ask("POST", target, body, {"Content-Type": content_type} if content_type else NO_HEADERS))

    def upload_target(self, filepath: str, **more: str) -> str:
        return f"/v1/file?{asked({'authid': self.authid, 'op': 'upload', 'filepath': filepath, **more})}"

    def download(self, filepath: str) -> Json:
        return self.get("file", op="download", authid=self.authid, filepath=filepath)

    def link(self, filepath: str) -> str:
        """The target of a new short link."""
        answer = self.download(filepath)
        assert answer["error_code"] == 1220, answer
        base = f"http://127.0.0.1:{self.port}"
        assert answer["msg"].startswith(f"{base}/v1/f?id="), answer
        target: str = answer["msg"].removeprefix(base)
        return target

    def content(self, filepath: str) -> bytes:
        answer = self.ask("GET", self.link(filepath))
        assert answer.status == 200, (answer.status, answer.body)
        return answer.body


def said(answer: Answer) -> Json:
    """The object of an answer, in the form that all answers have."""
    assert answer.status == 200, (answer.status, answer.body[:300])
    assert answer.header("content-type") == "application/json"
    found = json.loads(answer.body)
    assert set(found) >= {"status", "error_code", "msg"}, found
    assert type(found["error_code"]) is int and type(found["msg"]) is str
    assert found["status"] == ("success" if found["error_code"] % 10 == 0 else "error"), found
    return found
