-- The words of the published articles, changed in the transaction that changes an article: when each was published, a hash of what its
-- terms were made from, by which a reconcile finds what differs, and the terms that the program has made, separated by spaces: see
-- `tidemark_content::search::analysis`. `title` has those of the title and the tags.
CREATE TABLE search_documents (
    article_id   BIGINT     NOT NULL PRIMARY KEY,
    published_at BIGINT     NOT NULL,
    hash         BIGINT     NOT NULL,
    title        MEDIUMTEXT NOT NULL,
    terms        MEDIUMTEXT NOT NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = /*!80017 utf8mb4_0900_bin */ /*M!100202 utf8mb4_nopad_bin */;

-- Which version of the analysis made all terms. The only row says 0 until the articles that are there now are in.
CREATE TABLE search_analysis (
    id      TINYINT NOT NULL PRIMARY KEY,
    version BIGINT  NOT NULL
) ENGINE = InnoDB;

INSERT INTO search_analysis (id, version) SELECT 1, CASE WHEN EXISTS (SELECT 1 FROM articles) THEN 0 ELSE 1 END;

ALTER TABLE articles DROP COLUMN search_text;
