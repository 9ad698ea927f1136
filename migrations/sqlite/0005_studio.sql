-- The address of a picture above the article.
ALTER TABLE articles ADD COLUMN cover TEXT;

-- What an article was after each save. An article that was never saved in the studio has none; its first save there also keeps what was
-- there before.
CREATE TABLE article_revisions (
    article_id INTEGER NOT NULL REFERENCES articles (id) ON DELETE CASCADE,
    -- The article's version then.
    version    INTEGER NOT NULL,
    slug       TEXT    NOT NULL,
    title      TEXT    NOT NULL,
    summary    TEXT    NOT NULL,
    markdown   TEXT    NOT NULL,
    -- The names of the tags, as a JSON array.
    tags       TEXT    NOT NULL,
    cover      TEXT,
    -- Who saved it. NULL: nobody knows, because it was imported.
    user_id    INTEGER REFERENCES users (id),
    created_at INTEGER NOT NULL,
    PRIMARY KEY (article_id, version)
) WITHOUT ROWID;

-- What somebody typed and has not saved yet.
CREATE TABLE article_drafts (
    user_id    INTEGER NOT NULL REFERENCES users (id),
    -- 0: an article that was never saved.
    article_id INTEGER NOT NULL,
    -- The article's version that it is based on.
    version    INTEGER NOT NULL,
    -- The fields of the form, as a JSON object.
    fields     TEXT    NOT NULL,
    saved_at   INTEGER NOT NULL,
    PRIMARY KEY (user_id, article_id)
) WITHOUT ROWID;
