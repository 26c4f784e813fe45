-- Lists that shops asked to have sent by mail. The address is sealed, and forgotten once the mail has gone.

CREATE TABLE statement_request (
    id UUID PRIMARY KEY,
    municipality_id UUID NOT NULL REFERENCES municipality (id),
    shop_id UUID NOT NULL REFERENCES shop (id),
    terminal_id UUID NOT NULL,
    format TEXT NOT NULL,
    language TEXT NOT NULL,
    from_at BIGINT NOT NULL,
    to_at BIGINT NOT NULL,
    wrapped_key BYTEA NOT NULL,
    sealed BYTEA NOT NULL,
    status TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    not_before BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    sent_at BIGINT,
    error TEXT
);
CREATE INDEX statement_request_due ON statement_request (not_before, id) WHERE status IN ('pending', 'sending');
CREATE INDEX statement_request_shop ON statement_request (shop_id, id);

ALTER TABLE statement_request ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY municipality ON statement_request
    USING ((SELECT sees_everything()) OR municipality_id = (SELECT seen_municipality()));
GRANT SELECT, INSERT, UPDATE ON statement_request TO buono_app;
