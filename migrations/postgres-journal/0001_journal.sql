-- The journal on Postgres: one row for each batch, one fence for each partition.

CREATE SCHEMA IF NOT EXISTS journal;

-- Updated by every append, so most of each page stays free for the next version of the row.
CREATE TABLE journal.fence (
    partition INTEGER PRIMARY KEY,
    epoch BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    chain BYTEA NOT NULL
) WITH (fillfactor = 10);

CREATE TABLE journal.batch (
    partition INTEGER NOT NULL,
    last_seq BIGINT NOT NULL,
    bytes BYTEA NOT NULL,
    PRIMARY KEY (partition, last_seq)
);

-- Ids and hashes do not compress.
ALTER TABLE journal.batch ALTER COLUMN bytes SET STORAGE EXTERNAL;
