-- The terms of titles and tags once more, on their own. Suggestions look at nothing else, and in `search_terms` they go through the terms
-- of all texts for it. The program fills it when it starts, because all articles are to be indexed again.
CREATE VIRTUAL TABLE search_titles USING fts5 (
    title, tags,
    content = '', contentless_delete = 1, prefix = '2 3', tokenize = "ascii tokenchars '+#='"
);

-- Mistyped words are looked up in the index itself, which is faster.
DROP TABLE search_words;

UPDATE search_analysis SET version = 0 WHERE EXISTS (SELECT 1 FROM articles);

-- How many parts of an index the nightly job merges into one, at least. Each word is looked up in each part.
INSERT INTO search_terms (search_terms, rank) VALUES ('usermerge', 2);
INSERT INTO search_titles (search_titles, rank) VALUES ('usermerge', 2);
