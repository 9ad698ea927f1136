-- Invitations to make an account. The token itself is written down nowhere: whoever has it has the invitation.
CREATE TABLE invitations (
    token_hash TEXT    NOT NULL PRIMARY KEY,
    role       TEXT    NOT NULL CHECK (role IN ('reader', 'author', 'admin')),
    -- Who invites.
    user_id    INTEGER NOT NULL REFERENCES users (id),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) WITHOUT ROWID;
