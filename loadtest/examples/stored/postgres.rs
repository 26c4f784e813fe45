//! One call of a Postgres function for each redemption, over connections that take turns and pipeline.

use crate::{FUND, Failure, Taken};
use std::cell::Cell;
use tokio_postgres::{Client, NoTls, Statement};

/// The lock on the voucher's row orders everything; the key is looked up behind it.
const TABLES: &str = "
    DROP SCHEMA IF EXISTS yardstick CASCADE;
    CREATE SCHEMA yardstick;
    CREATE TABLE yardstick.voucher (id TEXT PRIMARY KEY, balance BIGINT NOT NULL) WITH (fillfactor = 50);
    CREATE TABLE yardstick.operation (
        voucher TEXT NOT NULL, key TEXT NOT NULL, cents BIGINT NOT NULL, balance BIGINT NOT NULL,
        declined BOOLEAN NOT NULL, at TIMESTAMPTZ NOT NULL DEFAULT now(), PRIMARY KEY (voucher, key));
    CREATE FUNCTION yardstick.redeem(voucher_id TEXT, op_key TEXT, wanted BIGINT, fund BIGINT,
        OUT left_over BIGINT, OUT refused BOOLEAN, OUT known BOOLEAN) LANGUAGE plpgsql AS $$
    BEGIN
        SELECT balance INTO left_over FROM yardstick.voucher WHERE id = voucher_id FOR UPDATE;
        IF NOT FOUND THEN
            INSERT INTO yardstick.voucher VALUES (voucher_id, fund) ON CONFLICT DO NOTHING;
            SELECT balance INTO left_over FROM yardstick.voucher WHERE id = voucher_id FOR UPDATE;
        END IF;
        SELECT o.balance, o.declined, TRUE INTO left_over, refused, known
            FROM yardstick.operation o WHERE o.voucher = voucher_id AND o.key = op_key;
        IF FOUND THEN RETURN; END IF;
        SELECT balance INTO left_over FROM yardstick.voucher WHERE id = voucher_id;
        refused := left_over < wanted;
        known := FALSE;
        IF NOT refused THEN
            left_over := left_over - wanted;
            UPDATE yardstick.voucher SET balance = left_over WHERE id = voucher_id;
        END IF;
        INSERT INTO yardstick.operation VALUES (voucher_id, op_key, wanted, left_over, refused);
    END $$;";

pub struct Store {
    connections: Vec<(Client, Statement)>,
    next: Cell<usize>,
}

async fn connect(url: &str) -> Result<Client, Failure> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

pub async fn prepare(url: &str) -> Result<(), Failure> {
    Ok(connect(url).await?.batch_execute(TABLES).await?)
}

impl Store {
    pub async fn connect(url: &str, count: usize) -> Result<Self, Failure> {
        let mut connections = Vec::new();
        for _ in 0..count.max(1) {
            let client = connect(url).await?;
            let statement = client.prepare("SELECT * FROM yardstick.redeem($1, $2, $3, $4)").await?;
            connections.push((client, statement));
        }
        Ok(Self { connections, next: Cell::new(0) })
    }

    pub async fn redeem(&self, voucher: &str, key: &str, cents: i64) -> Result<Taken, Failure> {
        let at = self.next.get();
        self.next.set((at + 1) % self.connections.len());
        let (client, statement) = &self.connections[at];
        let row = client.query_one(statement, &[&voucher, &key, &cents, &FUND]).await?;
        Ok(Taken { balance: row.try_get(0)?, declined: row.try_get(1)?, known: row.try_get(2)? })
    }
}
