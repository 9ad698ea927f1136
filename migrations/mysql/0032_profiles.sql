-- What users show of themselves, beside their name.
ALTER TABLE users
    -- A line about them, as plain text; may be empty.
    ADD COLUMN about  VARCHAR(1000) NOT NULL DEFAULT '',
    -- The name of a picture in `pictures` that articles can't use. NULL: their initials are shown instead.
    ADD COLUMN avatar VARCHAR(255),
    ADD UNIQUE INDEX users_by_avatar (avatar);
