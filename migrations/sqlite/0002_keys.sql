-- What Postgres keeps beside the months of its operations is here a part of the one table.
CREATE VIEW operation_key AS
    SELECT partition_id, seq, id, voucher_id, voucher_seq, op_key, decided_at FROM operation;
