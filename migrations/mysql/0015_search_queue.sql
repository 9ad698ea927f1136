-- Articles that have changed since OpenSearch was told of them, each once: written in the
-- transaction that changes the article. Without OpenSearch it stays small too: at most a row for each
-- article.
CREATE TABLE search_queue (
    article_id BIGINT NOT NULL PRIMARY KEY,
    -- The article's version after the last change.
    version    BIGINT NOT NULL,
    -- When it changed first.
    queued_at  BIGINT NOT NULL
) ENGINE = InnoDB;

-- The count that the index has. Where it is another than `views`, it has to be sent.
ALTER TABLE article_stats ADD COLUMN indexed_views BIGINT NOT NULL DEFAULT 0;

-- Which process rebuilds the index: the only row has the number of the last rebuild, and until when
-- it is that one's turn.
CREATE TABLE search_rebuild (
    id          TINYINT NOT NULL PRIMARY KEY CHECK (id = 1),
    serial      BIGINT  NOT NULL,
    lease_until BIGINT  NOT NULL
) ENGINE = InnoDB;

INSERT INTO search_rebuild (id, serial, lease_until) VALUES (1, 0, 0);
