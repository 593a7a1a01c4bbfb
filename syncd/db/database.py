"""One SQLite file: one connection that ever writes or checkpoints, one that only reads.

One writer makes seq order commit order, so no reader sees n+1 before n. It alone checkpoints: SQLite before 3.51.3 can
corrupt a WAL when two connections do. `synchronous=FULL`, because under NORMAL a power cut takes back a seq that a
client has seen, and it would be issued a second time.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Self, TypeVar

import aiosqlite

from syncd.errors import (
    BadRequest,
    Conflict,
    IndexBroken,
    IndexDamaged,
    NotFound,
    StorageFailed,
    StorageFull,
    SyncError,
    VolumeUnavailable,
)

SQLITE_FLOOR = (3, 37, 0)  # STRICT tables
CHECKPOINT_PAGES = 1000
CACHE_KIB = 2048

_NO_TEXT = "text must be valid Unicode"  # half a surrogate pair, which JSON can spell

Value = str | int | float | bytes | None
Row = tuple[Value, ...]
T = TypeVar("T")


def built(make: Callable[..., T], *columns: Value) -> T:
    """*make* called with the columns of a row: STRICT tables hold them to their types, where mypy cannot look."""
    return make(*columns)


def blob(value: Value) -> bytes:
    """A column that is declared BLOB NOT NULL."""
    assert isinstance(value, bytes)
    return value


_PRAGMAS = (
    "PRAGMA busy_timeout=5000;"
    "PRAGMA foreign_keys=ON;"
    "PRAGMA trusted_schema=OFF;"
    "PRAGMA mmap_size=0;"  # an I/O error on a mapped page is SIGBUS, that is death on unplug
    "PRAGMA temp_store=MEMORY;"
)
_WRITER = (
    "PRAGMA journal_mode=WAL;"
    "PRAGMA journal_size_limit=8388608;"
    "PRAGMA recursive_triggers=ON;"  # else REPLACE would not fire the DELETE trigger that counts
    f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES};"
)

# By SQLite's own primary result codes (sqlite.org/rescode.html); PERM and CANTOPEN come when the disk went away.
_FAULTS: dict[int, tuple[type[SyncError], str]] = {
    sqlite3.SQLITE_FULL: (StorageFull, "the disk is full; make room or empty the trash"),
    sqlite3.SQLITE_READONLY: (VolumeUnavailable, "the disk is read-only"),
    sqlite3.SQLITE_CANTOPEN: (VolumeUnavailable, "the disk is not there; connect it again"),
    sqlite3.SQLITE_IOERR: (StorageFailed, "the disk reports errors; look at it before going on"),
    sqlite3.SQLITE_CONSTRAINT: (Conflict, "that already exists"),
    sqlite3.SQLITE_CORRUPT: (IndexDamaged, "the index is damaged; run: syncd rebuild"),
    sqlite3.SQLITE_NOTADB: (IndexDamaged, "the index is damaged; run: syncd rebuild"),
}


def _translate(exc: sqlite3.Error) -> SyncError:
    kind, text = _FAULTS.get(getattr(exc, "sqlite_errorcode", 0) & 0xFF, (SyncError, "the database answered an error"))
    return kind(text)


def set_aside(path: Path, why: str) -> None:
    """Rename a closed database and its journal to `<name>.<why>`; an older one of that name is replaced."""
    for suffix in ("", "-wal", "-shm"):
        journal = path.with_name(path.name + suffix)
        if journal.exists():
            journal.replace(path.with_name(f"{path.name}.{why}{suffix}"))


def migrations(name: str) -> list[str]:
    """The numbered scripts that make database *name*, in order."""
    scripts = Path(__file__).with_name("schema").joinpath(name).glob("*.sql")
    return [script.read_text(encoding="utf-8") for script in sorted(scripts)]


class Database:
    """An open SQLite file. `read` asks; everything that changes goes through `write`."""

    def __init__(self, writer: aiosqlite.Connection, reader: aiosqlite.Connection) -> None:
        self._writer = writer
        self._reader = reader
        self._lock = asyncio.Lock()

    @classmethod
    async def open(cls, path: Path, schema: str, cache_kib: int = CACHE_KIB) -> Self:
        """Open or make *path* and bring it to the newest *schema*; raises IndexBroken, StorageFull …

        Each of its two connections keeps at most *cache_kib* of pages in memory.
        """
        if sqlite3.sqlite_version_info < SQLITE_FLOOR:
            raise IndexBroken(f"SQLite {sqlite3.sqlite_version} is too old; syncd needs 3.37 or newer")
        pragmas = f"{_PRAGMAS}PRAGMA cache_size=-{cache_kib};"
        opened: list[aiosqlite.Connection] = []
        try:
            writer = await aiosqlite.connect(path, isolation_level=None)
            opened.append(writer)
            await writer.executescript(pragmas + _WRITER)
            await _migrate(writer, migrations(schema))
            reader = await aiosqlite.connect(path, isolation_level=None)
            opened.append(reader)
            await reader.executescript(pragmas + "PRAGMA wal_autocheckpoint=0; PRAGMA query_only=ON;")
        except sqlite3.Error as exc:
            await _close_all(opened)
            raise _translate(exc) from exc
        except BaseException:
            await _close_all(opened)
            raise
        return cls(writer, reader)

    async def close(self) -> None:
        """Close; the last connection folds the WAL into the file. Waits for a running transaction."""
        async with self._lock:
            await _close_all([self._reader, self._writer])

    async def read(self, sql: str, values: Sequence[Value] = ()) -> list[Row]:
        """All rows of a query, in one trip."""
        try:
            return [tuple(row) for row in await self._reader.execute_fetchall(sql, values)]
        except sqlite3.Error as exc:
            raise _translate(exc) from exc
        except UnicodeEncodeError as exc:
            raise BadRequest(_NO_TEXT) from exc
        except ValueError as exc:  # "no active connection": the disk went away under a request
            raise VolumeUnavailable("the disk is not there; connect it again") from exc

    async def transact(self, work: Callable[[sqlite3.Connection], T], *, durable: bool = True) -> T:
        """One transaction that is one function, in one trip to the writer's thread: for the hot path.

        *durable* as for `write`. *work* must not commit.
        """
        async with self._lock:
            try:
                # aiosqlite has no public name for "call this in your thread", and a hop for each statement
                # costs more than the statements (measured: benchmarks/run.py, many small files).
                in_thread: Callable[..., Awaitable[T]] = self._writer._execute
                return await in_thread(_whole, self._writer._conn, work, _level(durable))
            except sqlite3.Error as exc:
                raise _translate(exc) from exc
            except UnicodeEncodeError as exc:
                raise BadRequest(_NO_TEXT) from exc
            except ValueError as exc:
                raise VolumeUnavailable("the disk is not there; connect it again") from exc

    @asynccontextmanager
    async def write(self, *, durable: bool = True) -> AsyncIterator[Transaction]:
        """One transaction: commits when the block ends well, rolls back on any exception.

        *durable* False leaves out the flush: the commit survives a killed process but not a power cut.
        """
        async with self._lock:
            try:
                await self._begin(durable)
                yield Transaction(self._writer)
                await self._writer.execute("COMMIT")
            except BaseException as exc:
                await self._roll_back()
                if isinstance(exc, sqlite3.Error):
                    raise _translate(exc) from exc
                if isinstance(exc, UnicodeEncodeError):
                    raise BadRequest(_NO_TEXT) from exc
                raise

    async def _begin(self, durable: bool) -> None:
        try:
            await self._writer.executescript(f"PRAGMA synchronous={_level(durable)};BEGIN IMMEDIATE;")
        except ValueError as exc:
            raise VolumeUnavailable("the disk is not there; connect it again") from exc

    async def _roll_back(self) -> None:
        """Nothing to do where SQLite did it by itself, as on a full disk.

        Asked in the writer's thread: whoever is cancelled while BEGIN waits there leaves before it is carried out.
        """
        with suppress(ValueError):  # closed already
            await self._writer.rollback()

    async def answer(self) -> None:
        """Return once the reader's thread and SQLite have answered; raises SyncError when it is with an error."""
        await self.read("SELECT count(*) FROM sqlite_schema")

    async def quick_check(self) -> bool:
        """Is the file whole? After an unclean stop, before anything is believed."""
        try:
            return await self.read("PRAGMA quick_check(1)") == [("ok",)]
        except IndexDamaged:
            return False


class Transaction:
    """What `Database.write` hands out; its statements are committed together or not at all."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection

    async def run(self, sql: str, values: Sequence[Value] = ()) -> list[Row]:
        """Execute one statement; the rows of its RETURNING clause, if any."""
        return [tuple(row) for row in await self._connection.execute_fetchall(sql, values)]

    async def run_many(self, sql: str, rows: Iterable[Sequence[Value]]) -> None:
        await self._connection.executemany(sql, rows)

    async def one(self, sql: str, values: Sequence[Value] = ()) -> Row:
        """The one row that the statement returns; raises NotFound if it returns none."""
        rows = await self.run(sql, values)
        if not rows:
            raise NotFound("there is no such thing")
        return rows[0]


def _level(durable: bool) -> str:
    return "FULL" if durable else "NORMAL"


def _whole(connection: sqlite3.Connection, work: Callable[[sqlite3.Connection], T], level: str) -> T:
    connection.execute(f"PRAGMA synchronous={level}")
    connection.execute("BEGIN IMMEDIATE")
    try:
        result = work(connection)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # a full disk makes SQLite roll back by itself
            connection.execute("ROLLBACK")
        raise
    return result


async def _migrate(connection: aiosqlite.Connection, scripts: Sequence[str]) -> None:
    """Bring the file to version len(scripts); each step commits whole or not at all."""
    [(have,)] = await connection.execute_fetchall("PRAGMA user_version")
    if have > len(scripts):
        raise IndexBroken("this database was made by a newer syncd; install that version again")
    for version, script in enumerate(scripts[have:], start=have + 1):
        # executescript commits an open transaction first, hence the BEGIN inside.
        await connection.executescript(f"BEGIN IMMEDIATE;{script};PRAGMA user_version={version};COMMIT;")


async def _close_all(connections: Iterable[aiosqlite.Connection]) -> None:
    for connection in connections:
        await connection.close()
