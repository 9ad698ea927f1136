-- The name of the series that an article is part of. Its parts are in the order of their dates.
ALTER TABLE articles
    ADD COLUMN series VARCHAR(255),
    ADD INDEX articles_by_series (series);
