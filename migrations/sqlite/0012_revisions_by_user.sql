-- How many revisions a user may have saved is bounded, and the oldest are looked for with each save.
CREATE INDEX article_revisions_by_user ON article_revisions (user_id, created_at);
