-- Smaller copies of a picture, made in the background. Their files are beside the picture's.
ALTER TABLE pictures
    -- The widths for which there is a copy, in pixels, separated by commas; may be empty. NULL until they were made.
    ADD COLUMN copies          VARCHAR(64),
    -- When a process last began to make them, so that no other one does the same.
    ADD COLUMN copies_begun_at BIGINT,
    ADD INDEX pictures_by_copies (copies, name);
