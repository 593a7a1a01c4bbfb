"""Sends what no honest device sends, and looks that no harm was done."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.abuse.test_corpus import ask
from tests.daemon import Daemon
from tests.phone import Answer
from tests.sync.api import Api, Request

Field = tuple[str, str]
TEXT = b"0123456789" * 10  # at abuse/text.txt


@dataclass(frozen=True, slots=True)
class Stranger:
    """Somebody with a good token and bad intentions."""

    server: Daemon
    api: Api

    def send(self, method: str, target: str, body: bytes = b"", fields: Sequence[Field] = ()) -> tuple[int, bytes]:
        """One request, its bytes as they are given here; status (0: hung up on) and the whole answer."""
        lines = [f"{method} {target} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}"]
        if not any(name.lower() == "authorization" for name, _ in fields):
            lines.append(f"Authorization: Bearer {self.api.token}")
        lines += [f"{name}: {value}" for name, value in fields]
        answer = ask(self.server, "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + body)
        status = int(answer.split()[1]) if answer else 0
        self.unharmed(status, answer)
        return status, answer

    def ask(self, request: Request) -> Answer:
        """As the honest client sends it, but judged."""
        answer = self.api.ask(request)
        self.unharmed(answer.status, answer.body)
        return answer

    def post(self, target: str, value: Any) -> Answer:
        """*value* may be what JSON has no word for."""
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        return self.ask(Request("POST", target, body, {"Content-Type": "application/json"}))

    def unharmed(self, status: int, answer: bytes) -> None:
        """No fault of the server's, nothing told, and the next one is served."""
        assert status < 500 or status == 507, answer[:500]
        for telling in (b"Traceback", str(self.server.root).encode(), b"site-packages", b"/home/"):
            assert telling not in answer, answer[:500]
        assert self.server.health() == 200
