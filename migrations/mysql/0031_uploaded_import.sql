-- What administrators have uploaded to be imported: one at a time, so there is at most one row.
CREATE TABLE uploaded_import (
    id           BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    -- The folder with the files, below `import.folder` of the server that took the upload. Random.
    folder       VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    -- The file's name as it was sent, its size, and who sent it.
    name         VARCHAR(255) NOT NULL,
    bytes        BIGINT NOT NULL,
    user_id      BIGINT NOT NULL,
    -- What was asked for: files win over changes here, missing pictures are fetched.
    overwrites   BOOLEAN NOT NULL,
    fetches      BOOLEAN NOT NULL,
    -- Whether somebody has read the report and wants the import. Until then it is only rehearsed.
    is_confirmed BOOLEAN NOT NULL,
    state        VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL
        CHECK (state IN ('waiting', 'running', 'done', 'failed', 'interrupted')),
    -- Grows each time a server begins with it. One that finds another number stops.
    run          BIGINT NOT NULL,
    -- How many of how many articles are done.
    done         BIGINT NOT NULL,
    total        BIGINT NOT NULL,
    -- When the row was written last. The server that works on it writes it every second.
    changed_at   BIGINT NOT NULL,
    -- The report as JSON, or why there is none.
    report       MEDIUMTEXT,
    problem      TEXT
) ENGINE = InnoDB;
