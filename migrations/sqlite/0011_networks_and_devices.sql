-- What the wider cap of rule C3 is for: a hash of the /48 of an anonymous visitor's IPv6 address, or of the address of a signed-in one; NULL
-- where there is no wider cap.
ALTER TABLE view_seen ADD COLUMN network INTEGER;

-- Browsers in which a user has signed in: a sign-in from one of them does not wait for what others have guessed. The hash is of what the
-- browser's cookie holds and of the password's hash, so another password makes every browser unknown.
CREATE TABLE known_devices (
    user_id    INTEGER NOT NULL REFERENCES users (id),
    token_hash TEXT    NOT NULL,
    used_at    INTEGER NOT NULL,
    PRIMARY KEY (user_id, token_hash)
) WITHOUT ROWID;

CREATE INDEX known_devices_by_used_at ON known_devices (used_at);
