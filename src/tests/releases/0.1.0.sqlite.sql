-- The database of a small blog as Tidemark 0.1.0 left it (migration 20), for src/tests/upgrades.rs. Never changed.
CREATE TABLE _sqlx_migrations (
    version BIGINT PRIMARY KEY,
    description TEXT NOT NULL,
    installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    success BOOLEAN NOT NULL,
    checksum BLOB NOT NULL,
    execution_time BIGINT NOT NULL
);
CREATE TABLE users (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    username      TEXT    NOT NULL UNIQUE,
    name          TEXT    NOT NULL,
    role          TEXT    NOT NULL CHECK (role IN ('reader', 'author', 'admin')),
    -- A PHC string of Argon2id. NULL: nobody can sign in as this user (a name in an imported byline).
    password_hash TEXT,
    created_at    INTEGER NOT NULL
, credential INTEGER NOT NULL DEFAULT 0);
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
    cover TEXT, kind TEXT NOT NULL DEFAULT 'article' CHECK (kind IN ('article', 'page')),
    CHECK (status <> 'published' OR published_at IS NOT NULL)
);
CREATE TABLE article_authors (
    article_id INTEGER NOT NULL REFERENCES articles (id) ON DELETE CASCADE,
    position   INTEGER NOT NULL,
    user_id    INTEGER NOT NULL REFERENCES users (id),
    PRIMARY KEY (article_id, position)
) WITHOUT ROWID;
CREATE TABLE article_aliases (
    path       TEXT    NOT NULL PRIMARY KEY,
    article_id INTEGER NOT NULL REFERENCES articles (id) ON DELETE CASCADE,
    position   INTEGER NOT NULL
) WITHOUT ROWID;
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
CREATE TABLE article_stats (
    article_id INTEGER PRIMARY KEY,
    views      INTEGER NOT NULL DEFAULT 0,
    likes      INTEGER NOT NULL DEFAULT 0,
    collects   INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE article_view_hours (
    hour       INTEGER NOT NULL,
    article_id INTEGER NOT NULL,
    views      INTEGER NOT NULL,
    PRIMARY KEY (hour, article_id)
) WITHOUT ROWID;
CREATE TABLE visitor_salts (
    day  INTEGER PRIMARY KEY,
    salt BLOB NOT NULL
);
CREATE TABLE article_view_windows (
    hours      INTEGER NOT NULL,
    article_id INTEGER NOT NULL,
    views      INTEGER NOT NULL,
    PRIMARY KEY (hours, article_id)
) WITHOUT ROWID;
CREATE TABLE ranking_hours (
    id   INTEGER PRIMARY KEY CHECK (id = 1),
    hour INTEGER NOT NULL
);
CREATE TABLE job_runs (
    job          TEXT    NOT NULL PRIMARY KEY,
    started_at   INTEGER NOT NULL,
    milliseconds INTEGER NOT NULL,
    succeeded    INTEGER NOT NULL,
    result       TEXT    NOT NULL
) WITHOUT ROWID;
CREATE TABLE invitations (
    token_hash TEXT    NOT NULL PRIMARY KEY,
    role       TEXT    NOT NULL CHECK (role IN ('reader', 'author', 'admin')),
    -- Who invites.
    user_id    INTEGER NOT NULL REFERENCES users (id),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE likes (
    user_id    INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    article_id INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, article_id)
) WITHOUT ROWID;
CREATE TABLE collects (
    user_id    INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    article_id INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, article_id)
) WITHOUT ROWID;
CREATE TABLE follows (
    user_id    INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    author_id  INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, author_id),
    CHECK (user_id <> author_id)
) WITHOUT ROWID;
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
CREATE TABLE pictures (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    -- The last part of its address. Nobody can guess it: pictures of drafts are open to whoever knows theirs.
    name          TEXT    NOT NULL UNIQUE,
    user_id       INTEGER NOT NULL REFERENCES users (id),
    media_type    TEXT    NOT NULL CHECK (media_type IN ('image/png', 'image/jpeg', 'image/gif', 'image/webp')),
    bytes         INTEGER NOT NULL,
    -- In pixels, as it is shown.
    width         INTEGER NOT NULL,
    height        INTEGER NOT NULL,
    -- What the file was called where it came from.
    original_name TEXT    NOT NULL,
    created_at    INTEGER NOT NULL
);
CREATE TABLE content_version (
    id      INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    version INTEGER NOT NULL
, baselines INTEGER NOT NULL DEFAULT 0);
CREATE TABLE article_renderer (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    version INTEGER NOT NULL
);
CREATE TABLE sessions (
    -- A hash of what the cookie holds: whoever reads it has no session.
    id         TEXT    NOT NULL PRIMARY KEY,
    user_id    INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    credential INTEGER NOT NULL,
    -- A JSON object.
    data       TEXT    NOT NULL,
    expires_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE known_devices (
    user_id    INTEGER NOT NULL REFERENCES users (id),
    token_hash TEXT    NOT NULL,
    used_at    INTEGER NOT NULL,
    PRIMARY KEY (user_id, token_hash)
) WITHOUT ROWID;
CREATE TABLE view_seen (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    entries        BLOB    NOT NULL,
    window_ends_at INTEGER NOT NULL
);
CREATE TABLE search_documents (
    article_id   INTEGER PRIMARY KEY,
    published_at INTEGER NOT NULL,
    hash         INTEGER NOT NULL
);
CREATE TABLE search_analysis (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    version INTEGER NOT NULL
);
CREATE TABLE article_imports (
    article_id INTEGER NOT NULL PRIMARY KEY REFERENCES articles (id) ON DELETE CASCADE,
    -- The file's path below the imported folder.
    path       TEXT    NOT NULL UNIQUE,
    -- A hash of the file when it was last imported.
    hash       TEXT    NOT NULL,
    -- The article's version then. With another one, it was changed here since.
    version    INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE imported_pictures (
    hash TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL REFERENCES pictures (name) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE TABLE article_baselines (
    article_id INTEGER NOT NULL REFERENCES articles (id) ON DELETE CASCADE,
    -- Where they were counted, as readers see it.
    source     TEXT    NOT NULL,
    views      INTEGER NOT NULL,
    -- The last day that they cover, as 2026-11-27.
    last_day   TEXT,
    PRIMARY KEY (article_id, source)
) WITHOUT ROWID;
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
CREATE TABLE site_menu (
    position INTEGER PRIMARY KEY,
    label    TEXT NOT NULL,
    -- A path of this site, or an address elsewhere.
    target   TEXT NOT NULL
);
CREATE TABLE site_redirects (
    -- Decoded, with a leading slash and without a trailing one.
    source   TEXT    NOT NULL PRIMARY KEY,
    position INTEGER NOT NULL,
    -- NULL with 410: it is gone.
    target   TEXT,
    status   INTEGER NOT NULL CHECK (status IN (301, 302, 410))
) WITHOUT ROWID;
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
CREATE TABLE used_forms (
    user_id    INTEGER NOT NULL REFERENCES users (id),
    form_key   TEXT    NOT NULL,
    -- The article that it was saved as. NULL: its text was discarded.
    article_id INTEGER REFERENCES articles (id) ON DELETE CASCADE,
    used_at    INTEGER NOT NULL,
    PRIMARY KEY (user_id, form_key)
) WITHOUT ROWID;
INSERT INTO users VALUES (1, 'jo-doe', 'Jo Doe', 'author', NULL, 1795847716430, 0);
INSERT INTO users VALUES (2, 'ann-ebb', 'Ann Ebb', 'author', NULL, 1795847716430, 0);
INSERT INTO users VALUES (3, 'ada', 'Ada Admin', 'admin', NULL, 1795847718260, 0);
INSERT INTO users VALUES (4, 'rae', 'Rae Reader', 'reader', NULL, 1795847718734, 0);
INSERT INTO articles VALUES (1, 'tides', 'Tides and the moon', 'The moon pulls, and the 🌊 follows.', 'The *moon* pulls, and the 🌊 follows.

## Spring tides
', '<p>The <em>moon</em> pulls, and the 🌊 follows.</p>
<h2 id="spring-tides">Spring tides<a href="#spring-tides" aria-label="Link to heading ''Spring tides''" class="anchor"></a></h2>
', '[{"level":2,"text":"Spring tides","anchor":"spring-tides"}]', 1, 'en', 1, 'published', 1793491200000, 1795847716430, 1795847716430, 1, NULL, NULL, 'article');
INSERT INTO articles VALUES (2, 'land', 'Land', 'Dry.', 'Dry.
', '<p>Dry.</p>
', '[]', 1, 'en', 1, 'published', 1793577600000, 1795847716430, 1795847716430, 1, NULL, NULL, 'article');
INSERT INTO articles VALUES (3, 'later', 'Later', 'Not yet.', 'Not yet.
', '<p>Not yet.</p>
', '[]', 1, 'en', 2, 'draft', 1793664000000, 1795847716430, 1795847716430, 1, NULL, NULL, 'article');
INSERT INTO tags VALUES (1, 'sea', 'Sea');
INSERT INTO tags VALUES (2, 'land', 'Land');
INSERT INTO pictures VALUES (1, 'abc.png', 1, 'image/png', 4, 1, 1, 'x.png', 1);
INSERT INTO _sqlx_migrations VALUES (1, 'start', '2026-11-28 06:35:15', 1, X'f789faf14be2d2d4b69998b7895bc0461084da04cdc1c64bf43061293842d99c1f6a82693307e13fe4cdb274bf5224a6', 5568020);
INSERT INTO _sqlx_migrations VALUES (2, 'counting', '2026-11-28 06:35:15', 1, X'3680ddc2780c90caef0868a6950b8c0b99fd23b516da92636e6497877f9dd325cef99a534cce1334a59eeab8c7b57f49', 822165591);
INSERT INTO _sqlx_migrations VALUES (3, 'accounts', '2026-11-28 06:35:15', 1, X'b4991cd98139a990e11bcdd2a32a5ec2a254eda1c5a95346162f2d91110f7e2399d12fa27be89488961442ee7e9ebc80', 3707500);
INSERT INTO _sqlx_migrations VALUES (4, 'reactions', '2026-11-28 06:35:16', 1, X'04d0e21acb646fed02bdc82196afbc3b7d0fa821ff31e4e98237bb6ac1f1b0f032acb8a144e39e6a7a003c52ef10e641', 8156019);
INSERT INTO _sqlx_migrations VALUES (5, 'studio', '2026-11-28 06:35:16', 1, X'c81a0e5ca6915d67cde273880cf35b6fcddf114dd0e385dafe265afde1065b2f56057bf64780c8b87b3ae59282d0ea8b', 29390384);
INSERT INTO _sqlx_migrations VALUES (6, 'pictures', '2026-11-28 06:35:16', 1, X'1902a7831925c75caffddf4f7652ea0180735d00eeb77a48d11bc13da1adefe134f0f8e40273263dc27be14684a1314f', 17692227);
INSERT INTO _sqlx_migrations VALUES (7, 'content version', '2026-11-28 06:35:16', 1, X'a160eace354505eeac5f32225e0a186ed0703460c0661d7bebae6b293150be6ce0fac75bf8490184c03009e5d608e7ba', 860725);
INSERT INTO _sqlx_migrations VALUES (8, 'renderer', '2026-11-28 06:35:16', 1, X'c2f64987c482ec65b9db970b6cce35f47f33ccc1429f3425b0438c556918adefd042fa4b226e824a9ad52d1531659c45', 2282118);
INSERT INTO _sqlx_migrations VALUES (10, 'credentials', '2026-11-28 06:35:16', 1, X'91be8d62ab141f0a540bf2bb8db9c338174f1ef436636cd9e5e1cd770938184dd7741559a65b705ffcd7dbdb723c6ea0', 24247003);
INSERT INTO _sqlx_migrations VALUES (11, 'networks and devices', '2026-11-28 06:35:16', 1, X'bc60b70d51d685c39c21870337256717fa8fd5b00eabcf76b478f1d372a2d9e7527d159d1a443618bed9f52bcd9a58a3', 2387380);
INSERT INTO _sqlx_migrations VALUES (12, 'revisions by user', '2026-11-28 06:35:16', 1, X'73982eb56e603b1251eb32ac1ea2fef00b4c33f40c6e9273379dcc2e40d05b62c519f844bfa85d91bb35c783894cb729', 881407);
INSERT INTO _sqlx_migrations VALUES (13, 'entries', '2026-11-28 06:35:16', 1, X'b48f29d41de683391f32126ec914e9808bdf9062808972948319fe12a8d993d8ef6684a56854d662cbe38e8219b6a2aa', 7334635);
INSERT INTO _sqlx_migrations VALUES (14, 'search', '2026-11-28 06:35:16', 1, X'0f118b3c19c14df03dab75b3ee090f76b932be0613aeb8968156fc12811f0357d76963046194a1e5905af6477b590df1', 14081623);
INSERT INTO _sqlx_migrations VALUES (15, 'search queue', '2026-11-28 06:35:16', 1, X'e9639292051f373fbcadf573fad94831c3c756ec64dd93d63a1313d8052ee131b6f419be104741c9af2feea5d021d365', 1265548);
INSERT INTO _sqlx_migrations VALUES (16, 'view feeds', '2026-11-28 06:35:16', 1, X'753b3eab61483741f34c8f60f1ad285f052bc418153071124d478bba8f5a320a2afee5e05188f89444ae5a62349c4908', 659991);
INSERT INTO _sqlx_migrations VALUES (17, 'imports', '2026-11-28 06:35:16', 1, X'aeba43f91f175ab86746b3d198071e10052ef76c94542760c10fa877df2e50accf19331b0491009eb38555053ce7d2d8', 2461529);
INSERT INTO _sqlx_migrations VALUES (18, 'baselines', '2026-11-28 06:35:16', 1, X'3e56ca8038543243f55efc3e9cc85b8f93d6abaa44a5ce68792569c40b00494654e1d8549270fc6a7bda700b40bf6e37', 12424344);
INSERT INTO _sqlx_migrations VALUES (19, 'site', '2026-11-28 06:35:16', 1, X'74cf002e1665f0f02949e5c4697f40860f6fe3222ff7544555ea13d428745b478cd906c3906f992fe6c88986a9715c5d', 5546546);
INSERT INTO _sqlx_migrations VALUES (20, 'forms', '2026-11-28 06:35:16', 1, X'6a7f733b30b60e83e850de8fd05e1e2163f758594ef6f8113673f10e1bcf35ed593c6f424c1cf3de1ff27dc72e9497ac', 35894281);
INSERT INTO article_authors VALUES (1, 0, 1);
INSERT INTO article_authors VALUES (2, 0, 1);
INSERT INTO article_authors VALUES (1, 1, 2);
INSERT INTO article_authors VALUES (3, 0, 2);
INSERT INTO article_aliases VALUES ('/old/tides.html', 1, 0);
INSERT INTO article_tags VALUES (1, 0, 1);
INSERT INTO article_tags VALUES (2, 1, 1);
INSERT INTO article_tags VALUES (2, 0, 2);
INSERT INTO article_stats VALUES (1, 42, 0, 0);
INSERT INTO article_stats VALUES (2, 7, 1, 1);
INSERT INTO article_view_hours VALUES (498000, 1, 42);
INSERT INTO article_view_hours VALUES (498000, 2, 7);
INSERT INTO likes VALUES (4, 2, 1);
INSERT INTO collects VALUES (4, 2, 1);
INSERT INTO follows VALUES (4, 1, 1);
INSERT INTO article_revisions VALUES (2, 1, 'land', 'Land, before', '', 'Wet.', '[]', NULL, NULL, 1);
INSERT INTO content_version VALUES (1, 1, 1);
INSERT INTO article_renderer VALUES (1, 0);
INSERT INTO search_analysis VALUES (1, 0);
INSERT INTO article_imports VALUES (1, 'tides.md', '8e1d0342a2c817e0e4b43a0e2f58d9a7952fc6a374526ab257c7b4f89ab83c87', 1);
INSERT INTO article_imports VALUES (2, 'land.md', 'b13950e78e4b10b472dc9a220ab8e828675611339e9b95876b864466b642ffc9', 1);
INSERT INTO article_imports VALUES (3, 'draft.md', 'f1e3457a82a771a1810e52714bb8ba273efef0b94578143f4a0c9e991ae41899', 1);
INSERT INTO article_baselines VALUES (1, 'GoatCounter', 500, '2026-10-31');
INSERT INTO site_settings VALUES (1, 2, 1, 1, 'Tides', NULL, NULL, NULL);
INSERT INTO site_menu VALUES (1, 'Sea', '/tags/sea');
INSERT INTO site_redirects VALUES ('/gone', 1, NULL, 410);
INSERT INTO article_drafts VALUES (1, 0, 'k', 0, '{"title":"Unsaved"}', 1);
UPDATE sqlite_sequence SET seq = 4 WHERE name = 'users';
UPDATE sqlite_sequence SET seq = 2 WHERE name = 'tags';
UPDATE sqlite_sequence SET seq = 3 WHERE name = 'articles';
UPDATE sqlite_sequence SET seq = 1 WHERE name = 'pictures';
CREATE VIRTUAL TABLE search_terms USING fts5 (
    title, tags, summary, text,
    content = '', contentless_delete = 1, prefix = '2 3', tokenize = "ascii tokenchars '+#='"
);
CREATE VIRTUAL TABLE search_words USING fts5vocab (search_terms, row);
CREATE INDEX article_authors_by_user ON article_authors (user_id, article_id);
CREATE INDEX article_aliases_by_article ON article_aliases (article_id);
CREATE INDEX article_tags_by_tag ON article_tags (tag_id, article_id);
CREATE INDEX article_stats_by_views ON article_stats (views DESC, article_id DESC);
CREATE INDEX article_view_windows_by_views ON article_view_windows (hours, views DESC, article_id DESC);
CREATE INDEX likes_by_article ON likes (article_id, created_at);
CREATE INDEX collects_by_article ON collects (article_id);
CREATE INDEX collects_by_user ON collects (user_id, created_at, article_id);
CREATE INDEX follows_by_author ON follows (author_id, created_at);
CREATE INDEX pictures_by_user ON pictures (user_id, id);
CREATE INDEX sessions_by_user ON sessions (user_id, expires_at);
CREATE INDEX sessions_by_expires_at ON sessions (expires_at);
CREATE INDEX known_devices_by_used_at ON known_devices (used_at);
CREATE INDEX article_revisions_by_user ON article_revisions (user_id, created_at);
CREATE INDEX view_seen_by_window_ends_at ON view_seen (window_ends_at);
CREATE INDEX imported_pictures_by_name ON imported_pictures (name);
CREATE INDEX articles_by_published_at ON articles (published_at DESC, id DESC, kind)
    WHERE status = 'published' AND deleted_at IS NULL;
CREATE INDEX used_forms_by_time ON used_forms (used_at);
CREATE INDEX used_forms_by_article ON used_forms (article_id);
