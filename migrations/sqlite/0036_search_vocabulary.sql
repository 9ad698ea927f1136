-- The terms of the index, to look up which words there are without a search for each.
CREATE VIRTUAL TABLE search_vocabulary USING fts5vocab (search_terms, instance);
