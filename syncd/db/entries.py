"""The paths of all trees: questions about the entries table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from syncd.db.database import Database, Row, Transaction, built
from syncd.model import Entry

WINDOW = 10_000  # rows of the feed looked at for the changes of one folder
NEVER = (1 << 63) - 1  # beyond every seq
PATHS = 100  # named of one content: a tree may have empty files without number
LAST = b""  # beyond every path: in SQLite's order a blob is greater than any text

_COLUMNS = (
    "seq, user_id, path, live, hash, size, disk_mtime_ns, device_id, coalesce(born_seq, seq), changed_ms,"
    " moved_from, moved_to, verified_ms, coalesce(node, seq), coalesce(born_ms, changed_ms)"
)
_FILE = "live AND hash IS NOT NULL"
_MADE = "live AND hash IS NULL"


def _entry(row: Row) -> Entry:
    seq, user_id, path, live, *rest = row
    return built(Entry, seq, user_id, path, bool(live), *rest)


async def at(db: Database, user_id: int, path: str) -> Entry | None:
    """The row of *path*, live or tombstone."""
    found = await db.read(f"SELECT {_COLUMNS} FROM entries WHERE user_id = ? AND path = ?", (user_id, path))
    return _entry(found[0]) if found else None


async def among(db: Database, user_id: int, paths: Sequence[str]) -> dict[str, Entry]:
    """The files among *paths*, by path; one query for at most a few hundred."""
    marks = ",".join("?" * len(paths))
    found = await db.read(
        f"SELECT {_COLUMNS} FROM entries WHERE user_id = ? AND {_FILE} AND path IN ({marks})", (user_id, *paths)
    )
    return {entry.path: entry for entry in map(_entry, found)}


async def after(db: Database, seq: int, limit: int) -> list[Entry]:
    """The next *limit* files of all users that changed beyond *seq*, in order."""
    found = await db.read(
        f"SELECT {_COLUMNS} FROM entries WHERE seq > ? AND {_FILE} ORDER BY seq LIMIT ?", (seq, limit)
    )
    return [_entry(row) for row in found]


async def names_in(db: Database, user_id: int, parent: str) -> list[str]:
    """Paths of the live files directly in the folder *parent*, bytewise by name."""
    found = await db.read(f"SELECT path FROM entries WHERE user_id = ? AND parent = ? AND {_FILE}", (user_id, parent))
    return sorted((str(path) for (path,) in found), key=str.encode)


async def of_size_in(db: Database, user_id: int, parent: str, size: int, limit: int) -> list[Entry]:
    """Live files directly in *parent* with so many bytes, the newest first."""
    found = await db.read(
        f"SELECT {_COLUMNS} FROM entries WHERE user_id = ? AND parent = ? AND live AND size = ?"
        " ORDER BY seq DESC LIMIT ?",
        (user_id, parent, size, limit),
    )
    return [_entry(row) for row in found]


async def folders(db: Database, user_id: int, below: str = "") -> list[str]:
    """Every folder of a user below *below* ('' is the top) that was made or holds something; one index walk for each.

    One that only leads to another folder is not named. The top is '', and is named if it holds something.
    """
    low, high = (f"{below}/", f"{below}0") if below else ("", LAST)
    # A loose index scan: jumps from one distinct parent to the next instead of reading a row per file.
    found = await db.read(
        "WITH RECURSIVE step(parent) AS ("
        " SELECT min(parent) FROM entries WHERE user_id = ?1 AND live AND parent >= ?2 AND parent < ?3"
        " UNION ALL SELECT (SELECT min(parent) FROM entries WHERE user_id = ?1 AND live AND parent > step.parent"
        " AND parent < ?3) FROM step WHERE step.parent IS NOT NULL)"
        " SELECT parent FROM step WHERE parent IS NOT NULL"
        f" UNION SELECT path FROM entries WHERE user_id = ?1 AND {_MADE} AND path >= ?2 AND path < ?3 ORDER BY 1",
        (user_id, low, high),
    )
    return [str(one) for (one,) in found]


async def below(db: Database, user_id: int, folder: str, after_path: str, limit: int) -> list[Entry]:
    """The next files and made folders at any depth below *folder* ('' is the top), by path, beyond *after_path*."""
    low, high = (f"{folder}/", f"{folder}0") if folder else ("", LAST)
    found = await db.read(
        # One lower bound: given two, SQLite takes the first and reads all that comes before the folder.
        f"SELECT {_COLUMNS} FROM entries WHERE user_id = ? AND path > ? AND path < ? AND live ORDER BY path LIMIT ?",
        (user_id, max(low, after_path, key=str.encode), high, limit),
    )
    return [_entry(row) for row in found]


async def made_among(db: Database, user_id: int, paths: Sequence[str]) -> set[str]:
    """Which of *paths* are folders that were made; at most a few hundred."""
    marks = ",".join("?" * len(paths))
    found = await db.read(
        f"SELECT path FROM entries WHERE user_id = ? AND {_MADE} AND path IN ({marks})", (user_id, *paths)
    )
    return {str(path) for (path,) in found}


async def is_folder(db: Database, user_id: int, path: str) -> bool:
    """Was *path* made as a folder, or is there something below it?"""
    found = await db.read(
        # By parent: that index has no tombstones, of which a folder that was emptied may have a hundred thousand.
        f"SELECT 1 FROM entries WHERE user_id = ?1 AND {_MADE} AND path = ?2"
        " UNION ALL SELECT 1 FROM entries WHERE user_id = ?1 AND live AND parent = ?2"
        " UNION ALL SELECT 1 FROM entries WHERE user_id = ?1 AND live AND parent > ?2 || '/' AND parent < ?2 || '0'"
        " LIMIT 1",
        (user_id, path),
    )
    return bool(found)


@dataclass(frozen=True, slots=True)
class Extent:
    """What there is at and below a folder."""

    rows: int  # files and made folders
    longest: int  # bytes of the longest path
    deepest: int  # segments of the deepest path


async def extent(db: Database, user_id: int, folder: str) -> Extent:
    """Of a folder that there is."""
    [row] = await db.read(
        # In two parts, because between "a" and "a/b" there is all of a library "a c".
        "SELECT count(*), max(length(CAST(path AS BLOB))), max(1 + length(path) - length(replace(path, '/', '')))"
        " FROM (SELECT path FROM entries WHERE user_id = ?1 AND live AND path = ?2 UNION ALL"
        " SELECT path FROM entries WHERE user_id = ?1 AND live AND path > ?2 || '/' AND path < ?2 || '0')",
        (user_id, folder),
    )
    return built(Extent, *row)


async def by_node(db: Database, user_id: int, node: int) -> Entry | None:
    """The live thing of that identity, wherever it is now."""
    found = await db.read(
        f"SELECT {_COLUMNS} FROM entries WHERE user_id = ?1 AND live AND node = ?2 UNION ALL"
        f" SELECT {_COLUMNS} FROM entries WHERE user_id = ?1 AND live AND seq = ?2 AND node IS NULL LIMIT 1",
        (user_id, node),
    )
    return _entry(found[0]) if found else None


async def owner_of_hash(db: Database, digest: bytes) -> Entry | None:
    """Some live file with that content, whosever it is."""
    found = await db.read(f"SELECT {_COLUMNS} FROM entries WHERE hash = ? AND live LIMIT 1", (digest,))
    return _entry(found[0]) if found else None


async def with_contents(db: Database, user_id: int, hashes: Sequence[bytes]) -> list[Entry]:
    """The live files of a user that have one of these contents, up to PATHS of each; at most a few hundred hashes."""
    marks = ",".join("?" * len(hashes))
    found = await db.read(
        # The plus keeps SQLite from reading the user's whole tree instead.
        f"SELECT {_COLUMNS} FROM (SELECT *, row_number() OVER (PARTITION BY hash) AS nth FROM entries"
        f" WHERE hash IN ({marks}) AND live AND +user_id = ?) WHERE nth <= {PATHS} ORDER BY path",
        (*hashes, user_id),
    )
    return [_entry(row) for row in found]


async def newest(db: Database) -> int:
    """The highest seq ever issued."""
    found = await db.read("SELECT seq FROM sqlite_sequence WHERE name = 'entries'")
    return int(found[0][0]) if found and isinstance(found[0][0], int) else 0


async def usage(db: Database, user_id: int) -> tuple[int, int]:
    """How many live files, and their bytes."""
    found = await db.read("SELECT files, bytes FROM usage WHERE user_id = ?", (user_id,))
    return (int(found[0][0] or 0), int(found[0][1] or 0)) if found else (0, 0)


async def start_above(transaction: Transaction, seq: int) -> None:
    """No seq at or below *seq* will be issued."""
    await transaction.run("UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = 'entries'", (seq,))
    await transaction.run(
        "INSERT INTO sqlite_sequence (name, seq) SELECT 'entries', ?"
        " WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'entries')",
        (seq,),
    )


async def mark_verified(transaction: Transaction, seqs: Sequence[int], now_ms: int) -> None:
    """Note that these rows' files were re-read and found right."""
    await transaction.run_many("UPDATE entries SET verified_ms = ? WHERE seq = ?", [(now_ms, seq) for seq in seqs])


async def note_mtime(transaction: Transaction, seq: int, disk_mtime_ns: int) -> None:
    """The content is the same, only its time changed: no change for the feed."""
    await transaction.run("UPDATE entries SET disk_mtime_ns = ? WHERE seq = ?", (disk_mtime_ns, seq))


async def drop_user(transaction: Transaction, user_id: int) -> None:
    """Forget a removed user's rows; the files stay on the disk."""
    for table in ("entries", "trash", "usage", "cursors", "floors", "sessions", "conflicts", "links"):
        await transaction.run(f"DELETE FROM {table} WHERE user_id = ?", (user_id,))


async def feed(
    db: Database, user_id: int, cursor: int, last: int | None, limit: int, below: str
) -> tuple[int, list[Entry], bool]:
    """The next changes of a user beyond *cursor*, up to *last* (None: the newest), at most *limit*.

    Also the cursor to go on from, and whether that was all. With *below*, a folder, only its changes are looked for, in
    at most WINDOW rows, so that a rare folder in a large tree does not hold up the others.
    """
    window = WINDOW if below else limit
    found = await db.read(
        # One statement, so that rows and the newest number are of the same moment.
        "WITH newest(seq) AS (SELECT min(coalesce(max(seq), 0), ?3) FROM sqlite_sequence WHERE name = 'entries'),"
        " part(seq) AS (SELECT entries.seq FROM entries, newest WHERE user_id = ?1 AND entries.seq > ?2"
        " AND entries.seq <= newest.seq ORDER BY entries.seq LIMIT ?4)"
        " SELECT newest.seq, (SELECT count(*) FROM part), (SELECT max(seq) FROM part), rows.*"
        f" FROM newest LEFT JOIN (SELECT {_COLUMNS} FROM entries WHERE seq IN (SELECT seq FROM part)"
        " AND path >= ?5 AND path < ?6 ORDER BY seq LIMIT ?7) AS rows ORDER BY rows.seq",
        (
            *(user_id, cursor, last if last is not None else NEVER, window),
            *((f"{below}/", f"{below}0") if below else ("", LAST)),
            limit,
        ),
    )
    newest_seq, scanned, scanned_to = (int(one or 0) for one in found[0][:3])
    changes = [_entry(row[3:]) for row in found if row[3] is not None]
    if len(changes) == limit:
        return changes[-1].seq, changes, False
    if scanned == window:
        return scanned_to, changes, False
    return max(newest_seq, cursor), changes, True
