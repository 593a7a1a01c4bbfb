"""What one commit does to the index.

A `Step` is one rename on the disk and the rows that tell of it. Steps are written down as intents before the first
rename, so that a crash in between is finished at the next start instead of being guessed from what lies around.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from syncd.db.database import Value
from syncd.model import ClashKind, ClashState, Reason

Place = tuple[str, ...]  # names below the volume
FOLDER_PAGE = 500  # rows of a folder that are written at a time


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
class Made:
    """The path is now a folder that stays also while it is empty."""

    user_id: int
    path: str
    device_id: str | None = None
    moved_from: str | None = None


@dataclass(frozen=True, slots=True)
class FolderMoved:
    """A folder with all that is in it has another path; *rows* is how many rows of the index tell of them."""

    user_id: int
    path: str
    target: str
    rows: int
    device_id: str | None = None


@dataclass(frozen=True, slots=True)
class FolderBinned:
    """A folder with all that is in it now lies at *place* of the trash; *rows* as for FolderMoved."""

    user_id: int
    path: str
    place: str
    rows: int
    reason: Reason
    device_id: str | None = None


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


@dataclass(frozen=True, slots=True)
class Clashed:
    """A device's version of a path met another one that it did not know. Written down once."""

    user_id: int
    device_id: str  # '' for a user without a device
    path: str
    kind: ClashKind
    local_hash: bytes  # b'': deleted
    server_hash: bytes
    copy: str | None = None  # where the device's bytes are, once they are here


@dataclass(frozen=True, slots=True)
class Settled:
    """A conflict was decided; *state* says whether bytes are still to come."""

    conflict_id: int
    state: ClashState


@dataclass(frozen=True, slots=True)
class Finished:
    """An upload in chunks is complete: its content is at *stored*."""

    session_id: str
    user_id: int
    stored: str
    hash: bytes
    clash: Clashed | None = None


PathChange = Live | Gone | Made
FolderChange = FolderMoved | FolderBinned
Change = PathChange | FolderChange  # what the feed tells of
Record = Change | Binned | Unbinned | Clashed | Settled | Finished
# How decode makes them again, from what encode wrote of these same classes.
_KINDS: dict[str, Callable[..., Record]] = {
    kind.__name__: kind
    for kind in (Live, Gone, Made, FolderMoved, FolderBinned, Binned, Unbinned, Clashed, Settled, Finished)
}


@dataclass(frozen=True, slots=True)
class Step:
    """A rename from *source* to *target* (both None: nothing moves, only rows change) and its records.

    A target of None with a source means the file is removed for good. With *aside*, a file that stands at the target
    goes there, and *inode* tells after a crash which of the two stands at the target now. With a target and no source,
    a folder is made there. *emptied* are folders that go, the deepest first, if nothing is left in them.
    """

    source: Place | None
    target: Place | None
    records: tuple[Record, ...]
    aside: Place | None = None
    inode: int = 0  # of the file at the source
    emptied: tuple[Place, ...] = ()


def seqs(record: Record) -> int:
    """How many seqs it takes."""
    match record:
        case FolderMoved():
            return 2 * record.rows
        case FolderBinned():
            return record.rows
        case Live() | Gone() | Made():
            return 1
        case _:
            return 0


def encode(step: Step) -> str:
    """*step* as JSON, for the intents table."""
    records = [_plain(one) for one in step.records]
    return json.dumps([step.source, step.target, records, step.aside, step.inode, step.emptied])


def _plain(value: Value | Record) -> object:
    """Bytes as hex, a record as its name and its fields."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Record):
        return [type(value).__name__, {name: _plain(getattr(value, name)) for name in value.__dataclass_fields__}]
    return value


def decode(text: str) -> Step:
    """The inverse of encode."""
    source, target, records, *rest = json.loads(text)  # version 0.1 wrote three
    aside, inode, *rest = rest or (None, 0)
    emptied = tuple(tuple(one) for one in rest[0]) if rest else ()  # as did what came before folders
    return Step(_place(source), _place(target), tuple(_record(*one) for one in records), _place(aside), inode, emptied)


def _place(names: list[str] | None) -> Place | None:
    return tuple(names) if names is not None else None


def _record(kind: str, fields: dict[str, object]) -> Record:
    known = {name: _field(name, value) for name, value in fields.items()}
    return _KINDS[kind](**known)


def _field(name: str, value: object) -> object:
    match value:
        case str() if name.endswith("hash"):
            return bytes.fromhex(value)
        case str() if name == "reason":
            return Reason(value)
        case [str(kind), dict(fields)]:
            return _record(kind, fields)
        case _:
            return value


def apply(
    connection: sqlite3.Connection, records: Sequence[Record], *, now_ms: int, uptime_s: int
) -> list[tuple[int, Change]]:
    """Write *records* in their order, inside a transaction; each change with the (last) seq it got."""
    paths = [one for one in records if isinstance(one, PathChange)]
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
    _write_clashes(connection, records, now_ms)
    for one in records:
        if isinstance(one, FolderChange):
            last = 0
            for page in _single(connection, one):
                last = apply(connection, page, now_ms=now_ms, uptime_s=uptime_s)[-1][0]
            issued.append((last, one))
    return issued


_LIVE = "SELECT path, hash, size, disk_mtime_ns FROM entries WHERE user_id = ?1 AND live AND"


def _single(connection: sqlite3.Connection, one: FolderChange) -> Iterator[list[Record]]:
    """What the change of a folder is for each row at or below it, some at a time: a folder may hold a library."""
    rows = connection.execute(f"{_LIVE} path = ?2", (one.user_id, one.path)).fetchall()
    last = f"{one.path}/"
    while True:
        if rows:
            yield [record for row in rows for record in _of_row(one, *row)]
        rows = connection.execute(
            f"{_LIVE} path > ?2 AND path < ?3 ORDER BY path LIMIT ?4",
            (one.user_id, last, f"{one.path}0", FOLDER_PAGE),
        ).fetchall()
        if not rows:
            return
        last = rows[-1][0]


def _of_row(
    one: FolderChange, path: str, digest: bytes | None, size: int, mtime_ns: int
) -> Iterator[Live | Gone | Made | Binned]:
    below = path[len(one.path) :]
    match one:
        case FolderMoved():
            target = one.target + below
            yield Gone(one.user_id, path, one.device_id, target)
            if digest is None:
                yield Made(one.user_id, target, one.device_id, path)
            else:
                yield Live(one.user_id, target, digest, size, mtime_ns, one.device_id, path)
        case FolderBinned():
            yield Gone(one.user_id, path, one.device_id)
            if digest is not None:
                place = one.place + below
                yield Binned(one.user_id, place, path, digest, size, mtime_ns, one.reason, one.device_id)


def _write_clashes(connection: sqlite3.Connection, records: Sequence[Record], now_ms: int) -> None:
    """Conflicts and finished uploads: rare, so one by one."""
    for one in records:
        match one:
            case Clashed():
                _note_clash(connection, one, now_ms)
            case Settled():
                connection.execute("UPDATE conflicts SET state = ? WHERE id = ?", (one.state, one.conflict_id))
            case Finished():
                clash_id = _note_clash(connection, one.clash, now_ms) if one.clash is not None else None
                connection.execute(
                    "UPDATE sessions SET stored = ?1, stored_hash = ?2, conflict_id = ?3, blocks = NULL,"
                    " received = x'', seq = (SELECT seq FROM entries WHERE user_id = ?4 AND path = ?1) WHERE id = ?5",
                    (one.stored, one.hash, clash_id, one.user_id, one.session_id),
                )


def _note_clash(connection: sqlite3.Connection, one: Clashed, now_ms: int) -> int:
    """Write it down, or add the copy to what is written down already; its id."""
    [clash_id] = connection.execute(
        "INSERT INTO conflicts (user_id, device_id, path, kind, local_hash, server_hash, copy, detected_ms)"
        " VALUES (?,?,?,?,?,?,?,?) ON CONFLICT (user_id, device_id, path, local_hash, server_hash)"
        " WHERE state != 'resolved' DO UPDATE SET copy = coalesce(excluded.copy, copy),"
        " state = CASE WHEN state = 'keep_both' AND excluded.copy IS NOT NULL THEN 'resolved' ELSE state END"
        " RETURNING id",
        (*(one.user_id, one.device_id, one.path, one.kind, one.local_hash, one.server_hash, one.copy), now_ms),
    ).fetchone()
    assert isinstance(clash_id, int)
    return clash_id


# What the thing was before: the row of that path or, of something that moved, the tombstone that was just put at the
# old one. A file that takes the place of a folder is another thing.
_BEFORE = (
    "FROM entries WHERE user_id = ?1 AND path = coalesce(?10, ?2)"
    " AND (NOT ?4 OR ?10 IS NOT NULL OR live AND (hash IS NULL) = (?5 IS NULL))"
)
_INSERT = (
    "INSERT OR REPLACE INTO entries (user_id, path, parent, live, hash, size, disk_mtime_ns, device_id, changed_ms,"
    " moved_from, moved_to, born_seq, node, born_ms) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,"
    " (SELECT coalesce(born_seq, seq) FROM entries WHERE user_id = ?1 AND path = ?2 AND live AND ?4),"
    f" (SELECT coalesce(node, seq) {_BEFORE}), (SELECT coalesce(born_ms, changed_ms) {_BEFORE}))"
)


def _write_entries(
    connection: sqlite3.Connection, paths: Sequence[PathChange], now_ms: int
) -> list[tuple[int, Change]]:
    if not paths:
        return []
    connection.executemany(_INSERT, [_entry_values(one, now_ms) for one in paths])
    # One writer, and AUTOINCREMENT counts by one: the rows just written have the last numbers.
    [last] = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'entries'").fetchone()
    return list(enumerate(paths, start=last - len(paths) + 1))


def _entry_values(one: PathChange, now_ms: int) -> tuple[Value, ...]:
    head = (one.user_id, one.path, parent_of(one.path))
    match one:
        case Live():
            return (*head, 1, one.hash, one.size, one.disk_mtime_ns, one.device_id, now_ms, one.moved_from, None)
        case Made():
            return (*head, 1, None, None, None, one.device_id, now_ms, one.moved_from, None)
        case Gone():
            return (*head, 0, None, None, None, one.device_id, now_ms, None, one.moved_to)


def parent_of(path: str) -> str:
    """The folder of a path in the index; '' at the top."""
    return path.rpartition("/")[0]
