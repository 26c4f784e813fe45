-- Lists that shops asked to have sent by mail. The address is sealed, and forgotten once the mail has gone.

CREATE TABLE statement_request (
    id BLOB PRIMARY KEY,
    municipality_id BLOB NOT NULL REFERENCES municipality (id),
    shop_id BLOB NOT NULL REFERENCES shop (id),
    terminal_id BLOB NOT NULL,
    format TEXT NOT NULL,
    language TEXT NOT NULL,
    from_at INTEGER NOT NULL,
    to_at INTEGER NOT NULL,
    wrapped_key BLOB NOT NULL,
    sealed BLOB NOT NULL,
    status TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    not_before INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    sent_at INTEGER,
    error TEXT
) STRICT;
CREATE INDEX statement_request_due ON statement_request (not_before, id) WHERE status IN ('pending', 'sending');
CREATE INDEX statement_request_shop ON statement_request (shop_id, id);
