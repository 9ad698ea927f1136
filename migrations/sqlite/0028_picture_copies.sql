-- Smaller copies of a picture, made in the background. Their files are beside the picture's.
-- The widths for which there is a copy, in pixels, separated by commas; may be empty. NULL until they were made.
ALTER TABLE pictures ADD COLUMN copies TEXT;
-- When a process last began to make them, so that no other one does the same.
ALTER TABLE pictures ADD COLUMN copies_begun_at INTEGER;

CREATE INDEX pictures_by_copies ON pictures (copies, name);
