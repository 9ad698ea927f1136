-- What administrators have set in the browser. The only row; NULL means what the settings file says.
CREATE TABLE site_settings (
    id          INTEGER PRIMARY KEY CHECK (id = 1),
    -- Grows with each change, so that two administrators don't overwrite each other.
    version     INTEGER NOT NULL,
    -- The same for `site_menu` and for `site_redirects`.
    menu_version      INTEGER NOT NULL,
    redirects_version INTEGER NOT NULL,
    title       TEXT,
    description TEXT,
    -- In Markdown.
    footer      TEXT,
    -- The name of a picture. If it is not among `pictures` any more, there is no logo.
    logo        TEXT
);

INSERT INTO site_settings (id, version, menu_version, redirects_version) VALUES (1, 1, 1, 1);

-- The menu in the header, in its order.
CREATE TABLE site_menu (
    position INTEGER PRIMARY KEY,
    label    TEXT NOT NULL,
    -- A path of this site, or an address elsewhere.
    target   TEXT NOT NULL
);

-- What addresses lead to at which nothing is. They go before the addresses that articles had.
CREATE TABLE site_redirects (
    -- Decoded, with a leading slash and without a trailing one.
    source   TEXT    NOT NULL PRIMARY KEY,
    position INTEGER NOT NULL,
    -- NULL with 410: it is gone.
    target   TEXT,
    status   INTEGER NOT NULL CHECK (status IN (301, 302, 410))
) WITHOUT ROWID;

-- A page such as About has no date for readers and is in no list. It is an article in all other ways, but for its address: `/slug`.
ALTER TABLE articles ADD COLUMN kind TEXT NOT NULL DEFAULT 'article' CHECK (kind IN ('article', 'page'));

-- With the kind, so that lists are counted without reading the articles.
DROP INDEX articles_by_published_at;
CREATE INDEX articles_by_published_at ON articles (published_at DESC, id DESC, kind)
    WHERE status = 'published' AND deleted_at IS NULL;
