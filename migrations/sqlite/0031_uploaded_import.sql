-- What administrators have uploaded to be imported: one at a time, so there is at most one row.
CREATE TABLE uploaded_import (
    id           INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    -- The folder with the files, below `import.folder` of the server that took the upload. Random.
    folder       TEXT    NOT NULL,
    -- The file's name as it was sent, its size, and who sent it.
    name         TEXT    NOT NULL,
    bytes        INTEGER NOT NULL,
    user_id      INTEGER NOT NULL,
    -- What was asked for: files win over changes here, missing pictures are fetched.
    overwrites   INTEGER NOT NULL,
    fetches      INTEGER NOT NULL,
    -- Whether somebody has read the report and wants the import. Until then it is only rehearsed.
    is_confirmed INTEGER NOT NULL,
    state        TEXT    NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'failed', 'interrupted')),
    -- Grows each time a server begins with it. One that finds another number stops.
    run          INTEGER NOT NULL,
    -- How many of how many articles are done.
    done         INTEGER NOT NULL,
    total        INTEGER NOT NULL,
    -- When the row was written last. The server that works on it writes it every second.
    changed_at   INTEGER NOT NULL,
    -- The report as JSON, or why there is none.
    report       TEXT,
    problem      TEXT
);
