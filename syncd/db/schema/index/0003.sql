-- Folders are things: one that was made is a row of its own, also while it is empty. Things keep their identity.

-- A CHECK cannot be altered, so the table is made anew.
CREATE TABLE entries_3 (
    seq           INTEGER PRIMARY KEY AUTOINCREMENT, -- never issued twice
    user_id       INTEGER NOT NULL,                  -- users.id in the accounts database
    path          TEXT    NOT NULL,                  -- below the user's home, '/' between segments, NFC
    parent        TEXT    NOT NULL,                  -- the folder's path; '' at the top
    live          INTEGER NOT NULL CHECK (live IN (0, 1)), -- 0: a tombstone
    hash          BLOB    CHECK (length(hash) = 32), -- SHA-256; NULL on a tombstone and on a folder
    size          INTEGER,                           -- bytes; NULL on a tombstone and on a folder
    disk_mtime_ns INTEGER,                           -- as the file system gives it back
    device_id     TEXT,                              -- who made the change, if a device did
    born_seq      INTEGER,                           -- change that brought the path to life; NULL: this one
    changed_ms    INTEGER NOT NULL,                  -- Unix ms, for people; order is seq
    moved_from    TEXT,
    moved_to      TEXT,
    verified_ms   INTEGER,                           -- Unix ms of the last re-read that found the hash right
    node          INTEGER,                           -- change that brought the thing to life, wherever it was then;
                                                     -- kept over moves and new versions; NULL: this one
    born_ms       INTEGER,                           -- Unix ms of that change; NULL: changed_ms
    UNIQUE (user_id, path),
    CHECK (live OR hash IS NULL),
    CHECK ((hash IS NULL) = (size IS NULL))
) STRICT;
INSERT INTO entries_3 (seq, user_id, path, parent, live, hash, size, disk_mtime_ns, device_id, born_seq, changed_ms,
                       moved_from, moved_to, verified_ms)
    SELECT seq, user_id, path, parent, live, hash, size, disk_mtime_ns, device_id, born_seq, changed_ms,
           moved_from, moved_to, verified_ms FROM entries ORDER BY seq;
DELETE FROM sqlite_sequence WHERE name = 'entries_3';
INSERT INTO sqlite_sequence (name, seq) SELECT 'entries_3', seq FROM sqlite_sequence WHERE name = 'entries';
DROP TABLE entries;
ALTER TABLE entries_3 RENAME TO entries;
CREATE INDEX entries_feed ON entries (user_id, seq);
CREATE INDEX entries_children ON entries (user_id, parent) WHERE live;
CREATE INDEX entries_hash ON entries (hash) WHERE live;
CREATE INDEX entries_dead ON entries (user_id, seq) WHERE NOT live;
CREATE INDEX entries_made ON entries (user_id, path) WHERE live AND hash IS NULL;
CREATE INDEX entries_node ON entries (user_id, node) WHERE live AND node IS NOT NULL;
CREATE TRIGGER entries_counted AFTER INSERT ON entries WHEN new.hash IS NOT NULL BEGIN
    INSERT INTO usage VALUES (new.user_id, 1, new.size)
        ON CONFLICT DO UPDATE SET files = files + 1, bytes = bytes + new.size;
END;
CREATE TRIGGER entries_uncounted AFTER DELETE ON entries WHEN old.hash IS NOT NULL BEGIN
    UPDATE usage SET files = files - 1, bytes = bytes - old.size WHERE user_id = old.user_id;
END;

-- SyncFile: short links, from which a file can be fetched without a log-in.

CREATE TABLE links (
    hash         BLOB    PRIMARY KEY CHECK (length(hash) = 32), -- SHA-256 of what was shown
    user_id      INTEGER NOT NULL,                -- users.id in the accounts database
    node         INTEGER NOT NULL,                -- the file, wherever it is by now
    content      BLOB    NOT NULL CHECK (length(content) = 32), -- SHA-256 of the version that was meant
    created_ms   INTEGER NOT NULL,                -- Unix ms
    created_up_s INTEGER NOT NULL,                -- uptime of the box by then, in seconds, over all its runs
    dated        INTEGER NOT NULL CHECK (dated IN (0, 1)) -- 1: the clock was trusted then
) STRICT;
CREATE INDEX links_user ON links (user_id);
