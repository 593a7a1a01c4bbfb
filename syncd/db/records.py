"""What one commit does to the index.

A `Step` is one rename on the disk and the rows that tell of it. Steps are written down as intents before the first
rename, so that a crash in between is finished at the next start instead of being guessed from what lies around.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from syncd.db.database import Value
from syncd.model import Reason

Place = tuple[str, ...]  # names below the volume


@dataclass(frozen=True, slots=True)
class Live:
    """The path now has this content."""

    user_id: int
    path: str
    hash: bytes
    size: int
    disk_mtime_ns: int
    device_id: str | None = None
    moved_from: str | None = None


@dataclass(frozen=True, slots=True)
class Gone:
    """The path has nothing any more: a tombstone."""

    user_id: int
    path: str
    device_id: str | None = None
    moved_to: str | None = None


@dataclass(frozen=True, slots=True)
class Binned:
    """A file now lies in the trash."""

    user_id: int
    place: str
    original: str
    hash: bytes
    size: int
    disk_mtime_ns: int
    reason: Reason
    device_id: str | None = None


@dataclass(frozen=True, slots=True)
class Unbinned:
    """A file left the trash."""

    trash_id: int


Record = Live | Gone | Binned | Unbinned
_KINDS: dict[str, type[Record]] = {kind.__name__: kind for kind in (Live, Gone, Binned, Unbinned)}


@dataclass(frozen=True, slots=True)
class Step:
    """A rename from *source* to *target* (both None: nothing moves, only rows change) and its records.

    A target of None with a source means the file is removed for good.
    """

    source: Place | None
    target: Place | None
    records: tuple[Record, ...]


def encode(step: Step) -> str:
    """*step* as JSON, for the intents table."""
    records = [
        [type(one).__name__, {name: _plain(getattr(one, name)) for name in one.__dataclass_fields__}]
        for one in step.records
    ]
    return json.dumps([step.source, step.target, records])


def _plain(value: Value) -> Value:
    return value.hex() if isinstance(value, bytes) else value


def decode(text: str) -> Step:
    """The inverse of encode."""
    source, target, records = json.loads(text)
    return Step(
        tuple(source) if source is not None else None,
        tuple(target) if target is not None else None,
        tuple(_record(kind, fields) for kind, fields in records),
    )


def _record(kind: str, fields: dict[str, str]) -> Record:
    known = {
        name: bytes.fromhex(value) if name == "hash" else Reason(value) if name == "reason" else value
        for name, value in fields.items()
    }
    return _KINDS[kind](**known)  # type: ignore[arg-type]  # written by encode, from these same classes


def apply(
    connection: sqlite3.Connection, records: Sequence[Record], *, now_ms: int, uptime_s: int
) -> list[tuple[int, Live | Gone]]:
    """Write *records* in their order, inside a transaction; each change of a path with the seq it got."""
    paths = [one for one in records if isinstance(one, (Live, Gone))]
    issued = _write_entries(connection, paths, now_ms)
    connection.executemany(
        "INSERT OR REPLACE INTO trash (user_id, place, parent, original, hash, size, disk_mtime_ns, reason,"
        " device_id, trashed_ms, trashed_up_s) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
        [
            (
                *(one.user_id, one.place, parent_of(one.place), one.original, one.hash, one.size),
                *(one.disk_mtime_ns, str(one.reason), one.device_id, now_ms, uptime_s),
            )
            for one in records
            if isinstance(one, Binned)
        ],
    )
    unbinned = [(one.trash_id,) for one in records if isinstance(one, Unbinned)]
    connection.executemany("DELETE FROM trash WHERE id = ?", unbinned)
    return issued


_INSERT = (
    "INSERT OR REPLACE INTO entries (user_id, path, parent, live, hash, size, disk_mtime_ns, device_id, changed_ms,"
    " moved_from, moved_to, born_seq) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,"
    " (SELECT coalesce(born_seq, seq) FROM entries WHERE user_id = ?1 AND path = ?2 AND live AND ?4))"
)


def _write_entries(
    connection: sqlite3.Connection, paths: Sequence[Live | Gone], now_ms: int
) -> list[tuple[int, Live | Gone]]:
    if not paths:
        return []
    connection.executemany(_INSERT, [_entry_values(one, now_ms) for one in paths])
    # One writer, and AUTOINCREMENT counts by one: the rows just written have the last numbers.
    [last] = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'entries'").fetchone()
    return list(enumerate(paths, start=last - len(paths) + 1))


def _entry_values(one: Live | Gone, now_ms: int) -> tuple[Value, ...]:
    head = (one.user_id, one.path, parent_of(one.path))
    if isinstance(one, Live):
        return (*head, 1, one.hash, one.size, one.disk_mtime_ns, one.device_id, now_ms, one.moved_from, None)
    return (*head, 0, None, None, None, one.device_id, now_ms, None, one.moved_to)


def parent_of(path: str) -> str:
    """The folder of a path in the index; '' at the top."""
    return path.rpartition("/")[0]
