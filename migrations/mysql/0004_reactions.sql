-- The same tables as SQLite's; why they are as they are stands there. That nobody follows themself is held by the program alone:
-- what a CHECK may say of columns whose foreign keys have actions differs between the servers.

CREATE TABLE likes (
    user_id    BIGINT NOT NULL,
    article_id BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, article_id),
    INDEX likes_by_article (article_id, created_at),
    CONSTRAINT likes_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE = InnoDB;

CREATE TABLE collects (
    user_id    BIGINT NOT NULL,
    article_id BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, article_id),
    INDEX collects_by_article (article_id),
    INDEX collects_by_user (user_id, created_at, article_id),
    CONSTRAINT collects_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE = InnoDB;

CREATE TABLE follows (
    user_id    BIGINT NOT NULL,
    author_id  BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, author_id),
    INDEX follows_by_author (author_id, created_at),
    CONSTRAINT follows_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT follows_author FOREIGN KEY (author_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE = InnoDB;
