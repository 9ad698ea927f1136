-- Views that were counted elsewhere, before an article moved here. They are added where totals are shown. Counting knows nothing
-- of them (rule C7).
CREATE TABLE article_baselines (
    article_id BIGINT      NOT NULL,
    -- Where they were counted, as readers see it.
    source     VARCHAR(64) NOT NULL,
    views      BIGINT      NOT NULL,
    -- The last day that they cover, as 2026-11-27.
    last_day   VARCHAR(10),
    PRIMARY KEY (article_id, source),
    CONSTRAINT article_baselines_article FOREIGN KEY (article_id) REFERENCES articles (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = /*!80017 utf8mb4_0900_bin */ /*M!100202 utf8mb4_nopad_bin */;

-- Grows with each change of article_baselines, which servers keep in memory.
ALTER TABLE content_version ADD COLUMN baselines BIGINT NOT NULL DEFAULT 0;
