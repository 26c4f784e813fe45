-- What is due comes in its order straight from the index, however much waits, and a municipality's list too.

DROP INDEX outbox_due;
CREATE INDEX outbox_due ON outbox (not_before, id) WHERE status IN ('pending', 'sending');

DROP INDEX outbox_municipality;
CREATE INDEX outbox_municipality ON outbox (municipality_id, id);
