-- What shops ask their municipality, and what it answered: sealed, since people write names into such things.

CREATE TABLE ticket (
    id BLOB PRIMARY KEY,
    municipality_id BLOB NOT NULL REFERENCES municipality (id),
    shop_id BLOB NOT NULL REFERENCES shop (id),
    terminal_id BLOB NOT NULL,
    operation_id BLOB,
    op_key BLOB NOT NULL,
    request_hash BLOB NOT NULL,
    wrapped_key BLOB NOT NULL,
    sealed BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    answered_at INTEGER,
    answered_by BLOB
) STRICT;
CREATE UNIQUE INDEX ticket_key ON ticket (shop_id, op_key);
CREATE INDEX ticket_shop ON ticket (shop_id, id);
CREATE INDEX ticket_municipality ON ticket (municipality_id, id);
CREATE INDEX ticket_open ON ticket (municipality_id, id) WHERE answered_at IS NULL;
