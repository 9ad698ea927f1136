-- How far each log of batches (a partition of a Kafka topic) has been read. Written in the transaction that adds
-- the views, so it never disagrees with them. It only says where to go on: whether a batch is counted is decided
-- by view_batches (rule C5).
CREATE TABLE view_feeds (
    cluster_id  VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    topic       VARCHAR(249) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    part        INT NOT NULL,
    next_offset BIGINT NOT NULL,
    -- What the record before next_offset is known by. If that record is another one, so is the log.
    last_batch  VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    PRIMARY KEY (cluster_id, topic, part)
) ENGINE = InnoDB;
