-- How many views were not counted on each day (UTC, in days since 1970), by reason, for the page about counting.
CREATE TABLE uncounted_views (
    day    INTEGER NOT NULL,
    reason TEXT    NOT NULL,
    views  INTEGER NOT NULL,
    PRIMARY KEY (day, reason)
) WITHOUT ROWID;
