-- Times are UTC in milliseconds since 1970-01-01. Hours are such a time divided by 3,600,000.

CREATE TABLE users (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    username      TEXT    NOT NULL UNIQUE,
    name          TEXT    NOT NULL,
    role          TEXT    NOT NULL CHECK (role IN ('reader', 'author', 'admin')),
    -- A PHC string of Argon2id. NULL: nobody can sign in as this user (a name in an imported byline).
    password_hash TEXT,
    created_at    INTEGER NOT NULL
);

-- AUTOINCREMENT: an id is never used again, so a late view can never be added to another article's count.
CREATE TABLE articles (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    slug            TEXT    NOT NULL UNIQUE,
    title           TEXT    NOT NULL,
    summary         TEXT    NOT NULL,
    markdown        TEXT    NOT NULL,
    html            TEXT    NOT NULL,
    contents        TEXT    NOT NULL,
    reading_minutes INTEGER NOT NULL,
    -- A BCP 47 tag, for screen readers and fonts.
    language        TEXT    NOT NULL,
    author_id       INTEGER NOT NULL REFERENCES users (id),
    status          TEXT    NOT NULL CHECK (status IN ('draft', 'published')),
    published_at    INTEGER,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    version         INTEGER NOT NULL DEFAULT 1,
    deleted_at      INTEGER,
    -- Title, summary and text in lower case: SQLite's LIKE ignores the case of ASCII letters alone.
    search_text     TEXT    NOT NULL,
    CHECK (status <> 'published' OR published_at IS NOT NULL)
);

CREATE INDEX articles_by_published_at ON articles (published_at DESC, id DESC)
    WHERE status = 'published' AND deleted_at IS NULL;

-- The byline, in its order.
CREATE TABLE article_authors (
    article_id INTEGER NOT NULL REFERENCES articles (id) ON DELETE CASCADE,
    position   INTEGER NOT NULL,
    user_id    INTEGER NOT NULL REFERENCES users (id),
    PRIMARY KEY (article_id, position)
) WITHOUT ROWID;

CREATE INDEX article_authors_by_user ON article_authors (user_id, article_id);

-- Addresses that the article had elsewhere: with a leading slash, without a trailing one.
CREATE TABLE article_aliases (
    path       TEXT    NOT NULL PRIMARY KEY,
    article_id INTEGER NOT NULL REFERENCES articles (id) ON DELETE CASCADE,
    position   INTEGER NOT NULL
) WITHOUT ROWID;

CREATE INDEX article_aliases_by_article ON article_aliases (article_id);

CREATE TABLE tags (
    id   INTEGER PRIMARY KEY AUTOINCREMENT,
    slug TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL
);

CREATE TABLE article_tags (
    article_id INTEGER NOT NULL REFERENCES articles (id) ON DELETE CASCADE,
    position   INTEGER NOT NULL,
    tag_id     INTEGER NOT NULL REFERENCES tags (id),
    PRIMARY KEY (article_id, position)
) WITHOUT ROWID;

CREATE INDEX article_tags_by_tag ON article_tags (tag_id, article_id);

-- Counting. These tables refer to an article by its number alone and share no row with it (rule C7).

CREATE TABLE article_stats (
    article_id INTEGER PRIMARY KEY,
    views      INTEGER NOT NULL DEFAULT 0,
    likes      INTEGER NOT NULL DEFAULT 0,
    collects   INTEGER NOT NULL DEFAULT 0
);

CREATE INDEX article_stats_by_views ON article_stats (views DESC, article_id DESC);

CREATE TABLE article_view_hours (
    hour       INTEGER NOT NULL,
    article_id INTEGER NOT NULL,
    views      INTEGER NOT NULL,
    PRIMARY KEY (hour, article_id)
) WITHOUT ROWID;

-- Who has been counted and until when a repeat does not count (rules C2 and C3). Both ids are keyed hashes.
-- One tree finds a visitor and counts the visitors of an address: entries are spread all over it, so a second one would double
-- what each view writes.
CREATE TABLE view_seen (
    article_id     INTEGER NOT NULL,
    -- The address bucket of an anonymous visitor; 0 for a signed-in one, whom the cap does not concern.
    address        INTEGER NOT NULL,
    visitor        INTEGER NOT NULL,
    window_ends_at INTEGER NOT NULL,
    PRIMARY KEY (article_id, address, visitor)
) WITHOUT ROWID;

CREATE INDEX view_seen_by_window_ends_at ON view_seen (window_ends_at);

-- One random key a UTC day, destroyed after two days (rule C3).
CREATE TABLE visitor_salts (
    day  INTEGER PRIMARY KEY,
    salt BLOB NOT NULL
);

CREATE TABLE sessions (
    id         TEXT    NOT NULL PRIMARY KEY,
    data       TEXT    NOT NULL,
    expires_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE INDEX sessions_by_expires_at ON sessions (expires_at);
