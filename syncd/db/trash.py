"""What lies in the trash."""

from __future__ import annotations

from collections.abc import Sequence

from syncd.db.database import Database, Row, blob, built
from syncd.model import Reason, Trashed

_COLUMNS = "id, user_id, place, original, hash, size, disk_mtime_ns, reason, device_id, trashed_ms"


def _trashed(row: Row) -> Trashed:
    *before, reason, device_id, trashed_ms = row
    return built(Trashed, *before, Reason(str(reason)), device_id, trashed_ms)


async def at(db: Database, user_id: int, place: str) -> Trashed | None:
    """What lies at *place* below the user's `.trash/`."""
    found = await db.read(f"SELECT {_COLUMNS} FROM trash WHERE user_id = ? AND place = ?", (user_id, place))
    return _trashed(found[0]) if found else None


async def among(db: Database, user_id: int, places: Sequence[str]) -> dict[str, Trashed]:
    """The rows of *places*, by place; one query for at most a few hundred."""
    marks = ",".join("?" * len(places))
    found = await db.read(f"SELECT {_COLUMNS} FROM trash WHERE user_id = ? AND place IN ({marks})", (user_id, *places))
    return {one.place: one for one in map(_trashed, found)}


async def by_id(db: Database, trash_id: int) -> Trashed | None:
    found = await db.read(f"SELECT {_COLUMNS} FROM trash WHERE id = ?", (trash_id,))
    return _trashed(found[0]) if found else None


async def page(db: Database, user_id: int | None, after_id: int, limit: int) -> list[Trashed]:
    """The next rows beyond *after_id*, of one user or (None) of all."""
    found = await db.read(
        f"SELECT {_COLUMNS} FROM trash WHERE id > ?1 AND (?2 IS NULL OR user_id = ?2) ORDER BY id LIMIT ?3",
        (after_id, user_id, limit),
    )
    return [_trashed(row) for row in found]


async def below(db: Database, user_id: int, folder: str) -> list[str]:
    """Places of all files at any depth below *folder*, bytewise."""
    found = await db.read(
        "SELECT place FROM trash WHERE user_id = ? AND place >= ? AND place < ?",
        (user_id, f"{folder}/", f"{folder}0"),
    )
    return sorted((str(place) for (place,) in found), key=str.encode)


async def in_folder(db: Database, user_id: int, folder: str) -> list[str]:
    """Places of the files directly in *folder*, bytewise."""
    found = await db.read("SELECT place FROM trash WHERE user_id = ? AND parent = ?", (user_id, folder))
    return sorted((str(place) for (place,) in found), key=str.encode)


async def tops(db: Database, user_id: int) -> list[str]:
    """The first segments of all places: for a phone, its devices."""
    found = await db.read(
        "SELECT DISTINCT substr(place, 1, instr(place, '/') - 1) FROM trash"
        " WHERE user_id = ? AND instr(place, '/') > 0 ORDER BY 1",
        (user_id,),
    )
    return [str(top) for (top,) in found]


async def expired(db: Database, before_ms: int, before_up_s: int, limit: int) -> list[Trashed]:
    """The oldest rows that are old by the clock *and* by the hours the box was up."""
    found = await db.read(
        f"SELECT {_COLUMNS} FROM trash WHERE trashed_ms <= ? AND trashed_up_s <= ? ORDER BY trashed_ms LIMIT ?",
        (before_ms, before_up_s, limit),
    )
    return [_trashed(row) for row in found]


async def contents_among(db: Database, user_id: int, hashes: Sequence[bytes]) -> set[bytes]:
    """Which of these contents lie in the trash of a user; at most a few hundred hashes."""
    marks = ",".join("?" * len(hashes))
    found = await db.read(
        f"SELECT DISTINCT hash FROM trash WHERE hash IN ({marks}) AND user_id = ?", (*hashes, user_id)
    )
    return {blob(digest) for (digest,) in found}


async def holds_hash(db: Database, digest: bytes) -> bool:
    """Does any trash still hold that content?"""
    return bool(await db.read("SELECT 1 FROM trash WHERE hash = ? LIMIT 1", (digest,)))


async def count(db: Database) -> tuple[int, int]:
    """How many files lie in all trashes, and their bytes."""
    [(files, size)] = await db.read("SELECT count(*), coalesce(sum(size), 0) FROM trash")
    return int(files or 0), int(size or 0)
