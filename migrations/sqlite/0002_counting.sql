-- Who has been counted, as a log: entries are added at its end and deleted at its start, so a batch of views writes a few pages
-- however many visitors there are. The program looks visitors up in its memory, which it reads from here. AUTOINCREMENT: an
-- id is never used again, so the greatest one that a process has read tells what it has not read yet.
CREATE TABLE view_seen_log (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    article_id     INTEGER NOT NULL,
    -- The address bucket of an anonymous visitor; NULL for a signed-in one, whom the cap does not concern.
    address        INTEGER,
    visitor        INTEGER NOT NULL,
    window_ends_at INTEGER NOT NULL
);

INSERT INTO view_seen_log (article_id, address, visitor, window_ends_at)
SELECT article_id, nullif(address, 0), visitor, window_ends_at FROM view_seen ORDER BY window_ends_at;

DROP TABLE view_seen;

ALTER TABLE view_seen_log RENAME TO view_seen;

CREATE INDEX view_seen_by_window_ends_at ON view_seen (window_ends_at);

-- The views of each article in the last 24, 168 and 720 hours, so that a ranking is read and not computed. Kept up with each view;
-- `ranking_hours` says with which hour the windows end. Without a row there, they have to be computed first.
CREATE TABLE article_view_windows (
    hours      INTEGER NOT NULL,
    article_id INTEGER NOT NULL,
    views      INTEGER NOT NULL,
    PRIMARY KEY (hours, article_id)
) WITHOUT ROWID;

CREATE INDEX article_view_windows_by_views ON article_view_windows (hours, views DESC, article_id DESC);

CREATE TABLE ranking_hours (
    id   INTEGER PRIMARY KEY CHECK (id = 1),
    hour INTEGER NOT NULL
);

-- How each background job ended when it last had something to do.
CREATE TABLE job_runs (
    job          TEXT    NOT NULL PRIMARY KEY,
    started_at   INTEGER NOT NULL,
    milliseconds INTEGER NOT NULL,
    succeeded    INTEGER NOT NULL,
    result       TEXT    NOT NULL
) WITHOUT ROWID;
