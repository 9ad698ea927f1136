-- The time zone in which a user reads and gives times, by its name in the IANA database.
ALTER TABLE users ADD COLUMN time_zone VARCHAR(64) NOT NULL DEFAULT 'UTC';
