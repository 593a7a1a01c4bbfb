"""A device reduced to what it knows: its files, what they were made from, and how far it has read the feed.

Everything is a dict; nothing happens by itself. Each step makes one request, which may be lost, and learns from the
answer what an honest client would. The server is asked through a Carrier, so that a test can play the network.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from tests.phone import Answer
from tests.sync.api import (
    NOTHING_KNOWN,
    Api,
    Json,
    Request,
    chunk,
    completion,
    deletion,
    listed,
    moving,
    posting,
    putting,
    sha256,
)

REPORT = "/api/v1/sync/report"
UPLOAD = "/api/v1/sync/upload"


class Carrier(Protocol):
    """The way to the server and back."""

    def __call__(self, api: Api, request: Request, *wanted: int) -> Answer | None:
        """The answer, whose status is one of *wanted*; None when none came."""


@dataclass(slots=True)
class Sending:
    """An upload in chunks on its way."""

    id: str
    path: str
    content: bytes
    chunk_size: int
    missing: list[int]


@dataclass(slots=True)
class ModelDevice:
    """`files`: what lies on the device. `base`: the server's version each was made from (hash). `remote`: the
    server's tree as far as the device knows. `acked`: `remote` when it acknowledged last."""

    api: Api
    below: str  # the folder it syncs, with a slash at the end
    cursor: int
    files: dict[str, bytes] = field(default_factory=dict)
    base: dict[str, str] = field(default_factory=dict)
    remote: dict[str, str] = field(default_factory=dict)
    acked: dict[str, str] = field(default_factory=dict)
    sending: Sending | None = None

    def local(self, path: str) -> str | None:
        """Hash of what lies at *path*."""
        content = self.files.get(path)
        return None if content is None else sha256(content)

    def dirty(self) -> list[str]:
        """Paths the server has to be told about."""
        return sorted(path for path in {*self.files, *self.base} if self.local(path) != self.base.get(path))

    def is_settled(self) -> bool:
        """Nothing to tell, nothing to fetch, as far as it knows."""
        return self.sending is None and not self.dirty() and self.base == self.remote

    # --- telling

    def knowledge(self, path: str, by_cursor: bool) -> str | None:
        """The `base_hash` to send: none when the acknowledged cursor says the same."""
        base = self.base.get(path)
        if by_cursor and self.acked.get(path) == base:
            return None
        return base or NOTHING_KNOWN

    def push(self, path: str, carry: Carrier, by_cursor: bool = False, by_report: bool = True) -> None:
        """Tell the server of *path*: one request."""
        if path in self.files:
            content = self.files[path]
            answer = carry(self.api, putting(path, content, self.knowledge(path, by_cursor)), 200, 201)
            if answer is not None:
                self._stored(path, content, answer.json())
        elif by_report:
            self._report([self._deleted(path, by_cursor)], carry)
        else:
            digest = self.base[path].removeprefix("sha256:")
            answer = carry(self.api, deletion(path, {"If-Match": f'"{digest}"'}), 204, 404, 412)
            if answer is not None:
                self._deletion_heard(path, answer.status != 412)

    def _deleted(self, path: str, by_cursor: bool) -> dict[str, str]:
        said = {"path": path, "change_type": "deleted"}
        base = self.knowledge(path, by_cursor)
        return said if base is None else {**said, "base_hash": base}

    def ask_first(self, carry: Carrier, by_cursor: bool = False) -> None:
        """Report everything that changed, in one request; what has to be uploaded stays dirty."""
        said: list[dict[str, str]] = []
        for path in self.dirty():
            if (local := self.local(path)) is None:
                said.append(self._deleted(path, by_cursor))
                continue
            one = {"path": path, "change_type": "modified", "content_hash": local}
            base = self.knowledge(path, by_cursor)
            said.append(one if base is None else {**one, "base_hash": base})
        if said:
            self._report(said, carry)

    def renamed(self) -> tuple[str, str] | None:
        """A file that is now elsewhere: where it was, where it is."""
        dirty = self.dirty()
        for target in dirty:
            for source in dirty:
                if source not in self.files and target not in self.base and self.base[source] == self.local(target):
                    return source, target
        return None

    def push_rename(self, carry: Carrier, by_report: bool) -> None:
        """Tell the server of one file that moved, so that nothing has to be sent."""
        if (found := self.renamed()) is None:
            return
        source, target = found
        base = self.base[source]
        if by_report:
            said = {"path": target, "old_path": source, "change_type": "moved", "content_hash": base, "base_hash": base}
            self._report([said], carry)
            return
        answer = carry(self.api, moving(source, target, base), 200, 404, 409)
        if answer is not None and answer.status == 200:
            self._renamed(source, target)

    def _renamed(self, source: str, target: str) -> None:
        self.remote[target] = self.base[target] = self.base.pop(source)
        self.remote.pop(source, None)

    def _report(self, said: list[dict[str, str]], carry: Carrier) -> None:
        answer = carry(self.api, posting(REPORT, {"changes": said}), 200)
        if answer is None:
            return
        found = answer.json()
        assert found["rejected"] == [], found["rejected"]
        accepted = set(found["accepted"])
        clashing = {one["path"] for one in found["conflicts"]}
        for one in said:
            path, old_path = one["path"], one.get("old_path")
            if old_path is not None and path in accepted and old_path not in accepted | clashing:
                self._renamed(old_path, path)
                continue
            for name in (path, old_path):
                if name is None or name not in accepted | clashing:
                    continue
                if name in self.files and name in accepted:
                    self.base[name] = self.remote[name] = one["content_hash"]
                elif name not in self.files:
                    self._deletion_heard(name, name in accepted)

    def _deletion_heard(self, path: str, accepted: bool) -> None:
        """It is gone on the server, or something newer is there, which wins over a deletion."""
        self.base.pop(path, None)
        if accepted:
            self.remote.pop(path, None)

    def _stored(self, path: str, content: bytes, answer: Json) -> None:
        """*content* was sent as *path* and is now where the answer says."""
        where, digest = answer["path"], sha256(content)
        assert answer["content_hash"] == digest
        conflict = answer["conflict"]  # none, too, for a copy that the person decided upon before it was sent
        assert conflict is None or (conflict["path"], conflict["conflicted_copy"]) == (path, where) != (path, path), (
            answer
        )
        if where != path:
            if self.files.get(path) == content:
                self.files.pop(path)
                self.base.pop(path, None)
            if self.local(where) == self.base.get(where):
                self.files[where] = content
        self.base[where] = self.remote[where] = digest

    # --- chunks

    def begin_chunks(self, path: str, carry: Carrier, by_cursor: bool) -> None:
        content = self.files[path]
        body: dict[str, object] = {"target_path": path, "expected_size": len(content), "chunk_size": 65536}
        body["expected_hash"] = sha256(content)
        if (base := self.knowledge(path, by_cursor)) is not None:
            body["base_hash"] = base
        answer = carry(self.api, posting(UPLOAD, body), 200)
        if answer is not None:
            found = answer.json()
            self.sending = Sending(found["id"], path, content, found["chunk_size"], listed(found["missing"]))

    def send_chunk(self, at: int, carry: Carrier) -> None:
        """One of the missing chunks, any."""
        sending = self.sending
        assert sending is not None and sending.missing
        index = sending.missing[at % len(sending.missing)]
        piece = sending.content[index * sending.chunk_size : (index + 1) * sending.chunk_size]
        answer = carry(self.api, chunk(sending.id, index, piece), 200, 409)  # 409: a completion overtook it
        if answer is not None:
            sending.missing.remove(index)

    def send_rest(self, carry: Carrier) -> None:
        while self.sending is not None and self.sending.missing:
            self.send_chunk(0, carry)

    def complete(self, carry: Carrier) -> None:
        """Publish what was sent; a server that forgot chunks, as a kill allows, says which."""
        sending = self.sending
        assert sending is not None
        answer = carry(self.api, completion(sending.id), 200, 400)
        if answer is None:
            return
        if answer.status == 400:
            assert answer.json()["code"] == "chunks_missing", answer.body
            sending.missing = listed(answer.json()["missing"])
            return
        self.sending = None
        self._stored(sending.path, sending.content, answer.json())

    # --- hearing

    def pull(self, limit: int) -> bool:
        """One page of the feed; is there more?"""
        answer = self.api.changes(self.cursor, limit, prefix=self.below)
        assert answer.status == 200, (answer.status, answer.body[:300])
        page = answer.json()
        sequences = [one["sequence"] for one in page["changes"]]
        paths = [one["path"] for one in page["changes"]]
        assert sequences == sorted(set(sequences)) and len(paths) == len(set(paths)) and len(paths) <= limit
        assert all(self.cursor < one <= page["cursor"] for one in sequences), (self.cursor, sequences, page["cursor"])
        assert self.cursor <= page["cursor"] and all(path.startswith(self.below) for path in paths)
        for one in page["changes"]:
            self._heard(one)
        self.cursor = page["cursor"]
        more: bool = page["has_more"]
        assert page["changes"] or not more
        return more

    def _heard(self, change: Mapping[str, str]) -> None:
        if change["change_type"] == "deleted":
            self.remote.pop(change["path"], None)
        else:
            self.remote[change["path"]] = change["content_hash"]

    def fetch(self, path: str) -> None:
        """Make *path* what the server has, unless it was changed here."""
        local, remote = self.local(path), self.remote.get(path)
        if local == remote:
            self._based(path, remote)
        elif local == self.base.get(path):
            if remote is None:
                del self.files[path]
                self._based(path, None)
                return
            answer = self.api.download(path)
            assert answer.status in (200, 404), (answer.status, answer.body[:300])
            if answer.status == 200:
                assert answer.header("etag") == f'"{sha256(answer.body).removeprefix("sha256:")}"'
                self.files[path] = answer.body
                self.remote[path] = sha256(answer.body)
                self._based(path, self.remote[path])

    def _based(self, path: str, digest: str | None) -> None:
        if digest is None:
            self.base.pop(path, None)
        else:
            self.base[path] = digest

    def fetch_all(self) -> None:
        for path in sorted({*self.files, *self.base, *self.remote}):
            self.fetch(path)

    def acknowledge(self, carry: Carrier) -> None:
        """Say how far it is: only when all of that is applied, for then the cursor tells what it knows."""
        if self.base == self.remote and carry(self.api, posting("/api/v1/sync/ack", {"cursor": self.cursor}), 200):
            self.acked = dict(self.remote)

    def drain(self, carry: Carrier) -> None:
        """Tell everything and hear everything, once."""
        if self.sending is not None:
            self.send_rest(carry)
            self.complete(carry)
        while self.pull(500):
            pass
        self.fetch_all()
        if dirty := self.dirty():
            for path in dirty:
                self.push(path, carry)
            while self.pull(500):
                pass
            self.fetch_all()
        if self.acked != self.remote:
            self.acknowledge(carry)
