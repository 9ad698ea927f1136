-- How many views were not counted on each day (UTC, in days since 1970), by reason, for the page about counting.
CREATE TABLE uncounted_views (
    day    BIGINT NOT NULL,
    reason VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    views  BIGINT NOT NULL,
    PRIMARY KEY (day, reason)
) ENGINE = InnoDB;
