-- Grows with each change of what readers see, in the same transaction. Processes that remember rendered pages look here.
CREATE TABLE content_version (
    id      BIGINT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL
) ENGINE = InnoDB;

INSERT INTO content_version (id, version) VALUES (1, 0);
