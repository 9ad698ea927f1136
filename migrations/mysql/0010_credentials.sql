-- Which credential a user has: the number grows when the password changes, is reset or is taken away. A session has the number that it was
-- begun with, and opens nothing once the user has another.
ALTER TABLE users ADD COLUMN credential BIGINT NOT NULL DEFAULT 0;
