-- What shops ask to be paid for: facts of the ledger, each in one claim at most (docs/decisions/0022).

ALTER TABLE municipality ADD COLUMN payment_days INTEGER NOT NULL DEFAULT 30;

CREATE TABLE claim (
    id BLOB PRIMARY KEY,
    municipality_id BLOB NOT NULL REFERENCES municipality (id),
    shop_id BLOB NOT NULL REFERENCES shop (id),
    number INTEGER NOT NULL,
    op_key BLOB NOT NULL,
    request_hash BLOB NOT NULL,
    status TEXT NOT NULL,
    from_at INTEGER NOT NULL,
    through_at INTEGER NOT NULL,
    operations INTEGER NOT NULL,
    amount_cents INTEGER NOT NULL,
    seal BLOB NOT NULL,
    sealed_at INTEGER NOT NULL,
    expected_at INTEGER NOT NULL,
    paid_at INTEGER,
    payment_reference TEXT,
    UNIQUE (shop_id, number),
    UNIQUE (shop_id, op_key)
) STRICT;

CREATE TABLE claim_line (
    operation_id BLOB PRIMARY KEY,
    municipality_id BLOB NOT NULL REFERENCES municipality (id),
    claim_id BLOB NOT NULL REFERENCES claim (id),
    decided_at INTEGER NOT NULL,
    amount_cents INTEGER NOT NULL
) STRICT;
CREATE INDEX claim_line_claim ON claim_line (claim_id, operation_id);
