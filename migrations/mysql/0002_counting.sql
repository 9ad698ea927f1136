-- Which batches of views SQL has: written in the transaction that adds their views, so that none is added twice (rule C5).
CREATE TABLE view_batches (
    id         VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    applied_at BIGINT NOT NULL,
    KEY view_batches_by_applied_at (applied_at)
) ENGINE = InnoDB;

-- Every Redis that views came from. More than one row: a Redis was lost or replaced, and what it had not flushed went with it.
CREATE TABLE view_origins (
    id            VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    first_seen_at BIGINT NOT NULL
) ENGINE = InnoDB;

-- How each background job ended when it last had something to do.
CREATE TABLE job_runs (
    job          VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    started_at   BIGINT NOT NULL,
    milliseconds BIGINT NOT NULL,
    succeeded    BOOLEAN NOT NULL,
    result       TEXT CHARACTER SET utf8mb4 NOT NULL
) ENGINE = InnoDB;
