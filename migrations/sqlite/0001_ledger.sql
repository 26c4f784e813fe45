-- The ledger: everything one queries. Times are microseconds since 1970 UTC, money is euro cents.
-- Money columns of voucher and operation are written by the projector only.

CREATE TABLE municipality (
    id BLOB PRIMARY KEY,
    name TEXT NOT NULL,
    help_phone TEXT NOT NULL,
    help_email TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE app_user (
    id BLOB PRIMARY KEY,
    municipality_id BLOB REFERENCES municipality (id),
    email TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    totp_sealed BLOB,
    disabled INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE user_session (
    token_hash BLOB PRIMARY KEY,
    user_id BLOB NOT NULL REFERENCES app_user (id),
    expires_at INTEGER NOT NULL
) STRICT;

CREATE TABLE programme (
    id BLOB PRIMARY KEY,
    municipality_id BLOB NOT NULL REFERENCES municipality (id),
    name TEXT NOT NULL,
    status TEXT NOT NULL,
    budget_cents INTEGER NOT NULL,
    valid_from INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    per_redemption_max_cents INTEGER,
    per_day_max_cents INTEGER,
    per_day_count_max INTEGER,
    pin_above_cents INTEGER,
    hold_seconds INTEGER NOT NULL,
    message_after_purchase INTEGER NOT NULL,
    link_delay_seconds INTEGER NOT NULL,
    rules_it TEXT NOT NULL,
    rules_en TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX programme_municipality ON programme (municipality_id);

CREATE TABLE shop (
    id BLOB PRIMARY KEY,
    municipality_id BLOB NOT NULL REFERENCES municipality (id),
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
    sealed_through INTEGER,
    wrapped_key BLOB NOT NULL,
    sealed BLOB NOT NULL,
    import_id BLOB,
    created_at INTEGER NOT NULL,
    UNIQUE (municipality_id, reference)
) STRICT;

CREATE TABLE enrolment (
    code_index BLOB PRIMARY KEY,
    shop_id BLOB NOT NULL REFERENCES shop (id),
    expires_at INTEGER NOT NULL,
    used_at INTEGER
) STRICT;

CREATE TABLE terminal (
    id BLOB PRIMARY KEY,
    shop_id BLOB NOT NULL REFERENCES shop (id),
    label TEXT NOT NULL,
    token_hash BLOB NOT NULL UNIQUE,
    revoked_at INTEGER,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE person (
    id BLOB PRIMARY KEY,
    municipality_id BLOB NOT NULL REFERENCES municipality (id),
    language TEXT NOT NULL,
    tax_index BLOB,
    phone_index BLOB,
    email_index BLOB,
    wrapped_key BLOB NOT NULL,
    sealed BLOB NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX person_tax ON person (municipality_id, tax_index);
CREATE INDEX person_phone ON person (municipality_id, phone_index);
CREATE INDEX person_email ON person (municipality_id, email_index);

CREATE TABLE import (
    id BLOB PRIMARY KEY,
    municipality_id BLOB NOT NULL REFERENCES municipality (id),
    programme_id BLOB REFERENCES programme (id),
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    file_name TEXT NOT NULL,
    file_hash BLOB NOT NULL,
    report TEXT NOT NULL,
    wrapped_key BLOB NOT NULL,
    sealed BLOB NOT NULL,
    user_id BLOB,
    created_at INTEGER NOT NULL,
    applied_at INTEGER,
    undone_at INTEGER
) STRICT;
CREATE INDEX import_municipality ON import (municipality_id, created_at);

CREATE TABLE holder (
    voucher_id BLOB PRIMARY KEY,
    municipality_id BLOB NOT NULL REFERENCES municipality (id),
    person_id BLOB NOT NULL REFERENCES person (id),
    import_id BLOB,
    reference TEXT NOT NULL,
    channel TEXT NOT NULL,
    household INTEGER,
    minors INTEGER,
    initials TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX holder_import ON holder (import_id);
CREATE INDEX holder_person ON holder (person_id);
CREATE INDEX holder_reference ON holder (municipality_id, reference);

CREATE TABLE voucher_code (
    code_index BLOB PRIMARY KEY,
    kind TEXT NOT NULL,
    voucher_id BLOB NOT NULL,
    municipality_id BLOB NOT NULL,
    programme_id BLOB NOT NULL,
    generation INTEGER NOT NULL
) STRICT;

CREATE TABLE checkpoint (
    partition_id INTEGER PRIMARY KEY,
    seq INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    chain BLOB NOT NULL
) STRICT;

CREATE TABLE voucher (
    id BLOB PRIMARY KEY,
    municipality_id BLOB NOT NULL,
    programme_id BLOB NOT NULL,
    status TEXT NOT NULL,
    voucher_seq INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    valid_from INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    balance_cents INTEGER NOT NULL,
    held_cents INTEGER NOT NULL,
    issued_cents INTEGER NOT NULL,
    topped_up_cents INTEGER NOT NULL,
    redeemed_cents INTEGER NOT NULL,
    reversed_cents INTEGER NOT NULL,
    expired_cents INTEGER NOT NULL,
    issued_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX voucher_municipality ON voucher (municipality_id, id);
CREATE INDEX voucher_programme ON voucher (programme_id);
CREATE INDEX voucher_expiry ON voucher (expires_at);

CREATE TABLE operation (
    id BLOB PRIMARY KEY,
    partition_id INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    voucher_id BLOB NOT NULL,
    voucher_seq INTEGER NOT NULL,
    municipality_id BLOB NOT NULL,
    kind TEXT NOT NULL,
    shop_id BLOB,
    terminal_id BLOB,
    user_id BLOB,
    op_key BLOB NOT NULL,
    amount_cents INTEGER NOT NULL,
    balance_after_cents INTEGER NOT NULL,
    held_after_cents INTEGER NOT NULL,
    decided_at INTEGER NOT NULL,
    decline TEXT,
    target_id BLOB,
    reversed_cents INTEGER NOT NULL,
    record BLOB NOT NULL,
    UNIQUE (partition_id, seq),
    UNIQUE (voucher_id, voucher_seq),
    UNIQUE (op_key, voucher_id)
) STRICT;
CREATE INDEX operation_shop ON operation (shop_id, decided_at, id);

CREATE TABLE open_hold (
    operation_id BLOB PRIMARY KEY,
    voucher_id BLOB NOT NULL,
    until_at INTEGER NOT NULL
) STRICT;
CREATE INDEX open_hold_until ON open_hold (until_at);

CREATE TABLE outbox (
    id BLOB PRIMARY KEY,
    municipality_id BLOB NOT NULL,
    voucher_id BLOB NOT NULL,
    template TEXT NOT NULL,
    status TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    not_before INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    sent_at INTEGER,
    segments INTEGER,
    error TEXT
) STRICT;
CREATE INDEX outbox_due ON outbox (status, not_before);
CREATE INDEX outbox_voucher ON outbox (voucher_id);
CREATE INDEX outbox_municipality ON outbox (municipality_id, created_at);

CREATE TABLE citizen_session (
    token_hash BLOB PRIMARY KEY,
    voucher_id BLOB NOT NULL,
    generation INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;

CREATE TABLE audit (
    id BLOB PRIMARY KEY,
    municipality_id BLOB,
    user_id BLOB,
    action TEXT NOT NULL,
    target TEXT NOT NULL,
    detail TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT;
CREATE INDEX audit_municipality ON audit (municipality_id, at);
