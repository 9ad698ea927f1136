-- How often the article was rendered again without being changed. Together with its version, this says
-- which of two renderings is the later one.
ALTER TABLE articles ADD COLUMN renderings BIGINT NOT NULL DEFAULT 0;
