-- Accounts and what nothing on the disk could rebuild. Lives in the state directory, never on the removable disk.

CREATE TABLE users (
    id         INTEGER PRIMARY KEY AUTOINCREMENT, -- never reused: the index refers to it
    public_id  TEXT    NOT NULL UNIQUE,           -- 32 hex digits
    name       TEXT    NOT NULL,                  -- as typed
    folded     TEXT    NOT NULL UNIQUE,           -- NFC, case-folded: names differ by more than case
    home       TEXT    NOT NULL UNIQUE,           -- folder on the volume
    role       TEXT    NOT NULL CHECK (role IN ('admin', 'user')),
    password   TEXT,                              -- bcrypt; NULL: no password
    created_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE devices (
    id         TEXT    PRIMARY KEY,               -- UUID
    user_id    INTEGER NOT NULL REFERENCES users ON DELETE CASCADE,
    name       TEXT    NOT NULL,
    kind       TEXT    NOT NULL,
    enabled    INTEGER NOT NULL DEFAULT 1,
    created_ms INTEGER NOT NULL,
    seen_ms    INTEGER                            -- Unix ms, to the day
) STRICT;
CREATE INDEX devices_user ON devices (user_id);

-- Secrets are kept as SHA-256 of 256 random bits; what is here cannot be replayed.
CREATE TABLE tokens (
    hash       BLOB    PRIMARY KEY CHECK (length(hash) = 32),
    user_id    INTEGER NOT NULL REFERENCES users ON DELETE CASCADE,
    device_id  TEXT    REFERENCES devices ON DELETE CASCADE,
    use        TEXT    NOT NULL CHECK (use IN ('session', 'key')),
    created_ms INTEGER NOT NULL,
    used_ms    INTEGER NOT NULL                   -- Unix ms, to the day: flash is spared
) STRICT;
CREATE INDEX tokens_user ON tokens (user_id);
CREATE INDEX tokens_device ON tokens (device_id);

-- The disks this box serves. Sequences at or below `reserved` may have been issued.
CREATE TABLE volumes (
    id       TEXT    PRIMARY KEY,
    reserved INTEGER NOT NULL,
    last     INTEGER NOT NULL                     -- newest seq of its index when it was closed in order; -1 while open
) STRICT;

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
