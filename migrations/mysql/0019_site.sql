-- What administrators have set in the browser. The only row; NULL means what the settings file says.
CREATE TABLE site_settings (
    id          BIGINT NOT NULL PRIMARY KEY,
    -- Grows with each change, so that two administrators don't overwrite each other.
    version     BIGINT NOT NULL,
    -- The same for `site_menu` and for `site_redirects`.
    menu_version      BIGINT NOT NULL,
    redirects_version BIGINT NOT NULL,
    title       TEXT,
    description TEXT,
    -- In Markdown.
    footer      TEXT,
    -- The name of a picture. If it is not among `pictures` any more, there is no logo.
    logo        VARCHAR(255)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = /*!80017 utf8mb4_0900_bin */ /*M!100202 utf8mb4_nopad_bin */;

INSERT INTO site_settings (id, version, menu_version, redirects_version) VALUES (1, 1, 1, 1);

-- The menu in the header, in its order.
CREATE TABLE site_menu (
    position BIGINT NOT NULL PRIMARY KEY,
    label    TEXT   NOT NULL,
    -- A path of this site, or an address elsewhere.
    target   TEXT   NOT NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = /*!80017 utf8mb4_0900_bin */ /*M!100202 utf8mb4_nopad_bin */;

-- What addresses lead to at which nothing is. They go before the addresses that articles had.
CREATE TABLE site_redirects (
    -- Decoded, with a leading slash and without a trailing one.
    source   VARCHAR(768) NOT NULL PRIMARY KEY,
    position BIGINT       NOT NULL,
    -- NULL with 410: it is gone.
    target   TEXT,
    status   BIGINT       NOT NULL,
    CONSTRAINT site_redirects_status CHECK (status IN (301, 302, 410))
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = /*!80017 utf8mb4_0900_bin */ /*M!100202 utf8mb4_nopad_bin */;

-- A page such as About has no date for readers and is in no list. It is an article in all other ways, but for its address: `/slug`.
-- The index has the kind, so that lists are counted without reading the articles.
ALTER TABLE articles
    ADD COLUMN kind ENUM ('article', 'page') NOT NULL DEFAULT 'article',
    DROP INDEX articles_by_published_at,
    ADD INDEX articles_by_published_at (status, deleted_at, published_at, id, kind);
