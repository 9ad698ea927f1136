-- Views that were counted elsewhere, before an article moved here. They are added where totals are shown. Counting knows nothing
-- of them (rule C7).
CREATE TABLE article_baselines (
    article_id INTEGER NOT NULL REFERENCES articles (id) ON DELETE CASCADE,
    -- Where they were counted, as readers see it.
    source     TEXT    NOT NULL,
    views      INTEGER NOT NULL,
    -- The last day that they cover, as 2026-11-27.
    last_day   TEXT,
    PRIMARY KEY (article_id, source)
) WITHOUT ROWID;

-- Grows with each change of article_baselines, which servers keep in memory.
ALTER TABLE content_version ADD COLUMN baselines INTEGER NOT NULL DEFAULT 0;
