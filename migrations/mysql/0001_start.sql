-- The same tables as SQLite's, for MySQL (8.0.17 or later) and MariaDB (10.6 or later). What SQLite keeps beside them, sessions,
-- salts and who was counted, is in Redis in the server profile.
--
-- Times are UTC in milliseconds since 1970-01-01. Hours are such a time divided by 3,600,000.
--
-- Texts compare by their bytes, as in SQLite: case, accents and trailing spaces all matter (`utf8mb4_bin` would ignore trailing
-- spaces). The two servers have different names for that, so each reads its own in a comment that only it executes.

CREATE TABLE users (
    id            BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
    username      VARCHAR(255) NOT NULL UNIQUE,
    name          TEXT         NOT NULL,
    role          ENUM ('reader', 'author', 'admin') NOT NULL,
    -- A PHC string of Argon2id. NULL: nobody can sign in as this user (a name in an imported byline).
    password_hash TEXT,
    created_at    BIGINT       NOT NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = /*!80017 utf8mb4_0900_bin */ /*M!100202 utf8mb4_nopad_bin */;

-- InnoDB writes down how far AUTO_INCREMENT has come, so an id is never used again, not even after a restart, and a late view can
-- never be added to another article's count.
CREATE TABLE articles (
    id              BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
    slug            VARCHAR(255) NOT NULL UNIQUE,
    title           TEXT         NOT NULL,
    summary         TEXT         NOT NULL,
    markdown        MEDIUMTEXT   NOT NULL,
    html            MEDIUMTEXT   NOT NULL,
    contents        MEDIUMTEXT   NOT NULL,
    reading_minutes BIGINT       NOT NULL,
    -- A BCP 47 tag, for screen readers and fonts.
    language        VARCHAR(255) NOT NULL,
    author_id       BIGINT       NOT NULL,
    status          ENUM ('draft', 'published') NOT NULL,
    published_at    BIGINT,
    created_at      BIGINT       NOT NULL,
    updated_at      BIGINT       NOT NULL,
    version         BIGINT       NOT NULL DEFAULT 1,
    deleted_at      BIGINT,
    -- Title, summary and text in lower case.
    search_text     MEDIUMTEXT   NOT NULL,
    CONSTRAINT articles_published_has_time CHECK (status <> 'published' OR published_at IS NOT NULL),
    CONSTRAINT articles_author FOREIGN KEY (author_id) REFERENCES users (id),
    -- There are no partial indexes, so what SQLite's leaves out comes first here. It is read backwards.
    INDEX articles_by_published_at (status, deleted_at, published_at, id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = /*!80017 utf8mb4_0900_bin */ /*M!100202 utf8mb4_nopad_bin */;

-- The byline, in its order.
CREATE TABLE article_authors (
    article_id BIGINT NOT NULL,
    position   BIGINT NOT NULL,
    user_id    BIGINT NOT NULL,
    PRIMARY KEY (article_id, position),
    INDEX article_authors_by_user (user_id, article_id),
    CONSTRAINT article_authors_article FOREIGN KEY (article_id) REFERENCES articles (id) ON DELETE CASCADE,
    CONSTRAINT article_authors_user FOREIGN KEY (user_id) REFERENCES users (id)
) ENGINE = InnoDB;

-- Addresses that the article had elsewhere: with a leading slash, without a trailing one. 768 characters are what a key can hold.
CREATE TABLE article_aliases (
    path       VARCHAR(768) NOT NULL PRIMARY KEY,
    article_id BIGINT       NOT NULL,
    position   BIGINT       NOT NULL,
    INDEX article_aliases_by_article (article_id),
    CONSTRAINT article_aliases_article FOREIGN KEY (article_id) REFERENCES articles (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = /*!80017 utf8mb4_0900_bin */ /*M!100202 utf8mb4_nopad_bin */;

CREATE TABLE tags (
    id   BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
    slug VARCHAR(255) NOT NULL UNIQUE,
    name TEXT         NOT NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = /*!80017 utf8mb4_0900_bin */ /*M!100202 utf8mb4_nopad_bin */;

CREATE TABLE article_tags (
    article_id BIGINT NOT NULL,
    position   BIGINT NOT NULL,
    tag_id     BIGINT NOT NULL,
    PRIMARY KEY (article_id, position),
    INDEX article_tags_by_tag (tag_id, article_id),
    CONSTRAINT article_tags_article FOREIGN KEY (article_id) REFERENCES articles (id) ON DELETE CASCADE,
    CONSTRAINT article_tags_tag FOREIGN KEY (tag_id) REFERENCES tags (id)
) ENGINE = InnoDB;

-- SQLite takes one writer at a time. Here, whoever writes articles locks this table's only row first, so that two who write the
-- same slugs, tags and authors wait for each other instead of meeting halfway.
CREATE TABLE article_write_lock (
    id TINYINT NOT NULL PRIMARY KEY
) ENGINE = InnoDB;

INSERT INTO article_write_lock (id) VALUES (1);

-- Counting. These tables refer to an article by its number alone and share no row with it (rule C7).

CREATE TABLE article_stats (
    article_id BIGINT NOT NULL PRIMARY KEY,
    views      BIGINT NOT NULL DEFAULT 0,
    likes      BIGINT NOT NULL DEFAULT 0,
    collects   BIGINT NOT NULL DEFAULT 0,
    INDEX article_stats_by_views (views DESC, article_id DESC)
) ENGINE = InnoDB;

CREATE TABLE article_view_hours (
    hour       BIGINT NOT NULL,
    article_id BIGINT NOT NULL,
    views      BIGINT NOT NULL,
    PRIMARY KEY (hour, article_id)
) ENGINE = InnoDB;
