-- The words of the published articles, changed in the transaction that changes an article. `search_documents` says which articles are in
-- `search_terms`, when each was published, and a hash of what its terms were made from, by which a reconcile finds what differs.
CREATE TABLE search_documents (
    article_id   INTEGER PRIMARY KEY,
    published_at INTEGER NOT NULL,
    hash         INTEGER NOT NULL
);

-- Terms that the program has made, separated by spaces: see `tidemark_content::search::analysis`. Only the index of them is kept. The
-- tokenizer takes every character beyond ASCII as part of a term, and so needs to know no version of Unicode.
CREATE VIRTUAL TABLE search_terms USING fts5 (
    title, tags, summary, text,
    content = '', contentless_delete = 1, prefix = '2 3', tokenize = "ascii tokenchars '+#='"
);

-- Which terms there are, to correct a typing error.
CREATE VIRTUAL TABLE search_words USING fts5vocab (search_terms, row);

-- Which version of the analysis made all terms. The only row says 0 until the articles that are there now are in.
CREATE TABLE search_analysis (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    version INTEGER NOT NULL
);

INSERT INTO search_analysis (id, version) SELECT 1, CASE WHEN EXISTS (SELECT 1 FROM articles) THEN 0 ELSE 1 END;

ALTER TABLE articles DROP COLUMN search_text;
