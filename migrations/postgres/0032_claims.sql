-- What shops ask to be paid for: facts of the ledger, each in one claim at most (docs/decisions/0022).

ALTER TABLE municipality ADD COLUMN payment_days BIGINT NOT NULL DEFAULT 30;

CREATE TABLE claim (
    id UUID PRIMARY KEY,
    municipality_id UUID NOT NULL REFERENCES municipality (id),
    shop_id UUID NOT NULL REFERENCES shop (id),
    number BIGINT NOT NULL,
    op_key BYTEA NOT NULL,
    request_hash BYTEA NOT NULL,
    status TEXT NOT NULL,
    from_at BIGINT NOT NULL,
    through_at BIGINT NOT NULL,
    operations BIGINT NOT NULL,
    amount_cents BIGINT NOT NULL,
    seal BYTEA NOT NULL,
    sealed_at BIGINT NOT NULL,
    expected_at BIGINT NOT NULL,
    paid_at BIGINT,
    payment_reference TEXT,
    UNIQUE (shop_id, number),
    UNIQUE (shop_id, op_key)
);

CREATE TABLE claim_line (
    operation_id UUID PRIMARY KEY,
    municipality_id UUID NOT NULL REFERENCES municipality (id),
    claim_id UUID NOT NULL REFERENCES claim (id),
    decided_at BIGINT NOT NULL,
    amount_cents BIGINT NOT NULL
);
CREATE INDEX claim_line_claim ON claim_line (claim_id, operation_id);

ALTER TABLE claim ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE claim_line ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY municipality ON claim
    USING ((SELECT sees_everything()) OR municipality_id = (SELECT seen_municipality()));
CREATE POLICY municipality ON claim_line
    USING ((SELECT sees_everything()) OR municipality_id = (SELECT seen_municipality()));

-- What a shop has sealed stays: lines can be added and not be changed.
GRANT SELECT, INSERT, UPDATE ON claim TO buono_app;
GRANT SELECT, INSERT ON claim_line TO buono_app;
