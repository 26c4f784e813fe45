-- Places in the journals that must be known when the batches before them are gone: up to where a partition
-- was trimmed, and up to where a verified backup holds it.
CREATE TABLE journal_mark (
    partition_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    seq BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    chain BYTEA NOT NULL,
    facts BYTEA NOT NULL,
    marked_at BIGINT NOT NULL,
    PRIMARY KEY (partition_id, kind)
);
