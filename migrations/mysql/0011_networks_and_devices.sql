-- Browsers in which a user has signed in: a sign-in from one of them does not wait for what others have guessed. The hash is of what the
-- browser's cookie holds and of the password's hash, so another password makes every browser unknown.
CREATE TABLE known_devices (
    user_id    BIGINT      NOT NULL,
    token_hash VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    used_at    BIGINT      NOT NULL,
    PRIMARY KEY (user_id, token_hash),
    KEY known_devices_by_used_at (used_at),
    CONSTRAINT known_devices_user FOREIGN KEY (user_id) REFERENCES users (id)
) ENGINE = InnoDB;
