-- The tables of counting, for a program that has none of them yet. An article is known by its number
-- alone, and no row is shared with it (rule C7). Times are UTC in milliseconds since 1970-01-01. Hours
-- are such a time divided by 3,600,000.

CREATE TABLE article_stats (
    article_id INTEGER PRIMARY KEY,
    views      INTEGER NOT NULL DEFAULT 0
);

CREATE INDEX article_stats_by_views ON article_stats (views DESC, article_id DESC);

CREATE TABLE article_view_hours (
    hour       INTEGER NOT NULL,
    article_id INTEGER NOT NULL,
    views      INTEGER NOT NULL,
    PRIMARY KEY (hour, article_id)
) WITHOUT ROWID;

-- The views of each article in the last 24, 168 and 720 hours, so that a ranking is read and not
-- computed. `ranking_hours` says with which hour the windows end. Without a row there, they have to be
-- computed first.
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

-- The dedup log: who has been counted, and until when a repeat does not count (rules C2 and C3). Entries
-- are added at its end and deleted at its start, so a batch of views writes a few pages however many
-- visitors there are. AUTOINCREMENT: an id is never used again, so the greatest one that a process has
-- read tells what it has not read yet. Visitors, addresses and networks are keyed hashes.
CREATE TABLE view_seen (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    article_id     INTEGER NOT NULL,
    -- NULL for a signed-in visitor, whom the cap of an address does not concern.
    address        INTEGER,
    -- What the wider cap is for; NULL where there is none.
    network        INTEGER,
    visitor        INTEGER NOT NULL,
    window_ends_at INTEGER NOT NULL
);

CREATE INDEX view_seen_by_window_ends_at ON view_seen (window_ends_at);

-- One random key a UTC day, destroyed after two days (rule C3).
CREATE TABLE visitor_salts (
    day  INTEGER PRIMARY KEY,
    salt BLOB NOT NULL
);
