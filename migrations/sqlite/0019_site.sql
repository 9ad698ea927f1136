-- What administrators have set in the browser. The only row; NULL means what the settings file says.
CREATE TABLE site_settings (
    id          INTEGER PRIMARY KEY CHECK (id = 1),
    -- Grows with each change, so that two administrators don't overwrite each other.
    version     INTEGER NOT NULL,
    title       TEXT,
    description TEXT,
    -- In Markdown.
    footer      TEXT,
    -- The name of a picture. If it is not among `pictures` any more, there is no logo.
    logo        TEXT
);

INSERT INTO site_settings (id, version) VALUES (1, 1);
