-- Which node has which partition.

-- Everybody who came and has not left; whose beats stand still is dead.
CREATE TABLE journal.member (
    name TEXT PRIMARY KEY,
    node BIGINT NOT NULL,
    beats BIGINT NOT NULL,
    leaving BOOLEAN NOT NULL,
    address TEXT NOT NULL
) WITH (fillfactor = 50);

-- One row for each partition of the installation.
CREATE TABLE journal.holder (
    partition INTEGER PRIMARY KEY,
    member TEXT
) WITH (fillfactor = 50);
