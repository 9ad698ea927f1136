-- Which file an article was imported from, and in which form. A file that has not changed since changes nothing here.
CREATE TABLE article_imports (
    article_id INTEGER NOT NULL PRIMARY KEY REFERENCES articles (id) ON DELETE CASCADE,
    -- The file's path below the imported folder.
    path       TEXT    NOT NULL UNIQUE,
    -- A hash of the file when it was last imported.
    hash       TEXT    NOT NULL,
    -- The article's version then. With another one, it was changed here since.
    version    INTEGER NOT NULL
) WITHOUT ROWID;

-- Pictures that came with an import, by a hash of the file, so that each is kept once.
CREATE TABLE imported_pictures (
    hash TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL REFERENCES pictures (name) ON DELETE CASCADE
) WITHOUT ROWID;

CREATE INDEX imported_pictures_by_name ON imported_pictures (name);
