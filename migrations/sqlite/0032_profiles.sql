-- What users show of themselves, beside their name.
-- A line about them, as plain text; may be empty.
ALTER TABLE users ADD COLUMN about TEXT NOT NULL DEFAULT '';
-- The name of a picture in `pictures` that articles can't use. NULL: their initials are shown instead.
ALTER TABLE users ADD COLUMN avatar TEXT;

CREATE UNIQUE INDEX users_by_avatar ON users (avatar);
