-- What the municipality does with a claim, and what it and the shop write about single lines.

ALTER TABLE claim ADD COLUMN approved_at BIGINT;
ALTER TABLE claim ADD COLUMN approved_by UUID;
ALTER TABLE claim ADD COLUMN paid_by UUID;
CREATE INDEX claim_municipality ON claim (municipality_id, id);

-- A remark of the municipality and the shop's answer: whoever writes freely may name people, so both are sealed.
CREATE TABLE claim_note (
    operation_id UUID NOT NULL REFERENCES claim_line (operation_id),
    side TEXT NOT NULL,
    municipality_id UUID NOT NULL REFERENCES municipality (id),
    claim_id UUID NOT NULL REFERENCES claim (id),
    wrapped_key BYTEA NOT NULL,
    sealed BYTEA NOT NULL,
    written_at BIGINT NOT NULL,
    PRIMARY KEY (operation_id, side)
);
CREATE INDEX claim_note_claim ON claim_note (claim_id, operation_id);

ALTER TABLE claim_note ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY municipality ON claim_note
    USING ((SELECT sees_everything()) OR municipality_id = (SELECT seen_municipality()));
GRANT SELECT, INSERT, UPDATE ON claim_note TO buono_app;
