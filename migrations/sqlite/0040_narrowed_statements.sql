-- A list by mail may be of one till, of one member of staff, or of nobody in particular; of everybody where all is null.

ALTER TABLE statement_request ADD COLUMN only_terminal_id BLOB;
ALTER TABLE statement_request ADD COLUMN only_staff_id BLOB;
ALTER TABLE statement_request ADD COLUMN only_nobody INTEGER;

-- The version before would mail all of it: such requests wait in states that it does not look for.
CREATE INDEX statement_request_waiting ON statement_request (not_before, id)
    WHERE status IN ('pending', 'sending', 'narrowed', 'narrowed_sending');
