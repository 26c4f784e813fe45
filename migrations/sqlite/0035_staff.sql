-- Who works at a shop's tills, and who was at which till from when to when. Names and PINs are sealed. The journal
-- knows nothing of it: an operation is of whoever was at its till when it was decided (docs/decisions/0024).

CREATE TABLE staff (
    id BLOB PRIMARY KEY,
    municipality_id BLOB NOT NULL REFERENCES municipality (id),
    shop_id BLOB NOT NULL REFERENCES shop (id),
    wrapped_key BLOB NOT NULL,
    sealed BLOB NOT NULL,
    wrong_pins INTEGER NOT NULL,
    locked_until INTEGER,
    created_at INTEGER NOT NULL,
    left_at INTEGER
) STRICT;
CREATE INDEX staff_shop ON staff (shop_id, id);

CREATE TABLE shift (
    id BLOB PRIMARY KEY,
    municipality_id BLOB NOT NULL REFERENCES municipality (id),
    shop_id BLOB NOT NULL REFERENCES shop (id),
    terminal_id BLOB NOT NULL,
    staff_id BLOB NOT NULL REFERENCES staff (id),
    from_at INTEGER NOT NULL,
    to_at INTEGER
) STRICT;
CREATE INDEX shift_terminal ON shift (terminal_id, from_at, id);
CREATE INDEX shift_staff ON shift (staff_id);
-- one at a till
CREATE UNIQUE INDEX shift_open ON shift (terminal_id) WHERE to_at IS NULL;
