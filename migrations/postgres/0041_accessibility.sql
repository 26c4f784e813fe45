-- What a municipality says of its own about who cannot use the pages well, where its formal statement is (AgID's model),
-- and when it said so.

ALTER TABLE municipality ADD COLUMN accessibility_url TEXT;
ALTER TABLE municipality ADD COLUMN accessibility_gaps TEXT NOT NULL DEFAULT '';
ALTER TABLE municipality ADD COLUMN accessibility_at BIGINT;
