-- The name of the series that an article is part of. Its parts are in the order of their dates.
ALTER TABLE articles ADD COLUMN series TEXT;

CREATE INDEX articles_by_series ON articles (series) WHERE series IS NOT NULL;
