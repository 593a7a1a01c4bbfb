"""A witness who hears every answer the server gave, whether or not the device did, and holds it to its word.

It keeps a tree of its own, from the acknowledgements alone, and judges each answer by what stood there: a version that
was known is replaced, nothing else ever is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit

from tests.phone import Answer
from tests.sync.api import Json, Request, sha256

FILES = "/api/v1/sync/files/"
UPLOAD = "/api/v1/sync/upload"


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What a device said it knew, or the cursor it had acknowledged; neither: nobody can tell."""

    base: str | None
    cursor: int | None


@dataclass(frozen=True, slots=True)
class Announced:
    """An upload in chunks that was begun."""

    path: str
    digest: str
    knowledge: Knowledge


@dataclass(slots=True)
class Witness:
    """What the server has acknowledged."""

    contents: set[str] = field(default_factory=set)  # hashes it must still have
    live: dict[str, str] = field(default_factory=dict)  # hash by path
    seqs: dict[str, int | None] = field(default_factory=dict)  # of what is live, where an answer told
    cursors: dict[str, int | None] = field(default_factory=dict)  # acknowledged, by token; None: perhaps another
    gone: set[str] = field(default_factory=set)  # paths deleted and not written since
    doubtful: set[str] = field(default_factory=set)  # paths that a request without answer may have changed
    sessions: dict[str, Announced] = field(default_factory=dict)
    completed: dict[str, Json] = field(default_factory=dict)  # first answer, by upload

    # --- the tree

    def _wrote(self, path: str, digest: str, seq: int) -> None:
        self.contents.add(digest)
        self.live[path], self.seqs[path] = digest, seq
        self.gone.discard(path)

    def _deleted(self, path: str) -> None:
        self.live.pop(path, None)
        self.gone.add(path)

    def _renamed(self, source: str, target: str, digest: str, seq: int | None) -> None:
        self.live[target], self.seqs[target] = digest, seq
        self._deleted(source)
        self.gone.discard(target)

    def doubt(self, *paths: str | None) -> None:
        """Nobody knows any more what stands at *paths*, nor will."""
        self.doubtful.update(path for path in paths if path is not None)

    def _knowledge(self, token: str, base: str | None) -> Knowledge:
        return Knowledge(base, self.cursors.get(token, 0))

    def _clashes(self, path: str, knowledge: Knowledge) -> bool | None:
        """Does something live at *path* that was not known? None when nobody can tell."""
        standing, seq = self.live.get(path), self.seqs.get(path)
        if path in self.doubtful:
            return None
        if standing is None:
            return False
        if knowledge.base is not None:
            return standing != knowledge.base
        return None if seq is None or knowledge.cursor is None else seq > knowledge.cursor

    # --- the answers

    def hears(self, token: str, request: Request, answer: Answer) -> None:
        """Judge *answer*, and note what it promises."""
        parts = urlsplit(request.target)
        if parts.path.startswith(FILES):
            path = unquote(parts.path.removeprefix(FILES))
            if request.method == "PUT":
                base = parse_qs(parts.query).get("base_hash", [None])[0]
                self._hears_stored(path, sha256(request.body or b""), self._knowledge(token, base), answer.json())
            else:
                self._hears_deleted(path, "sha256:" + request.headers["If-Match"].strip('"'), answer.status)
        elif parts.path == UPLOAD:
            said = json.loads(request.body or b"")
            self.sessions[answer.json()["id"]] = Announced(
                said["target_path"], said["expected_hash"], self._knowledge(token, said.get("base_hash"))
            )
        elif parts.path.endswith("/complete") and answer.status == 200:
            self._hears_complete(parts.path.split("/")[-2], answer.json())
        elif parts.path.endswith("/move"):
            said = json.loads(request.body or b"")
            seq = answer.json()["sequence"] if answer.status == 200 else None
            self._hears_moved(said["from"], said["to"], said["base_hash"], seq)
        elif parts.path.endswith("/ack"):
            self.cursors[token] = answer.json()["cursor"]
        elif parts.path.endswith("/report"):
            for one in json.loads(request.body or b"")["changes"]:
                self._hears_reported(one, self._knowledge(token, one.get("base_hash")), answer.json())

    def _hears_stored(self, path: str, digest: str, knowledge: Knowledge, answer: Json) -> None:
        assert answer["content_hash"] == digest
        clashes = self.live.get(path) != digest and self._clashes(path, knowledge)
        if path not in self.doubtful and clashes is not None:
            assert (answer["conflict"] is not None) == clashes, (knowledge, answer)
        self._wrote(answer["path"], digest, answer["sequence"])

    def _hears_complete(self, session_id: str, answer: Json) -> None:
        announced = self.sessions[session_id]
        first: Json = self.completed.setdefault(session_id, answer)
        if first is answer:
            self._hears_stored(announced.path, announced.digest, announced.knowledge, answer)
        assert (first["path"], first["content_hash"]) == (answer["path"], answer["content_hash"]), (first, answer)

    def _hears_deleted(self, path: str, base: str, status: int) -> None:
        if path not in self.doubtful:
            wanted = {None: 404, base: 204}.get(self.live.get(path), 412)
            assert status in (wanted, 412 if wanted == 404 else wanted), (path, base, status)
        if status == 204:
            self._deleted(path)

    def _hears_moved(self, source: str, target: str, base: str, seq: int | None) -> None:
        done = seq is not None
        if not {source, target} & self.doubtful:
            assert done == (self.live.get(source) == base and target not in self.live), (source, target, base)
        if done:
            self._renamed(source, target, base, seq)

    def _hears_reported(self, one: Mapping[str, str], knowledge: Knowledge, answer: Json) -> None:
        path = one["path"]
        clashes = self._clashes(path, knowledge)
        accepted = set(answer["accepted"])
        clashing = {conflict["path"] for conflict in answer["conflicts"]}
        match one["change_type"]:
            case "deleted":
                if clashes is not None:
                    assert (path in accepted, path in clashing) == (not clashes, clashes), (one, knowledge, answer)
                if path in accepted:
                    self._deleted(path)
            case "modified":
                is_same = self.live.get(path) == one["content_hash"]
                if clashes is not None:
                    found = (path in accepted, path in clashing)
                    assert found == (is_same, clashes and not is_same), (one, knowledge, answer)
            case "moved":
                old_path = one["old_path"]
                renamed = path in accepted and old_path not in accepted | clashing
                if not {old_path, path} & self.doubtful:
                    assert renamed == (self.live.get(old_path) == knowledge.base and path not in self.live), (
                        one,
                        answer,
                    )
                if renamed:
                    self._renamed(old_path, path, one["content_hash"], None)
                elif old_path in accepted:
                    self._deleted(old_path)

    def doubts(self, token: str, request: Request) -> None:
        """*request* may or may not be carried out, at any time."""
        path = urlsplit(request.target).path
        if path.endswith("/ack"):
            self.cursors[token] = None
        if path.startswith(FILES):
            self.doubt(unquote(path.removeprefix(FILES)))
        elif path.endswith("/complete"):
            self.doubt(self.sessions[path.split("/")[-2]].path)
        elif path.endswith(("/move", "/report")):
            said = json.loads(request.body or b"")
            for one in said.get("changes", [said]):
                self.doubt(*(one.get(name) for name in ("from", "to", "path", "old_path")))

    # --- the end

    def disagrees(self, live: Mapping[str, str]) -> set[str]:
        """Paths at which *live* is not what was acknowledged, of those that nobody doubts."""
        stems = tuple(path.rpartition(".")[0] or path for path in self.doubtful) or ("\n",)  # copies are named after it
        return {path for path, _ in self.live.items() ^ live.items() if not path.startswith(stems)}

    def returned(self, live: Mapping[str, str]) -> set[str]:
        """Paths that are live although they were deleted."""
        return self.gone & self.disagrees(live)
