-- Only of links it is asked which voucher they are for: a purchase's message need not stand in a fourth index.

DROP INDEX outbox_voucher;
CREATE INDEX outbox_link ON outbox (voucher_id) WHERE template = 'voucher_link';
