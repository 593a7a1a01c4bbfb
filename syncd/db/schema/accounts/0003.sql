-- What two more doors and signing in with someone else's account need.

-- SxncD: settings that apps keep in step.

-- One key for each user and app; kept as SHA-256 of 256 random bits.
CREATE TABLE app_keys (
    user_id    INTEGER NOT NULL REFERENCES users ON DELETE CASCADE,
    app        TEXT    NOT NULL,                  -- name of the [app:…] section
    hash       BLOB    NOT NULL UNIQUE CHECK (length(hash) = 32),
    created_ms INTEGER NOT NULL,                  -- Unix ms
    used_ms    INTEGER,                           -- Unix ms, to the day; NULL: never
    PRIMARY KEY (user_id, app)
) STRICT, WITHOUT ROWID;

-- What was saved; the newest id counts, the others can be restored.
CREATE TABLE settings (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id    INTEGER NOT NULL REFERENCES users ON DELETE CASCADE,
    app        TEXT    NOT NULL,
    saved_ms   INTEGER NOT NULL,                  -- Unix ms, what counts; may be before 1970
    said_ms    INTEGER NOT NULL,                  -- Unix ms, as the device said: later than saved_ms if far ahead
    data       TEXT    NOT NULL,
    device     TEXT    NOT NULL,                  -- its name
    stored_ms  INTEGER NOT NULL                   -- Unix ms, when it came here
) STRICT;
CREATE INDEX settings_app ON settings (user_id, app, id);

-- Devices that have synced an app: one that is not here never overwrites.
CREATE TABLE settings_devices (
    user_id    INTEGER NOT NULL REFERENCES users ON DELETE CASCADE,
    app        TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    seen_ms    INTEGER NOT NULL,                  -- Unix ms of the last contact, to the hour: flash is spared
    PRIMARY KEY (user_id, app, name)
) STRICT, WITHOUT ROWID;

-- Signing in with someone else's account.

-- Whom another service knows as whom.
CREATE TABLE identities (
    issuer     TEXT    NOT NULL,
    subject    TEXT    NOT NULL,
    user_id    INTEGER NOT NULL REFERENCES users ON DELETE CASCADE,
    label      TEXT    NOT NULL,                  -- name or e-mail there, for people
    created_ms INTEGER NOT NULL,
    PRIMARY KEY (issuer, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX identities_user ON identities (user_id);

-- Log-ins of the web page. A cookie is no token, so they are not among the tokens: no other door takes one.
CREATE TABLE web_sessions (
    hash       BLOB    PRIMARY KEY CHECK (length(hash) = 32), -- SHA-256 of the cookie's 256 random bits
    user_id    INTEGER NOT NULL REFERENCES users ON DELETE CASCADE,
    created_ms INTEGER NOT NULL,                  -- Unix ms
    used_ms    INTEGER NOT NULL                   -- Unix ms, to the quarter of an hour: flash is spared
) STRICT, WITHOUT ROWID;
CREATE INDEX web_sessions_user ON web_sessions (user_id);

-- SyncFile: accounts with an e-mail address, and log-ins that live for twenty hours.

ALTER TABLE users ADD COLUMN email TEXT;          -- as typed; NULL: none
CREATE UNIQUE INDEX users_email ON users (email);

CREATE TABLE authids (
    hash         BLOB    PRIMARY KEY CHECK (length(hash) = 32), -- SHA-256 of what was shown
    user_id      INTEGER NOT NULL REFERENCES users ON DELETE CASCADE,
    created_ms   INTEGER NOT NULL,                -- Unix ms
    created_up_s INTEGER NOT NULL,                -- uptime of the box by then, in seconds, over all its runs
    dated        INTEGER NOT NULL CHECK (dated IN (0, 1)) -- 1: the clock was trusted then
) STRICT;
CREATE INDEX authids_user ON authids (user_id);
