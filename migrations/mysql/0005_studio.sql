-- The address of a picture above the article.
ALTER TABLE articles ADD COLUMN cover TEXT;

-- What an article was after each save. An article that was never saved in the studio has none; its first save there also keeps what was
-- there before.
CREATE TABLE article_revisions (
    article_id BIGINT       NOT NULL,
    -- The article's version then.
    version    BIGINT       NOT NULL,
    slug       VARCHAR(255) NOT NULL,
    title      TEXT         NOT NULL,
    summary    TEXT         NOT NULL,
    markdown   MEDIUMTEXT   NOT NULL,
    -- The names of the tags, as a JSON array.
    tags       TEXT         NOT NULL,
    cover      TEXT,
    -- Who saved it. NULL: nobody knows, because it was imported.
    user_id    BIGINT,
    created_at BIGINT       NOT NULL,
    PRIMARY KEY (article_id, version),
    CONSTRAINT article_revisions_article FOREIGN KEY (article_id) REFERENCES articles (id) ON DELETE CASCADE,
    CONSTRAINT article_revisions_user FOREIGN KEY (user_id) REFERENCES users (id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = /*!80017 utf8mb4_0900_bin */ /*M!100202 utf8mb4_nopad_bin */;

-- What somebody typed and has not saved yet.
CREATE TABLE article_drafts (
    user_id    BIGINT     NOT NULL,
    -- 0: an article that was never saved.
    article_id BIGINT     NOT NULL,
    -- The article's version that it is based on.
    version    BIGINT     NOT NULL,
    -- The fields of the form, as a JSON object.
    fields     MEDIUMTEXT NOT NULL,
    saved_at   BIGINT     NOT NULL,
    PRIMARY KEY (user_id, article_id),
    CONSTRAINT article_drafts_user FOREIGN KEY (user_id) REFERENCES users (id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = /*!80017 utf8mb4_0900_bin */ /*M!100202 utf8mb4_nopad_bin */;
