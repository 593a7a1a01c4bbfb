-- The index of one volume. All of it can be rebuilt from the files.

-- One row per path: its latest state, which is also the feed. A change replaces the row and so moves it to the end.
CREATE TABLE entries (
    seq           INTEGER PRIMARY KEY AUTOINCREMENT, -- never issued twice
    user_id       INTEGER NOT NULL,                  -- users.id in the accounts database
    path          TEXT    NOT NULL,                  -- below the user's home, '/' between segments, NFC
    parent        TEXT    NOT NULL,                  -- the folder's path; '' at the top
    live          INTEGER NOT NULL CHECK (live IN (0, 1)), -- 0: a tombstone
    hash          BLOB    CHECK (length(hash) = 32), -- SHA-256; NULL on a tombstone
    size          INTEGER,                           -- bytes
    disk_mtime_ns INTEGER,                           -- as the file system gives it back
    device_id     TEXT,                              -- who made the change, if a device did
    born_seq      INTEGER,                           -- change that brought the path to life; NULL: this one
    changed_ms    INTEGER NOT NULL,                  -- Unix ms, for people; order is seq
    moved_from    TEXT,
    moved_to      TEXT,
    verified_ms   INTEGER,                           -- Unix ms of the last re-read that found the hash right
    UNIQUE (user_id, path),
    CHECK ((live = 0) = (hash IS NULL))
) STRICT;
CREATE INDEX entries_feed ON entries (user_id, seq);
CREATE INDEX entries_children ON entries (user_id, parent) WHERE live;
CREATE INDEX entries_hash ON entries (hash) WHERE live;

-- What lies in the trash; the file is at <home>/.trash/<place>.
CREATE TABLE trash (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id       INTEGER NOT NULL,
    place         TEXT    NOT NULL,
    parent        TEXT    NOT NULL,                  -- folder of the place
    original      TEXT    NOT NULL,                  -- path it had in the tree
    hash          BLOB    NOT NULL CHECK (length(hash) = 32),
    size          INTEGER NOT NULL,
    disk_mtime_ns INTEGER NOT NULL,
    reason        TEXT    NOT NULL,
    device_id     TEXT,
    trashed_ms    INTEGER NOT NULL,                  -- Unix ms
    trashed_up_s  INTEGER NOT NULL,                  -- seconds of trusted uptime of the box by then
    UNIQUE (user_id, place)
) STRICT;
CREATE INDEX trash_children ON trash (user_id, parent);
CREATE INDEX trash_hash ON trash (hash);

-- Renames that were begun. Left over after a crash, they are finished at the next start.
CREATE TABLE intents (
    id    INTEGER PRIMARY KEY,
    step  TEXT NOT NULL                              -- JSON of records.Step
) STRICT;

-- What a content says of itself; made once per hash.
CREATE TABLE media (
    hash         BLOB PRIMARY KEY CHECK (length(hash) = 32),
    mime         TEXT    NOT NULL,
    has_picture  INTEGER NOT NULL,                   -- 1: a thumbnail can be had
    note         TEXT    NOT NULL,                   -- why there is none
    is_document  INTEGER NOT NULL,                   -- the heuristic's opinion
    examined_ms  INTEGER NOT NULL,
    taken_ms     INTEGER,
    width        INTEGER,
    height       INTEGER,
    orientation  INTEGER,
    duration_ms  INTEGER,
    camera       TEXT,
    latitude     REAL,
    longitude    REAL
) STRICT, WITHOUT ROWID;

-- Kept by the triggers below, because counting a tree takes too long for a request.
CREATE TABLE usage (
    user_id INTEGER PRIMARY KEY,
    files   INTEGER NOT NULL,
    bytes   INTEGER NOT NULL
) STRICT;
CREATE TRIGGER entries_counted AFTER INSERT ON entries WHEN new.live BEGIN
    INSERT INTO usage VALUES (new.user_id, 1, new.size)
        ON CONFLICT DO UPDATE SET files = files + 1, bytes = bytes + new.size;
END;
CREATE TRIGGER entries_uncounted AFTER DELETE ON entries WHEN old.live BEGIN
    UPDATE usage SET files = files - 1, bytes = bytes - old.size WHERE user_id = old.user_id;
END;

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
