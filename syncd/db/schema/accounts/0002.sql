-- Devices say what they are, and have tokens of their own beside the key in an address.

ALTER TABLE devices ADD COLUMN client_version TEXT NOT NULL DEFAULT '';
ALTER TABLE devices ADD COLUMN os_info TEXT NOT NULL DEFAULT '';

-- A CHECK cannot be altered, so the table is made anew.
CREATE TABLE tokens_2 (
    hash       BLOB    PRIMARY KEY CHECK (length(hash) = 32),
    user_id    INTEGER NOT NULL REFERENCES users ON DELETE CASCADE,
    device_id  TEXT    REFERENCES devices ON DELETE CASCADE,
    use        TEXT    NOT NULL CHECK (use IN ('session', 'key', 'device')),
    created_ms INTEGER NOT NULL,
    used_ms    INTEGER NOT NULL                   -- Unix ms, to the day: flash is spared
) STRICT;
INSERT INTO tokens_2 SELECT * FROM tokens;
DROP TABLE tokens;
ALTER TABLE tokens_2 RENAME TO tokens;
CREATE INDEX tokens_user ON tokens (user_id);
CREATE INDEX tokens_device ON tokens (device_id);
