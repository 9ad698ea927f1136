-- An article that was imported and never changed since was not updated on the day of the import.
UPDATE articles SET updated_at = published_at
WHERE published_at < updated_at AND EXISTS (SELECT 1 FROM article_imports
    WHERE article_imports.article_id = articles.id AND article_imports.version = articles.version);
