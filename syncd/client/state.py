"""What the client remembers: one SQLite file, `.syncd/state.db`.

`remote` mirrors the server's tree as of the cursor in `meta`; `base` holds what both sides last agreed on.
A power cut may take back the last moments of it, never its consistency: then the feed is read again from there.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from syncd.client.decide_folder import There
from syncd.client.folder import Stat
from syncd.client.names import parents

RACY_NS = 2_000_000_000  # FAT's clock ticks every two seconds: a later change within one tick could not be seen
FIRST = """
CREATE TABLE remote (
    path TEXT PRIMARY KEY,
    hash TEXT,              -- 64 hex digits; NULL: deleted
    size INTEGER,           -- bytes
    mtime_ms INTEGER,       -- Unix ms
    seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX remote_hash ON remote (hash);
CREATE TABLE base (
    path TEXT PRIMARY KEY,
    hash TEXT NOT NULL,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    ctime_ns INTEGER NOT NULL,
    inode INTEGER NOT NULL,
    mode INTEGER NOT NULL,
    checked_ns INTEGER NOT NULL   -- Unix ns when the content was known to be this
) STRICT, WITHOUT ROWID;
CREATE INDEX base_hash ON base (hash);
CREATE TABLE uploads (
    path TEXT PRIMARY KEY,
    session TEXT NOT NULL,
    hash TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
"""
FOLDERS = """
-- 1: a folder that was made; then hash is NULL, and it is no deletion
ALTER TABLE remote ADD COLUMN is_folder INTEGER NOT NULL DEFAULT 0;
CREATE TABLE folders (
    path TEXT PRIMARY KEY,
    made INTEGER NOT NULL   -- what both sides agreed on; 1: it was made, 0: it led to something
) STRICT, WITHOUT ROWID;
"""
SCHEMAS = (FIRST, FOLDERS)  # a file of version n has the first n
VERSION = len(SCHEMAS)
_LIVE = "(remote.hash NOTNULL OR remote.is_folder)"
_BELOW = f"SELECT 1 FROM remote WHERE remote.path > {{0}} || '/' AND remote.path < {{0}} || '0' AND {_LIVE}"


@dataclass(frozen=True, slots=True)
class Remote:
    """The server's latest word on a path; *hash* None: deleted, unless it is a folder that was made."""

    path: str
    hash: str | None
    size: int
    mtime_ms: int | None
    seq: int
    is_folder: bool = False


@dataclass(frozen=True, slots=True)
class Base:
    """What both sides agreed on, and how the file lay here then."""

    path: str
    hash: str
    stat: Stat
    checked_ns: int

    def holds(self, found: Stat) -> bool:
        """Is *found* this content for sure, without reading it?"""
        return found == self.stat and self.checked_ns - found.mtime_ns > RACY_NS


@dataclass(frozen=True, slots=True)
class Session:
    """An upload that was begun."""

    path: str
    id: str
    hash: str


class State:
    def __init__(self, path: Path, *, dry: bool = False) -> None:
        """Open or make the file; *dry* works on a copy in memory. Raises sqlite3.Error."""
        if dry:
            self._db = sqlite3.connect(":memory:", isolation_level=None)
            if path.exists():
                # To read beside a log SQLite makes a file; without a log nobody is at work, and it need not.
                alone = "" if path.with_name(f"{path.name}-wal").exists() else "&immutable=1"
                with sqlite3.connect(f"{path.as_uri()}?mode=ro{alone}", uri=True) as kept:
                    kept.backup(self._db)
                kept.close()
        else:
            self._db = sqlite3.connect(path, isolation_level=None)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
        with self.writing():
            [version] = self._db.execute("PRAGMA user_version").fetchone()
            if version > VERSION:
                raise sqlite3.DatabaseError("a newer syncd made it")
            for schema in SCHEMAS[version:]:
                for statement in schema.split(";\n"):
                    self._db.execute(statement)
            if 0 < version < VERSION:
                self.begin_mirror()  # nobody asked the server for what is new in it
            self._db.execute(f"PRAGMA user_version = {VERSION}")

    def close(self) -> None:
        self._db.close()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """All or nothing of what is written inside; may be nested."""
        if self._db.in_transaction:
            yield
            return
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    # --- meta

    def word(self, name: str) -> str | None:
        row = self._db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else None

    def set_word(self, name: str, value: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))

    @property
    def cursor(self) -> int:
        return int(self.word("cursor") or 0)

    @property
    def is_whole(self) -> bool:
        """Was the feed read to its end at least once since the mirror was begun?"""
        return self.word("whole") == "yes"

    @property
    def was_backup(self) -> bool:
        """Did the last run only send?"""
        return self.word("mode") == "up-only"

    @was_backup.setter
    def was_backup(self, only_up: bool) -> None:
        self.set_word("mode", "up-only" if only_up else "both ways")

    # --- the mirror of the server

    def begin_mirror(self) -> None:
        """Forget the mirror; until it is whole again nothing may be concluded from it."""
        with self.writing():
            self.set_word("reached", str(max(self.cursor, self._reached)))
            self._db.execute("DELETE FROM remote")
            self.set_word("cursor", "0")
            self.set_word("whole", "no")

    def mirror(self, changes: Iterable[Remote], cursor: int, at_end: bool) -> None:
        """Take over a page of the feed, and the cursor after it."""
        with self.writing():
            for one in changes:
                self.heard(one)
            self.set_word("cursor", str(cursor))
            if at_end and not self.is_whole:
                if cursor < self._reached:
                    self._disagree()
                self.set_word("reached", "0")
                self.set_word("whole", "yes")

    @property
    def _reached(self) -> int:
        """The cursor that the mirror before this one had; a server that is not as far was restored from a backup."""
        return int(self.word("reached") or 0)

    def _disagree(self) -> None:
        """Forget what was agreed on and the server does not have: it is no deletion there, and no newer version."""
        self._db.execute(
            "DELETE FROM base WHERE (path, hash) NOT IN (SELECT path, hash FROM remote WHERE hash NOTNULL)"
        )
        self._db.execute("DELETE FROM folders WHERE path NOT IN (SELECT path FROM remote WHERE is_folder)")

    def heard(self, one: Remote) -> None:
        """The server's word on a path, unless a later one is known already."""
        self._db.execute(
            "INSERT INTO remote VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (path) DO UPDATE SET hash = excluded.hash,"
            " size = excluded.size, mtime_ms = excluded.mtime_ms, seq = excluded.seq, is_folder = excluded.is_folder"
            " WHERE excluded.seq > remote.seq",
            (one.path, one.hash, one.size, one.mtime_ms, one.seq, one.is_folder),
        )

    def removed(self, known: Remote) -> None:
        """The server removed the version *known* on our word; the feed will tell the sequence.

        Not waiting for that: a file saved anew in between, with the content it had, would be taken for the old one.
        """
        self._db.execute("UPDATE remote SET hash = NULL WHERE path = ? AND seq = ?", (known.path, known.seq))
        self.forget(known.path)

    def remote(self, path: str) -> Remote | None:
        """The server's live file at *path*; None when there is none."""
        row = self._db.execute(
            "SELECT path, hash, size, mtime_ms, seq FROM remote WHERE path = ? AND hash IS NOT NULL", (path,)
        ).fetchone()
        return Remote(*row) if row else None

    def conflicted_copy(self, path: str, digest: str) -> str | None:
        """A conflicted copy of *path* with that content, if the server has one."""
        folder, _, name = path.rpartition("/")
        for (found,) in self._db.execute("SELECT path FROM remote WHERE hash = ?", (digest,)).fetchall():
            beside, _, copy = str(found).rpartition("/")
            stem, mark, _ = copy.partition(".sync-conflict-")  # a long name is cut short
            if beside == folder and mark and name.startswith(stem):
                return str(found)
        return None

    def is_in_the_way(self, path: str) -> bool:
        """Has the server an agreed file where *path* needs a folder, or files in a folder of that name?"""
        above = parents(path)
        found = self._db.execute(
            "SELECT 1 FROM remote JOIN base USING (path, hash) WHERE path > ? AND path < ?"
            f" OR path IN ({','.join('?' * len(above))}) LIMIT 1",
            (path + "/", path + "0", *above),
        )
        return found.fetchone() is not None

    def file_above(self, path: str) -> Remote | None:
        """The server's file where *path* needs a folder."""
        return next((found for above in parents(path) if (found := self.remote(above)) is not None), None)

    def unsettled(self) -> set[str]:
        """Paths whose agreed version is not the server's, and folders that are not as agreed."""
        rows = self._db.execute(
            "SELECT path FROM remote LEFT JOIN base USING (path) WHERE remote.hash IS NOT base.hash"
            " UNION SELECT path FROM base WHERE path NOT IN (SELECT path FROM remote)"
            " UNION SELECT path FROM remote WHERE is_folder AND path NOT IN (SELECT path FROM folders WHERE made)"
            " UNION SELECT path FROM folders WHERE made AND path NOT IN (SELECT path FROM remote WHERE is_folder)"
            f" UNION SELECT path FROM folders WHERE NOT made AND NOT EXISTS ({_BELOW.format('folders.path')})"
        )
        return {str(path) for (path,) in rows}

    def is_known(self, digest: str) -> bool:
        """Does the server, or did both sides, have that content under any name?"""
        found = self._db.execute(
            "SELECT 1 FROM remote WHERE hash = ?1 UNION ALL SELECT 1 FROM base WHERE hash = ?1 LIMIT 1", (digest,)
        )
        return found.fetchone() is not None

    # --- what was agreed on

    def base(self, path: str) -> Base | None:
        row = self._db.execute(f"{_BASE} WHERE path = ?", (path,)).fetchone()
        return _base(row) if row else None

    def bases(self) -> Iterator[Base]:
        return map(_base, self._db.execute(_BASE).fetchall())

    def below(self, folder: str) -> list[str]:
        """The agreed paths in *folder*, those of folders that were made among them."""
        rows = self._db.execute(
            "SELECT path FROM base WHERE path >= ?1 AND path < ?2"
            " UNION SELECT path FROM folders WHERE path >= ?1 AND path < ?2 AND made",
            (folder + "/", folder + "0"),
        )
        return [str(path) for (path,) in rows]

    def holders(self, digest: str) -> list[Base]:
        """Agreed files with that content."""
        return [_base(row) for row in self._db.execute(f"{_BASE} WHERE hash = ? LIMIT 8", (digest,))]

    def agreed(self) -> int:
        """How many files there are that both sides agreed on."""
        [count] = self._db.execute("SELECT count(*) FROM base").fetchone()
        return int(count)

    def agree(self, path: str, digest: str, found: Stat, checked_ns: int) -> None:
        self._db.execute(
            "INSERT OR REPLACE INTO base VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (path, digest, found.size, found.mtime_ns, found.ctime_ns, found.inode, found.mode, checked_ns),
        )

    def forget(self, path: str) -> None:
        """Neither side has *path*, or it is not synced any more."""
        self._db.execute("DELETE FROM base WHERE path = ?", (path,))

    # --- folders

    def made(self, path: str) -> Remote | None:
        """The server's folder at *path*, if somebody made it."""
        row = self._db.execute("SELECT seq FROM remote WHERE path = ? AND is_folder", (path,)).fetchone()
        return Remote(path, None, 0, None, int(row[0]), is_folder=True) if row else None

    def leads(self, path: str) -> bool:
        """Is anything in the server's folder *path*?"""
        return self._db.execute(f"{_BELOW.format('?1')} LIMIT 1", (path,)).fetchone() is not None

    def folders_in_the_way(self, path: str) -> list[Remote]:
        """The server's folders at and below *path*, the innermost first, if no file is in any of them."""
        rows = self._db.execute(
            f"SELECT path, seq, is_folder FROM remote WHERE {_LIVE}"
            " AND (path = ?1 OR path > ?1 || '/' AND path < ?1 || '0') ORDER BY path DESC",
            (path,),
        ).fetchall()
        if not all(is_folder for _, _, is_folder in rows):
            return []
        return [Remote(str(one), None, 0, None, int(seq), is_folder=True) for one, seq, _ in rows]

    def folder_there(self, path: str) -> There:
        """What the server has at *path*, as a folder."""
        if self.made(path) is not None:
            return There.MADE
        if self.leads(path):
            return There.LED
        is_file = self.remote(path) is not None or self.file_above(path) is not None
        return There.FILE if is_file else There.NOTHING

    def folder_agreed(self, path: str) -> There:
        """What both sides agreed on about the folder *path*; never FILE."""
        row = self._db.execute("SELECT made FROM folders WHERE path = ?", (path,)).fetchone()
        return There.NOTHING if row is None else There.MADE if row[0] else There.LED

    def folders_agreed(self) -> dict[str, There]:
        """All that were agreed on."""
        rows = self._db.execute("SELECT path, made FROM folders")
        return {str(path): There.MADE if made else There.LED for path, made in rows}

    def agree_folder(self, path: str, there: There) -> None:
        """Both sides have the folder, LED or MADE."""
        self._db.execute("INSERT OR REPLACE INTO folders VALUES (?, ?)", (path, there is There.MADE))

    def lead(self, paths: Iterable[str]) -> None:
        """Folders that are here because of the server's files, and that shall be no news once they are empty."""
        with self.writing():
            self._db.executemany("INSERT OR IGNORE INTO folders VALUES (?, 0)", [(path,) for path in paths])

    def forget_folder(self, path: str) -> None:
        self._db.execute("DELETE FROM folders WHERE path = ?", (path,))

    def forget_folders(self) -> None:
        """This server keeps none."""
        self._db.execute("DELETE FROM folders")

    def folder_made(self, path: str, seq: int) -> None:
        """The server made the folder on our word."""
        with self.writing():
            self.heard(Remote(path, None, 0, None, seq, is_folder=True))
            self.agree_folder(path, There.MADE)

    def folder_removed(self, known: Remote) -> None:
        """The server removed the folder *known* on our word; as removed()."""
        with self.writing():
            self._db.execute("UPDATE remote SET is_folder = 0 WHERE path = ? AND seq = ?", (known.path, known.seq))
            self.forget_folder(known.path)

    # --- uploads that were begun

    def session(self, path: str) -> Session | None:
        row = self._db.execute("SELECT path, session, hash FROM uploads WHERE path = ?", (path,)).fetchone()
        return Session(*row) if row else None

    def sessions(self) -> list[Session]:
        return [Session(*row) for row in self._db.execute("SELECT path, session, hash FROM uploads")]

    def began(self, one: Session) -> None:
        self._db.execute("INSERT OR REPLACE INTO uploads VALUES (?, ?, ?)", (one.path, one.id, one.hash))

    def ended(self, path: str) -> None:
        self._db.execute("DELETE FROM uploads WHERE path = ?", (path,))


_BASE = "SELECT path, hash, size, mtime_ns, ctime_ns, inode, mode, checked_ns FROM base"


def _base(row: tuple[str, str, int, int, int, int, int, int]) -> Base:
    path, digest, size, mtime_ns, ctime_ns, inode, mode, checked_ns = row
    return Base(path, digest, Stat(size, mtime_ns, ctime_ns, inode, mode), checked_ns)
