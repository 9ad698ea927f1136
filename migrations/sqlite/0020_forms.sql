-- Every open form of the editor has a draft of its own, so that two tabs of one article don't overwrite each other's text.
ALTER TABLE article_drafts RENAME TO old_article_drafts;

-- What somebody typed and has not saved yet.
CREATE TABLE article_drafts (
    user_id    INTEGER NOT NULL REFERENCES users (id),
    -- 0: an article that was never saved.
    article_id INTEGER NOT NULL,
    -- The key of the form in which it was typed. Empty: it is older than these keys.
    form_key   TEXT    NOT NULL,
    -- The article's version that it is based on.
    version    INTEGER NOT NULL,
    -- The fields of the form, as a JSON object.
    fields     TEXT    NOT NULL,
    saved_at   INTEGER NOT NULL,
    PRIMARY KEY (user_id, article_id, form_key)
) WITHOUT ROWID;

INSERT INTO article_drafts (user_id, article_id, form_key, version, fields, saved_at)
SELECT user_id, article_id, '', version, fields, saved_at FROM old_article_drafts;

DROP TABLE old_article_drafts;

-- The forms of the editor that were saved or discarded. A new article's form is good for one article, and a late draft does not come back.
CREATE TABLE used_forms (
    user_id    INTEGER NOT NULL REFERENCES users (id),
    form_key   TEXT    NOT NULL,
    -- The article that it was saved as. NULL: its text was discarded.
    article_id INTEGER REFERENCES articles (id) ON DELETE CASCADE,
    used_at    INTEGER NOT NULL,
    PRIMARY KEY (user_id, form_key)
) WITHOUT ROWID;

CREATE INDEX used_forms_by_time ON used_forms (used_at);
CREATE INDEX used_forms_by_article ON used_forms (article_id);
