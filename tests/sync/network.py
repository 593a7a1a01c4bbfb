"""A network that loses, delays and repeats requests, and a witness who hears every answer that the server gave.

The device may have lost the answer; the witness has not, so it knows what the server has promised to keep.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from urllib.parse import unquote, urlsplit

from tests.phone import Answer
from tests.sync.api import Api, Json, Request, sha256

FILES = "/api/v1/sync/files/"
UPLOAD = "/api/v1/sync/upload"


class Fate(Enum):
    """What the network does with a request."""

    ANSWERED = auto()
    LOST = auto()  # it is carried out, the device never hears of it
    LATE = auto()  # it does not arrive now; perhaps later, when everything has changed
    CUT = auto()  # the socket is closed as soon as it is sent: nobody knows


@dataclass(frozen=True, slots=True)
class Sent:
    """A request and who made it."""

    api: Api
    request: Request
    wanted: tuple[int, ...]


@dataclass(slots=True)
class Witness:
    """What the server has acknowledged."""

    contents: set[str] = field(default_factory=set)  # hashes it must still have
    gone: set[str] = field(default_factory=set)  # paths deleted and not written since
    doubtful: set[str] = field(default_factory=set)  # paths that a request without answer may have written
    sessions: dict[str, str] = field(default_factory=dict)  # path by upload
    completed: dict[str, Json] = field(default_factory=dict)  # first answer, by upload

    def wrote(self, path: str, digest: str) -> None:
        self.contents.add(digest)
        self.gone.discard(path)

    def hears(self, request: Request, answer: Answer) -> None:
        """Note what *answer* promises."""
        path = urlsplit(request.target).path
        if request.method == "PUT" and path.startswith(FILES):
            self._hears_stored(answer.json(), sha256(request.body or b""))
        elif request.method == "DELETE" and path.startswith(FILES):
            if answer.status == 204:
                self.gone.add(unquote(path.removeprefix(FILES)))
        elif path == "/api/v1/sync/move" and answer.status == 200:
            moved = json.loads(request.body or b"")
            self._renamed(moved["from"], moved["to"])
        elif path == "/api/v1/sync/report":
            self._hears_report(json.loads(request.body or b"")["changes"], answer.json())
        elif path == UPLOAD:
            self.sessions[answer.json()["id"]] = answer.json()["target_path"]
        elif path.endswith("/complete") and answer.status == 200:
            self._hears_complete(path.split("/")[-2], answer.json())

    def _hears_stored(self, answer: Json, digest: str) -> None:
        assert answer["content_hash"] == digest
        self.wrote(answer["path"], digest)

    def _hears_complete(self, session_id: str, answer: Json) -> None:
        first: Json = self.completed.setdefault(session_id, answer)
        if first is answer:
            self._hears_stored(answer, answer["content_hash"])
        assert (first["path"], first["content_hash"]) == (answer["path"], answer["content_hash"]), (first, answer)

    def _hears_report(self, said: list[Mapping[str, str]], answer: Json) -> None:
        accepted = set(answer["accepted"])
        clashing = {one["path"] for one in answer["conflicts"]}
        for one in said:
            path, old_path = one["path"], one.get("old_path")
            if one["change_type"] == "deleted":
                if path in accepted:
                    self.gone.add(path)
            elif old_path is not None:
                if path in accepted and old_path not in accepted | clashing:
                    self._renamed(old_path, path)
                elif old_path in accepted:
                    self.gone.add(old_path)

    def _renamed(self, source: str, target: str) -> None:
        self.gone.add(source)
        self.gone.discard(target)

    def doubts(self, request: Request) -> None:
        """*request* may or may not be carried out, at any time."""
        path = urlsplit(request.target).path
        if path.startswith(FILES):
            self.doubtful.add(unquote(path.removeprefix(FILES)))
        elif path.endswith("/complete"):
            self.doubtful.add(self.sessions[path.split("/")[-2]])
        elif path.endswith(("/move", "/report")):
            said = json.loads(request.body or b"")
            self.doubtful.update(one.get("to", one.get("path")) for one in said.get("changes", [said]))

    def returned(self, live: Mapping[str, str]) -> set[str]:
        """Paths that are live although they were deleted. A copy made in a conflict is named after its original."""
        stems = tuple(path.rpartition(".")[0] or path for path in self.doubtful)
        return {path for path in self.gone & set(live) if not path.startswith(stems or ("\n",))}


@dataclass(slots=True)
class Network:
    """Carries what devices ask, with the *fate* that is set."""

    witness: Witness
    fate: Fate = Fate.ANSWERED
    sent: list[Sent] = field(default_factory=list)  # what may come a second time
    late: list[Sent] = field(default_factory=list)  # what has not come yet
    cut: list[socket.socket] = field(default_factory=list)

    def __call__(self, api: Api, request: Request, *wanted: int) -> Answer | None:
        sent = Sent(api, request, wanted)
        match self.fate:
            case Fate.LATE:
                self.late.append(sent)
                return None
            case Fate.CUT if not request.target.endswith(UPLOAD):  # else a session that nobody could cancel
                self.witness.doubts(request)
                api.abandon(request).close()
                return None
        answer = self.deliver(sent)
        return None if self.fate is Fate.LOST else answer

    def deliver(self, sent: Sent, *also_wanted: int) -> Answer:
        """The server's answer, as the witness hears it."""
        answer = sent.api.ask(sent.request)
        told = (sent.request.method, sent.request.target, answer.status, answer.body[:300])
        assert answer.status in (*sent.wanted, *also_wanted), told
        if answer.status < 300:
            self.witness.hears(sent.request, answer)
        self.sent.append(sent)
        return answer

    def deliver_late(self, at: int) -> None:
        """One of those that were delayed comes at last."""
        if self.late:
            # An upload that has been completed, or cancelled, since.
            self.deliver(self.late.pop(at % len(self.late)), 404, 409, 412)

    def repeat(self, at: int) -> None:
        """One that was carried out comes again."""
        if self.sent:
            self.deliver(self.sent[at % len(self.sent)], 404, 409, 412)
