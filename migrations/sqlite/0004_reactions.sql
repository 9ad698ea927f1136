-- What readers do with articles and authors. Each row is there or not, so that nobody can do it twice; how many there are of an
-- article is in `article_stats`, changed in the same transaction.
--
-- Articles are referred to by their number alone, as in all tables of counting (rule C7): with a foreign key each like would read,
-- and in MySQL lock, the article that it is for. Article ids are never used again, so a row that outlives its article means
-- nothing else later. Users are foreign keys: a reaction without its user would be a count that nobody can take back. If a user
-- is deleted, the reactions go with the user, and the next reconcile takes them off the counts.

CREATE TABLE likes (
    user_id    INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    article_id INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, article_id)
) WITHOUT ROWID;

CREATE INDEX likes_by_article ON likes (article_id, created_at);

CREATE TABLE collects (
    user_id    INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    article_id INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, article_id)
) WITHOUT ROWID;

CREATE INDEX collects_by_article ON collects (article_id);

-- A reader's own list, newest first: read backwards.
CREATE INDEX collects_by_user ON collects (user_id, created_at, article_id);

CREATE TABLE follows (
    user_id    INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    author_id  INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, author_id),
    CHECK (user_id <> author_id)
) WITHOUT ROWID;

CREATE INDEX follows_by_author ON follows (author_id, created_at);
