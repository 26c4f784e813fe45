-- Who works at a shop's tills, and who was at which till from when to when. Names and PINs are sealed. The journal
-- knows nothing of it: an operation is of whoever was at its till when it was decided (docs/decisions/0024).

CREATE TABLE staff (
    id UUID PRIMARY KEY,
    municipality_id UUID NOT NULL REFERENCES municipality (id),
    shop_id UUID NOT NULL REFERENCES shop (id),
    wrapped_key BYTEA NOT NULL,
    sealed BYTEA NOT NULL,
    wrong_pins BIGINT NOT NULL,
    locked_until BIGINT,
    created_at BIGINT NOT NULL,
    left_at BIGINT
);
CREATE INDEX staff_shop ON staff (shop_id, id);

CREATE TABLE shift (
    id UUID PRIMARY KEY,
    municipality_id UUID NOT NULL REFERENCES municipality (id),
    shop_id UUID NOT NULL REFERENCES shop (id),
    terminal_id UUID NOT NULL,
    staff_id UUID NOT NULL REFERENCES staff (id),
    from_at BIGINT NOT NULL,
    to_at BIGINT
);
CREATE INDEX shift_terminal ON shift (terminal_id, from_at, id);
CREATE INDEX shift_staff ON shift (staff_id);
-- one at a till
CREATE UNIQUE INDEX shift_open ON shift (terminal_id) WHERE to_at IS NULL;

ALTER TABLE staff ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY municipality ON staff
    USING ((SELECT sees_everything()) OR municipality_id = (SELECT seen_municipality()));
ALTER TABLE shift ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY municipality ON shift
    USING ((SELECT sees_everything()) OR municipality_id = (SELECT seen_municipality()));
GRANT SELECT, INSERT, UPDATE, DELETE ON staff TO buono_app;
GRANT SELECT, INSERT, UPDATE ON shift TO buono_app;
