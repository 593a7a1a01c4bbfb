"""What must hold after anything: told by a witness that knows only what was acknowledged and what lies on the disk."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from tests.daemon import Daemon

Rows = dict[int, tuple[str, int, str]]


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def hashes_on_disk(home: Path) -> set[str]:
    """SHA-256 of every file below a user's home, the trash included."""
    return {sha256(path.read_bytes()) for path in home.rglob("*") if path.is_file()}


def feed(daemon: Daemon) -> Rows:
    """seq -> (path, live, hash) of the index, as another process sees it."""
    index = daemon.storage / ".syncd" / "index.db"
    connection = sqlite3.connect(f"file:{index}?mode=ro", uri=True)
    try:
        found = connection.execute(
            "SELECT seq, path, hash IS NOT NULL, coalesce(hex(hash), '') FROM entries"
        ).fetchall()
    finally:
        connection.close()
    return {seq: (path, live, digest) for seq, path, live, digest in found}


def staged(daemon: Daemon) -> list[str]:
    return sorted(path.name for path in (daemon.storage / ".syncd" / "staging").iterdir())


class Witness:
    """Compares what it saw before with what is there now."""

    def __init__(self, daemon: Daemon, home: Path) -> None:
        self._daemon = daemon
        self._home = home
        self._newest = 0
        self._seen: Rows = {}
        self.acknowledged: set[str] = set()

    def look(self, staged_allowed: Sequence[str] = ()) -> None:
        """Every promise, after a restart. Nothing but uploads that can be resumed may be left in staging."""
        lost = self.acknowledged - hashes_on_disk(self._home)
        assert not lost, f"{len(lost)} acknowledged contents are gone"
        assert staged(self._daemon) == list(staged_allowed)
        self._index_tells_the_truth()
        self._no_seq_twice()

    def _index_tells_the_truth(self) -> None:
        rows = feed(self._daemon).values()
        for path, live, digest in rows:
            if live:
                assert sha256((self._home / path).read_bytes()).upper() == digest, path
        files = {str(path.relative_to(self._home)) for path in self._home.rglob("*") if path.is_file()}
        assert {path for path, live, _ in rows if live} == {path for path in files if not path.startswith(".trash/")}

    def _no_seq_twice(self) -> None:
        rows = feed(self._daemon)
        for seq, row in rows.items():
            assert self._seen.get(seq, row) == row, f"seq {seq} means two things"
            assert seq in self._seen or seq > self._newest, f"seq {seq} came late"
        self._seen |= rows
        self._newest = max([self._newest, *rows])
