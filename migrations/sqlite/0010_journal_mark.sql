-- Places in the journals that must be known when the batches before them are gone: up to where a partition
-- was trimmed, and up to where a verified backup holds it.
CREATE TABLE journal_mark (
    partition_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    seq INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    chain BLOB NOT NULL,
    facts BLOB NOT NULL,
    marked_at INTEGER NOT NULL,
    PRIMARY KEY (partition_id, kind)
) STRICT;
