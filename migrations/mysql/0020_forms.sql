-- Every open form of the editor has a draft of its own, so that two tabs of one article don't overwrite each other's text. The index is for
-- the foreign key while the primary key changes.
ALTER TABLE article_drafts ADD INDEX article_drafts_by_user (user_id);

ALTER TABLE article_drafts
    -- The key of the form in which it was typed. Empty: it is older than these keys.
    ADD COLUMN form_key VARCHAR(32) NOT NULL DEFAULT '' AFTER article_id,
    DROP PRIMARY KEY,
    ADD PRIMARY KEY (user_id, article_id, form_key);

ALTER TABLE article_drafts DROP INDEX article_drafts_by_user;

-- The forms of the editor that were saved or discarded. A new article's form is good for one article, and a late draft does not come back.
CREATE TABLE used_forms (
    user_id    BIGINT      NOT NULL,
    form_key   VARCHAR(32) NOT NULL,
    -- The article that it was saved as. NULL: its text was discarded.
    article_id BIGINT,
    used_at    BIGINT      NOT NULL,
    PRIMARY KEY (user_id, form_key),
    INDEX used_forms_by_time (used_at),
    CONSTRAINT used_forms_user FOREIGN KEY (user_id) REFERENCES users (id),
    CONSTRAINT used_forms_article FOREIGN KEY (article_id) REFERENCES articles (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = /*!80017 utf8mb4_0900_bin */ /*M!100202 utf8mb4_nopad_bin */;
