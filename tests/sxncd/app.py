"""An app on the wire: what SxncD's client library sends, and whatever else somebody may send instead."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from syncd.core.admin.apps import RotateKey
from tests.daemon import Daemon
from tests.phone import Answer

UPDATE = "/api/v1/sync/update"
OLD = "1900-01-01T00:00:00.000Z"  # asks for what is stored
JSON = "application/json; charset=utf-8"  # as the HTTP package of Dart completes it


@dataclass(frozen=True, slots=True)
class App:
    """One device of one user on which an app runs."""

    port: int
    key: str
    device: str = "pixel"

    def on(self, device: str) -> App:
        """The same app on another device."""
        return replace(self, device=device)

    def sync(self, saved: object, settings: object, **more: object) -> Answer:
        """One update call."""
        return self.send({"deviceName": self.device, "savedTs": saved, "settings": settings, **more})

    def send(self, body: object) -> Answer:
        """*body* as JSON."""
        return self.post(json.dumps(body, ensure_ascii=False).encode("utf-8", "surrogatepass"))

    def post(self, body: bytes, content_type: str | None = JSON) -> Answer:
        headers = {"Authorization": self.key}
        if content_type is not None:
            headers["Content-Type"] = content_type
        return ask(self.port, "POST", UPDATE, body, headers)

    def told(self, saved: object, settings: object) -> tuple[str, Any]:
        """Action and data of an update that has to succeed."""
        answer = self.sync(saved, settings)
        assert answer.status == 200, (answer.status, answer.body[:300])
        found = answer.json()
        assert set(found) == {"success", "data", "action", "savedTs"} and found["success"] is True
        return found["action"], found["data"]

    def stored(self) -> str:
        """What counts, as text."""
        _, data = self.told(OLD, "?")
        assert isinstance(data, str)
        return data


def ask(
    port: int, method: str, target: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
) -> Answer:
    """One request on a connection of its own."""
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        link.request(method, target, body, headers or {})
        response = link.getresponse()
        return Answer(response.status, response.headers, response.read())
    finally:
        link.close()


def error_of(answer: Answer, status: int = 400) -> str:
    """The text of an error, which has to be one as the protocol has them."""
    assert answer.status == status, (answer.status, answer.body[:300])
    assert answer.header("Content-Type") == "application/json; charset=utf-8"
    found = answer.json()
    assert set(found) == {"success", "error"} and found["success"] is False
    error = found["error"]
    assert isinstance(error, str) and error and "Traceback" not in error and "/" not in error.replace("[app:", "")
    return error


def key_of(daemon: Daemon, user: str, app: str = "obtainium") -> str:
    """A new key, as the owner makes it."""
    return daemon.wish(RotateKey(user, app))
