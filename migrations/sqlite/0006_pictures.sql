-- Pictures that authors have sent. The bytes are in the store that `pictures.url` names, under the same name.
CREATE TABLE pictures (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    -- The last part of its address. Nobody can guess it: pictures of drafts are open to whoever knows theirs.
    name          TEXT    NOT NULL UNIQUE,
    user_id       INTEGER NOT NULL REFERENCES users (id),
    media_type    TEXT    NOT NULL CHECK (media_type IN ('image/png', 'image/jpeg', 'image/gif', 'image/webp')),
    bytes         INTEGER NOT NULL,
    -- In pixels, as it is shown.
    width         INTEGER NOT NULL,
    height        INTEGER NOT NULL,
    -- What the file was called where it came from.
    original_name TEXT    NOT NULL,
    created_at    INTEGER NOT NULL
);

CREATE INDEX pictures_by_user ON pictures (user_id, id);
