-- What the municipality does with a claim, and what it and the shop write about single lines.

ALTER TABLE claim ADD COLUMN approved_at INTEGER;
ALTER TABLE claim ADD COLUMN approved_by BLOB;
ALTER TABLE claim ADD COLUMN paid_by BLOB;
CREATE INDEX claim_municipality ON claim (municipality_id, id);

-- A remark of the municipality and the shop's answer: whoever writes freely may name people, so both are sealed.
CREATE TABLE claim_note (
    operation_id BLOB NOT NULL REFERENCES claim_line (operation_id),
    side TEXT NOT NULL,
    municipality_id BLOB NOT NULL REFERENCES municipality (id),
    claim_id BLOB NOT NULL REFERENCES claim (id),
    wrapped_key BLOB NOT NULL,
    sealed BLOB NOT NULL,
    written_at INTEGER NOT NULL,
    PRIMARY KEY (operation_id, side)
) STRICT;
CREATE INDEX claim_note_claim ON claim_note (claim_id, operation_id);
