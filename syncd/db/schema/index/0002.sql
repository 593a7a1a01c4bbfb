-- What devices that keep whole trees in step need: the feed's bounds, what they know, uploads in chunks, conflicts.

-- How far each device has applied the feed.
CREATE TABLE cursors (
    device_id TEXT    PRIMARY KEY,
    user_id   INTEGER NOT NULL,
    seq       INTEGER NOT NULL,
    acked_ms  INTEGER NOT NULL                     -- Unix ms
) STRICT, WITHOUT ROWID;
CREATE INDEX cursors_user ON cursors (user_id);

-- Deletions at or below `floor` are no longer remembered for that user.
CREATE TABLE floors (
    user_id INTEGER PRIMARY KEY,
    floor   INTEGER NOT NULL
) STRICT;
CREATE INDEX entries_dead ON entries (user_id, seq) WHERE NOT live;

-- Sequences this index never issued: it was thrown back or restored, and went on above what may have been issued since.
-- A cursor in between (low < cursor < high) knows things that this index does not.
CREATE TABLE gaps (
    low  INTEGER NOT NULL,
    high INTEGER NOT NULL
) STRICT;

-- Uploads in chunks; the bytes are at .syncd/staging/<id>.session.
CREATE TABLE sessions (
    id           TEXT    PRIMARY KEY,              -- 32 hex digits
    user_id      INTEGER NOT NULL,
    device_id    TEXT,
    path         TEXT    NOT NULL,                 -- where the file is wanted
    size         INTEGER NOT NULL,                 -- bytes
    hash         BLOB    CHECK (length(hash) = 32), -- SHA-256 it must have; NULL: not announced
    chunk_size   INTEGER NOT NULL,                 -- bytes
    mtime_ms     INTEGER,                          -- Unix ms; NULL: the time of arrival
    base_hash    BLOB    CHECK (length(base_hash) = 32), -- the version the client knew
    known_seq    INTEGER NOT NULL,                 -- without base_hash: it knew what was at or below this
    blocks       BLOB,                             -- SHA-256 of each chunk, one after the other; NULL: not announced
    received     BLOB    NOT NULL,                 -- one byte per chunk: 1 when its bytes are durable
    created_ms   INTEGER NOT NULL,
    touched_ms   INTEGER NOT NULL,                 -- last chunk
    touched_up_s INTEGER NOT NULL,                 -- seconds of trusted uptime of the box by then
    stored       TEXT,                             -- once completed: the path it got
    stored_hash  BLOB    CHECK (length(stored_hash) = 32),
    seq          INTEGER,
    conflict_id  INTEGER
) STRICT;
CREATE INDEX sessions_user ON sessions (user_id, device_id) WHERE stored IS NULL;
CREATE INDEX sessions_touched ON sessions (touched_ms);

-- Two versions of a path that did not know of each other.
CREATE TABLE conflicts (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id     INTEGER NOT NULL,
    device_id   TEXT    NOT NULL,                  -- '' for a user without a device
    path        TEXT    NOT NULL,
    kind        TEXT    NOT NULL CHECK (kind IN ('edit_edit', 'edit_delete', 'delete_edit')),
    local_hash  BLOB    NOT NULL,                  -- the device's version; empty: deleted
    server_hash BLOB    NOT NULL,                  -- the server's; empty: changed by another program, not read yet
    copy        TEXT,                              -- the conflicted copy, once the device's bytes are here
    detected_ms INTEGER NOT NULL,
    state       TEXT    NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'client_wins', 'keep_both', 'resolved'))
                                                   -- client_wins, keep_both: decided, the bytes are still to come
) STRICT;
CREATE UNIQUE INDEX conflicts_once ON conflicts (user_id, device_id, path, local_hash, server_hash)
    WHERE state != 'resolved';
CREATE INDEX conflicts_open ON conflicts (user_id, id) WHERE state = 'open';
CREATE INDEX conflicts_won ON conflicts (user_id, path) WHERE state = 'client_wins';

-- Of which blocks a content consists, so that only what changed has to travel. Can be thrown away at any time.
CREATE TABLE blocks (
    content    BLOB    NOT NULL CHECK (length(content) = 32),
    chunk_size INTEGER NOT NULL,
    position   INTEGER NOT NULL,                   -- 0, 1, 2 …
    hash       BLOB    NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (content, chunk_size, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX blocks_hash ON blocks (hash);
