-- Operations by month of their decision (UTC): what is written now stays small, whatever there was before,
-- and a month can be archived as a whole. Why the keys stand beside them: docs/decisions/0014.

ALTER TABLE operation RENAME TO operation_whole;
ALTER TABLE operation_whole
    DROP CONSTRAINT operation_pkey,
    DROP CONSTRAINT operation_partition_id_seq_key,
    DROP CONSTRAINT operation_voucher_id_voucher_seq_key,
    DROP CONSTRAINT operation_op_key_voucher_id_key;
DROP INDEX operation_shop;

CREATE TABLE operation (
    LIKE operation_whole,
    PRIMARY KEY (id, decided_at)
) PARTITION BY RANGE (decided_at);
CREATE INDEX operation_voucher ON operation (voucher_id, voucher_seq);
CREATE INDEX operation_shop ON operation (shop_id, decided_at, id);

-- For what no month takes: a clock that jumped years ahead. The workers raise an alarm about it.
CREATE TABLE operation_default PARTITION OF operation DEFAULT;

-- One narrow row for each operation, in one table for all months: what may be there once is there once.
CREATE TABLE operation_key (
    partition_id BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    id UUID NOT NULL,
    voucher_id UUID NOT NULL,
    voucher_seq BIGINT NOT NULL,
    op_key BYTEA NOT NULL,
    decided_at BIGINT NOT NULL,
    PRIMARY KEY (partition_id, seq),
    UNIQUE (op_key, voucher_id)
);

-- Makes the months from one instant to another, moves what waited for them in the default partition there, and
-- says how much is still in it. Runs as the owner, since whoever works may write rows but change no table.
CREATE FUNCTION make_operation_months(since BIGINT, until BIGINT) RETURNS BIGINT
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    month TIMESTAMP := date_trunc('month', to_timestamp(since / 1000000) AT TIME ZONE 'UTC');
    last TIMESTAMP := to_timestamp(until / 1000000) AT TIME ZONE 'UTC';
    name TEXT;
    lower BIGINT;
    upper BIGINT;
BEGIN
    -- two at once would make the same month twice
    PERFORM pg_advisory_xact_lock(hashtext('make_operation_months'));
    WHILE month <= last LOOP
        name := 'operation_' || to_char(month, 'YYYY_MM');
        lower := EXTRACT(EPOCH FROM month)::BIGINT * 1000000;
        month := month + INTERVAL '1 month';
        upper := EXTRACT(EPOCH FROM month)::BIGINT * 1000000;
        CONTINUE WHEN to_regclass(name) IS NOT NULL;
        EXECUTE format('CREATE TABLE %I (LIKE operation)', name);
        EXECUTE format('WITH stray AS (DELETE FROM operation_default WHERE decided_at >= %s AND decided_at < %s
            RETURNING *) INSERT INTO %I SELECT * FROM stray', lower, upper, name);
        EXECUTE format('ALTER TABLE operation ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)', name, lower, upper);
    END LOOP;
    RETURN (SELECT COUNT(*) FROM operation_default);
END $$;

SELECT make_operation_months(month, month)
    FROM (SELECT MIN(decided_at) AS month FROM operation_whole
        GROUP BY date_trunc('month', to_timestamp(decided_at / 1000000) AT TIME ZONE 'UTC')) AS months;
INSERT INTO operation SELECT * FROM operation_whole;
INSERT INTO operation_key SELECT partition_id, seq, id, voucher_id, voucher_seq, op_key, decided_at FROM operation_whole;
DROP TABLE operation_whole;
