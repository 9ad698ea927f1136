-- Which credential a user has: the number grows when the password changes, is reset or is taken away. A session has the number that it was
-- begun with, and opens nothing once the user has another.
ALTER TABLE users ADD COLUMN credential INTEGER NOT NULL DEFAULT 0;

-- Sessions were kept under what the cookie holds. They end here: everybody signs in again.
DROP TABLE sessions;

CREATE TABLE sessions (
    -- A hash of what the cookie holds: whoever reads it has no session.
    id         TEXT    NOT NULL PRIMARY KEY,
    user_id    INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    credential INTEGER NOT NULL,
    -- A JSON object.
    data       TEXT    NOT NULL,
    expires_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE INDEX sessions_by_user ON sessions (user_id, expires_at);

CREATE INDEX sessions_by_expires_at ON sessions (expires_at);
