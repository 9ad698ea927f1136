-- Which version of the renderer made the HTML of all articles: after an update that renders better, they are rendered again. The only row
-- says 0 until that is done for the first time.
CREATE TABLE article_renderer (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    version INTEGER NOT NULL
);

INSERT INTO article_renderer (id, version) VALUES (1, 0);
