-- The tables of counting for MySQL (8.0.17 or later) and MariaDB (10.6 or later), for a program that has
-- none of them yet. Salts, the dedup log and the rankings, which SQLite keeps beside them, are in Redis.
--
-- An article is known by its number alone, and no row is shared with it (rule C7). Times are UTC in
-- milliseconds since 1970-01-01. Hours are such a time divided by 3,600,000.

CREATE TABLE article_stats (
    article_id BIGINT NOT NULL PRIMARY KEY,
    views      BIGINT NOT NULL DEFAULT 0,
    INDEX article_stats_by_views (views DESC, article_id DESC)
) ENGINE = InnoDB;

CREATE TABLE article_view_hours (
    hour       BIGINT NOT NULL,
    article_id BIGINT NOT NULL,
    views      BIGINT NOT NULL,
    PRIMARY KEY (hour, article_id)
) ENGINE = InnoDB;

-- Which batches of views SQL has. Written in the transaction that adds their views, so that none is
-- added twice (rule C5).
CREATE TABLE view_batches (
    id         VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    applied_at BIGINT NOT NULL,
    KEY view_batches_by_applied_at (applied_at)
) ENGINE = InnoDB;

-- Every Redis that views came from. More than one row: a Redis was lost or replaced, and what it had not
-- flushed went with it.
CREATE TABLE view_origins (
    id            VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    first_seen_at BIGINT NOT NULL
) ENGINE = InnoDB;
