-- What shops ask their municipality, and what it answered: sealed, since people write names into such things.

CREATE TABLE ticket (
    id UUID PRIMARY KEY,
    municipality_id UUID NOT NULL REFERENCES municipality (id),
    shop_id UUID NOT NULL REFERENCES shop (id),
    terminal_id UUID NOT NULL,
    operation_id UUID,
    op_key BYTEA NOT NULL,
    request_hash BYTEA NOT NULL,
    wrapped_key BYTEA NOT NULL,
    sealed BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    answered_at BIGINT,
    answered_by UUID
);
CREATE UNIQUE INDEX ticket_key ON ticket (shop_id, op_key);
CREATE INDEX ticket_shop ON ticket (shop_id, id);
CREATE INDEX ticket_municipality ON ticket (municipality_id, id);
CREATE INDEX ticket_open ON ticket (municipality_id, id) WHERE answered_at IS NULL;

ALTER TABLE ticket ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY municipality ON ticket
    USING ((SELECT sees_everything()) OR municipality_id = (SELECT seen_municipality()));
GRANT SELECT, INSERT, UPDATE ON ticket TO buono_app;
