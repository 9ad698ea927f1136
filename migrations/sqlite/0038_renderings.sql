-- How often the article was rendered again without being changed. Together with its version, this says
-- which of two renderings is the later one.
ALTER TABLE articles ADD COLUMN renderings INTEGER NOT NULL DEFAULT 0;
