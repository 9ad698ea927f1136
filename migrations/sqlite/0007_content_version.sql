-- Grows with each change of what readers see, in the same transaction. Processes that remember rendered pages look here.
CREATE TABLE content_version (
    id      INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    version INTEGER NOT NULL
);

INSERT INTO content_version (id, version) VALUES (1, 0);
