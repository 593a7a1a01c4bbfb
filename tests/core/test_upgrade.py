"""A database of an earlier version becomes the same as a new one, and keeps what is in it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

import syncd.db
from syncd.db.database import Database
from syncd.errors import IndexBroken

SCHEMA = Path(syncd.db.__file__).parent / "schema"
FIRST_ROWS = {
    "index": "INSERT INTO entries (user_id, path, parent, live, hash, size, disk_mtime_ns, changed_ms)"
    " VALUES (1, 'a', '', 1, zeroblob(32), 5, 0, 0)",
    "accounts": "INSERT INTO devices (id, user_id, name, kind, created_ms) VALUES ('d', 1, 'phone', 'phone', 0)",
}


def shape(path: Path) -> list[tuple[str, ...]]:
    with sqlite3.connect(path) as db:
        found = [
            (kind, name, table) for kind, name, table in db.execute("SELECT type, name, tbl_name FROM sqlite_master")
        ]
        columns = [
            (table, *map(str, column))
            for kind, table, _ in found
            if kind == "table"
            for column in db.execute(f"PRAGMA table_info({table})")
        ]
    db.close()
    return sorted(found) + sorted(columns)


@pytest.mark.parametrize("kind", FIRST_ROWS)
async def test_every_earlier_version_becomes_the_newest(tmp_path: Path, kind: str) -> None:
    steps = sorted((SCHEMA / kind).glob("*.sql"))
    await (await Database.open(tmp_path / "new", kind)).close()
    for version in range(1, len(steps)):
        old = tmp_path / f"old{version}"
        with sqlite3.connect(old) as db:
            for step in steps[:version]:
                db.executescript(step.read_text())
            db.execute("PRAGMA foreign_keys = OFF")
            db.execute(FIRST_ROWS[kind])
            db.execute(f"PRAGMA user_version = {version}")
        db.close()
        await (await Database.open(old, kind)).close()
        assert shape(old) == shape(tmp_path / "new")
        with sqlite3.connect(old) as db:
            assert db.execute(f"SELECT count(*) FROM {FIRST_ROWS[kind].split()[2]}").fetchone() == (1,)
        db.close()


async def test_a_database_from_the_future_is_left_alone(tmp_path: Path) -> None:
    await (await Database.open(tmp_path / "index.db", "index")).close()
    with sqlite3.connect(tmp_path / "index.db") as db:
        db.execute("PRAGMA user_version = 999")
    db.close()
    with pytest.raises(IndexBroken):
        await Database.open(tmp_path / "index.db", "index")
