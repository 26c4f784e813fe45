-- The ledger: everything one queries. Times are microseconds since 1970 UTC, money is euro cents.
-- Money columns of voucher and operation are written by the projector only.

CREATE TABLE municipality (
    id UUID PRIMARY KEY,
    name TEXT NOT NULL,
    help_phone TEXT NOT NULL,
    help_email TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE app_user (
    id UUID PRIMARY KEY,
    municipality_id UUID REFERENCES municipality (id),
    email TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    totp_sealed BYTEA,
    disabled BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE user_session (
    token_hash BYTEA PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES app_user (id),
    expires_at BIGINT NOT NULL
);

CREATE TABLE programme (
    id UUID PRIMARY KEY,
    municipality_id UUID NOT NULL REFERENCES municipality (id),
    name TEXT NOT NULL,
    status TEXT NOT NULL,
    budget_cents BIGINT NOT NULL,
    valid_from BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    per_redemption_max_cents BIGINT,
    per_day_max_cents BIGINT,
    per_day_count_max BIGINT,
    pin_above_cents BIGINT,
    hold_seconds BIGINT NOT NULL,
    message_after_purchase BIGINT NOT NULL,
    link_delay_seconds BIGINT NOT NULL,
    rules_it TEXT NOT NULL,
    rules_en TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX programme_municipality ON programme (municipality_id);

CREATE TABLE shop (
    id UUID PRIMARY KEY,
    municipality_id UUID NOT NULL REFERENCES municipality (id),
    reference TEXT NOT NULL,
    name TEXT NOT NULL,
    legal_name TEXT NOT NULL,
    category TEXT NOT NULL,
    address TEXT NOT NULL,
    postcode TEXT NOT NULL,
    town TEXT NOT NULL,
    province TEXT NOT NULL,
    vat_number TEXT NOT NULL,
    status TEXT NOT NULL,
    sealed_through BIGINT,
    wrapped_key BYTEA NOT NULL,
    sealed BYTEA NOT NULL,
    import_id UUID,
    created_at BIGINT NOT NULL,
    UNIQUE (municipality_id, reference)
);

CREATE TABLE enrolment (
    code_index BYTEA PRIMARY KEY,
    shop_id UUID NOT NULL REFERENCES shop (id),
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);

CREATE TABLE terminal (
    id UUID PRIMARY KEY,
    shop_id UUID NOT NULL REFERENCES shop (id),
    label TEXT NOT NULL,
    token_hash BYTEA NOT NULL UNIQUE,
    revoked_at BIGINT,
    created_at BIGINT NOT NULL
);

CREATE TABLE person (
    id UUID PRIMARY KEY,
    municipality_id UUID NOT NULL REFERENCES municipality (id),
    language TEXT NOT NULL,
    tax_index BYTEA,
    phone_index BYTEA,
    email_index BYTEA,
    wrapped_key BYTEA NOT NULL,
    sealed BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX person_tax ON person (municipality_id, tax_index);
CREATE INDEX person_phone ON person (municipality_id, phone_index);
CREATE INDEX person_email ON person (municipality_id, email_index);

CREATE TABLE import (
    id UUID PRIMARY KEY,
    municipality_id UUID NOT NULL REFERENCES municipality (id),
    programme_id UUID REFERENCES programme (id),
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    file_name TEXT NOT NULL,
    file_hash BYTEA NOT NULL,
    report TEXT NOT NULL,
    wrapped_key BYTEA NOT NULL,
    sealed BYTEA NOT NULL,
    user_id UUID,
    created_at BIGINT NOT NULL,
    applied_at BIGINT,
    undone_at BIGINT
);
CREATE INDEX import_municipality ON import (municipality_id, created_at);

CREATE TABLE holder (
    voucher_id UUID PRIMARY KEY,
    municipality_id UUID NOT NULL REFERENCES municipality (id),
    person_id UUID NOT NULL REFERENCES person (id),
    import_id UUID,
    reference TEXT NOT NULL,
    channel TEXT NOT NULL,
    household BIGINT,
    minors BIGINT,
    initials TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX holder_import ON holder (import_id);
CREATE INDEX holder_person ON holder (person_id);
CREATE INDEX holder_reference ON holder (municipality_id, reference);

CREATE TABLE voucher_code (
    code_index BYTEA PRIMARY KEY,
    kind TEXT NOT NULL,
    voucher_id UUID NOT NULL,
    municipality_id UUID NOT NULL,
    programme_id UUID NOT NULL,
    generation BIGINT NOT NULL
);

CREATE TABLE checkpoint (
    partition_id BIGINT PRIMARY KEY,
    seq BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    chain BYTEA NOT NULL
);

CREATE TABLE voucher (
    id UUID PRIMARY KEY,
    municipality_id UUID NOT NULL,
    programme_id UUID NOT NULL,
    status TEXT NOT NULL,
    voucher_seq BIGINT NOT NULL,
    generation BIGINT NOT NULL,
    valid_from BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    balance_cents BIGINT NOT NULL,
    held_cents BIGINT NOT NULL,
    issued_cents BIGINT NOT NULL,
    topped_up_cents BIGINT NOT NULL,
    redeemed_cents BIGINT NOT NULL,
    reversed_cents BIGINT NOT NULL,
    expired_cents BIGINT NOT NULL,
    issued_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX voucher_municipality ON voucher (municipality_id, id);
CREATE INDEX voucher_programme ON voucher (programme_id);
CREATE INDEX voucher_expiry ON voucher (expires_at);

CREATE TABLE operation (
    id UUID PRIMARY KEY,
    partition_id BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    voucher_id UUID NOT NULL,
    voucher_seq BIGINT NOT NULL,
    municipality_id UUID NOT NULL,
    kind TEXT NOT NULL,
    shop_id UUID,
    terminal_id UUID,
    user_id UUID,
    op_key BYTEA NOT NULL,
    amount_cents BIGINT NOT NULL,
    balance_after_cents BIGINT NOT NULL,
    held_after_cents BIGINT NOT NULL,
    decided_at BIGINT NOT NULL,
    decline TEXT,
    target_id UUID,
    reversed_cents BIGINT NOT NULL,
    record BYTEA NOT NULL,
    UNIQUE (partition_id, seq),
    UNIQUE (voucher_id, voucher_seq),
    UNIQUE (op_key, voucher_id)
);
CREATE INDEX operation_shop ON operation (shop_id, decided_at, id);

CREATE TABLE open_hold (
    operation_id UUID PRIMARY KEY,
    voucher_id UUID NOT NULL,
    until_at BIGINT NOT NULL
);
CREATE INDEX open_hold_until ON open_hold (until_at);

CREATE TABLE outbox (
    id UUID PRIMARY KEY,
    municipality_id UUID NOT NULL,
    voucher_id UUID NOT NULL,
    template TEXT NOT NULL,
    status TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    not_before BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    sent_at BIGINT,
    segments BIGINT,
    error TEXT
);
CREATE INDEX outbox_due ON outbox (status, not_before);
CREATE INDEX outbox_voucher ON outbox (voucher_id);
CREATE INDEX outbox_municipality ON outbox (municipality_id, created_at);

CREATE TABLE citizen_session (
    token_hash BYTEA PRIMARY KEY,
    voucher_id UUID NOT NULL,
    generation BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE TABLE audit (
    id UUID PRIMARY KEY,
    municipality_id UUID,
    user_id UUID,
    action TEXT NOT NULL,
    target TEXT NOT NULL,
    detail TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX audit_municipality ON audit (municipality_id, at);
