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
