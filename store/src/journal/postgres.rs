//! The journal on Postgres: one row for each batch, for installations that outgrow one machine.
//!
//! # Why an answer is true
//! - An append is one statement, and so one transaction and one round trip: it moves the fence by
//!   compare-and-set on epoch, record and chain, and inserts the batch only if the fence moved. A call
//!   ends with the server's ReadyForQuery, which comes after the commit; the row comes before it.
//! - `synchronous_commit` is set to `on` when connecting, whatever the server, database or role says.
//! - With `synchronous_standby_names` a commit also waits for a standby. **That wait can be cancelled**
//!   (`pg_cancel_backend`, a time-out that fires in the last moment before it): the server then sends a
//!   warning and reports success. sqlx hides warnings in the log, and Postgres cannot be told to make
//!   an error of this one; tokio-postgres hands them over. An answer with a warning of any kind is
//!   [`JournalError::Unknown`]. A backend that is terminated while it waits gives no answer at all.
//! - `statement_timeout` is switched off by the server before it commits, so it does not limit that wait:
//!   the client's own patience does. Whatever is Unknown drops the connection. Bytes of it may still land
//!   later; the next opening waits for the fence's row, and moves the fence past them.
//!
//! # What may be believed when read
//! A commit is visible once its wait is over, also if that was cancelled or the server started anew
//! in the middle: it may then be on no standby. So before anything read is believed, a record of the
//! server's log is committed, and waits for the standbys: they have all that lies before it. That costs
//! nothing where no standby is named. A primary that was cut off from its standbys, or came back after another
//! one took over, can confirm nothing and answers nothing.
//!
//! Connect to the server itself: a pooler in between would mix sessions. Calls block and must not be made
//! on a thread that drives asynchronous tasks; use `spawn_blocking` there.

pub(crate) mod complaints;
mod leases;
mod session;
mod standbys;

pub use leases::PostgresLeases;
pub use standbys::{Standbys, Standing};

use super::batch::{continues, vouched_for};
use super::{Append, Appended, Batch, Chain, Head, Journal, JournalError, Opened, failed_together};
use crate::migrations;
use crate::postgres::PostgresServer;
use crate::tls::explained;
use domain::clock::Timestamp;
use domain::ids::PartitionId;
use domain::record::NodeId;
use session::Session;
use sqlx::Connection as _;
use std::sync::Arc;
use tokio_postgres::{Client, Row, Statement};

const MINT: &str = "INSERT INTO journal.fence (partition, epoch, seq, chain) SELECT $1, $2, $3, $4
    WHERE NOT EXISTS (SELECT FROM journal.batch WHERE partition = $1) ON CONFLICT (partition)
    DO UPDATE SET epoch = excluded.epoch, seq = excluded.seq, chain = excluded.chain
    WHERE fence.epoch = 0 AND fence.seq = 0";
const FENCES: &str = "SELECT partition FROM journal.fence ORDER BY partition";
const FENCE: &str = "SELECT epoch, seq, chain FROM journal.fence WHERE partition = $1";
const LOCK: &str = "SELECT epoch, seq, chain FROM journal.fence WHERE partition = $1 FOR UPDATE";
/// Many partitions at once: those whose fence is where the caller believes, and no others.
const APPEND: &str = "WITH wanted AS (
        SELECT * FROM unnest($1::INT[], $2::BIGINT[], $3::BIGINT[], $4::BYTEA[], $5::BIGINT[], $6::BIGINT[],
            $7::BYTEA[], $8::BYTEA[])
            AS next (partition, epoch_before, seq_before, chain_before, epoch, seq, chain, bytes)),
    moved AS (
        UPDATE journal.fence AS fence SET epoch = wanted.epoch, seq = wanted.seq, chain = wanted.chain FROM wanted
        WHERE fence.partition = wanted.partition AND fence.epoch = epoch_before AND fence.seq = seq_before
            AND fence.chain = chain_before RETURNING fence.partition)
    INSERT INTO journal.batch (partition, last_seq, bytes)
        SELECT partition, seq, bytes FROM wanted JOIN moved USING (partition) RETURNING partition";
const INSERT: &str = "INSERT INTO journal.batch (partition, last_seq, bytes) VALUES ($1, $2, $3)";
const LAST: &str = "SELECT bytes FROM journal.batch WHERE partition = $1 ORDER BY last_seq DESC LIMIT 1";
/// The fence beside each batch, or alone: no row at all is no fence.
const READ: &str = "SELECT fence.epoch, fence.seq, fence.chain, wanted.bytes
    FROM journal.fence LEFT JOIN (
        SELECT last_seq, bytes, sum(octet_length(bytes)) OVER (ORDER BY last_seq) AS total
        FROM (SELECT last_seq, bytes FROM journal.batch
              WHERE partition = $1 AND last_seq >= $2 ORDER BY last_seq LIMIT 256) AS next
    ) AS wanted ON wanted.total <= $3 OR wanted.total = octet_length(wanted.bytes)
    WHERE fence.partition = $1 ORDER BY wanted.last_seq";
/// So many that one statement is done long before its time is up.
const TRIM: &str = "DELETE FROM journal.batch WHERE partition = $1 AND last_seq IN (
        SELECT last_seq FROM journal.batch WHERE partition = $1 AND last_seq <= $2
            AND last_seq < (SELECT max(last_seq) FROM journal.batch WHERE partition = $1)
        ORDER BY last_seq LIMIT 4096)";
/// As [`migrations::APPLIED`], of the journal's own.
const APPLIED: &str = "SELECT version, description, checksum FROM journal.migration WHERE success";
/// Commits a record of the log behind everything that was visible, where there are standbys to wait for.
const CONFIRM: &str = "SELECT pg_logical_emit_message(true, 'buono', '')
    WHERE current_setting('synchronous_standby_names') <> ''";

struct Statements {
    mint: Statement,
    fences: Statement,
    fence: Statement,
    lock: Statement,
    append: Statement,
    insert: Statement,
    last: Statement,
    read: Statement,
    trim: Statement,
    confirm: Statement,
}

/// A connection to the journal on a Postgres server.
pub struct PostgresJournal {
    server: PostgresServer,
    writable: bool,
    live: Option<(Session, Statements)>,
}

impl PostgresJournal {
    /// Connects the journal's writer.
    ///
    /// # Errors
    /// [`JournalError::Unknown`] when the server cannot be used: the tables are missing, or it is a standby.
    pub fn open(server: &PostgresServer) -> Result<Self, JournalError> {
        Self::with(server, true)
    }

    /// Connects for reading only.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn reader(server: &PostgresServer) -> Result<Self, JournalError> {
        Self::with(server, false)
    }

    fn with(server: &PostgresServer, writable: bool) -> Result<Self, JournalError> {
        let mut journal = Self { server: server.clone(), writable, live: None };
        journal.ask(async |_, _| Ok(()))?;
        Ok(journal)
    }

    /// The settings of the server that the promise depends on, as sentences about what is wrong; none is good.
    ///
    /// # Errors
    /// [`JournalError::Unknown`] when it cannot even be asked.
    pub fn complaints(server: &PostgresServer) -> Result<Vec<String>, JournalError> {
        complaints::complaints(server)
    }

    /// Which other machines have what it commits.
    ///
    /// # Errors
    /// [`JournalError::Unknown`] when it cannot be asked.
    pub fn standbys(server: &PostgresServer) -> Result<Standbys, JournalError> {
        standbys::standbys(server)
    }

    /// How many bytes the batches take on the server's disk.
    ///
    /// # Errors
    /// [`JournalError::Unknown`].
    pub fn bytes(server: &PostgresServer) -> Result<u64, JournalError> {
        let size = "SELECT pg_total_relation_size('journal.batch')";
        let bytes = Session::connect(server)?
            .ask(async |client| Ok(client.query_one(size, &[]).await?.try_get::<_, i64>(0)?))?;
        Ok(bytes.unsigned_abs())
    }

    /// Brings the journal's tables up to date, as whoever the address names, who may own them; where nothing is to be done
    /// that may be anybody.
    ///
    /// # Errors
    /// [`JournalError::Unknown`] when a migration does not apply, or when a newer version of this program took away
    /// what this one needs.
    pub async fn migrate(server: &PostgresServer) -> Result<(), JournalError> {
        let said = |error: sqlx::Error| JournalError::Unknown(explained(&error));
        let mut connection = sqlx::PgConnection::connect_with(&server.ledger).await.map_err(said)?;
        let mut migrator = migrations::known(sqlx::migrate!("../migrations/postgres-journal"));
        let applied = match sqlx::query_as(APPLIED).fetch_all(&mut connection).await {
            // there is nothing yet
            Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("42P01") => Vec::new(),
            applied => applied.map_err(said)?,
        };
        migrations::suffice(&migrator, &applied).map_err(|why| JournalError::Unknown(format!("the journal: {why}")))?;
        if migrations::all_done(&migrator, &applied) {
            return connection.close().await.map_err(said);
        }
        // the ledger may live in the same database, and counts its own
        migrator.dangerous_set_table_name("journal.migration");
        migrator.create_schema("journal");
        migrator.run_direct(None, &mut connection, false).await.map_err(|error| said(error.into()))?;
        connection.close().await.map_err(said)
    }

    /// Runs one exchange on the connection, which is dropped when it is not known how that ended.
    fn ask<T: Send>(
        &mut self,
        act: impl AsyncFnOnce(&Client, &Statements) -> Result<T, JournalError> + Send,
    ) -> Result<T, JournalError> {
        let (mut session, statements) = match self.live.take() {
            Some(live) => live,
            None => self.connect()?,
        };
        let answer = session.ask(async |client| act(client, &statements).await);
        if !matches!(answer, Err(JournalError::Unknown(_))) {
            self.live = Some((session, statements));
        }
        answer
    }

    fn connect(&self) -> Result<(Session, Statements), JournalError> {
        let mut session = Session::connect(&self.server)?;
        let texts = [MINT, FENCES, FENCE, LOCK, APPEND, INSERT, LAST, READ, TRIM, CONFIRM];
        let prepared = session.prepare(self.writable, texts)?;
        let [mint, fences, fence, lock, append, insert, last, read, trim, confirm] = prepared;
        Ok((session, Statements { mint, fences, fence, lock, append, insert, last, read, trim, confirm }))
    }
}

/// A number as the tables hold it. None of ours is beyond the end, and what is asked beyond it is not there.
fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn place(row: &Row) -> Result<Head, JournalError> {
    let count = |column: usize| {
        let value: i64 = row.try_get(column)?;
        u64::try_from(value).map_err(|_| JournalError::Corrupt(format!("the fence holds {value}")))
    };
    let chain = Chain::try_from(row.try_get::<_, &[u8]>(2)?)
        .map_err(|_| JournalError::Corrupt("the fence's chain is not 32 bytes".into()))?;
    Ok(Head { epoch: count(0)?, seq: count(1)?, chain })
}

async fn fence(client: &Client, statement: &Statement, partition: PartitionId) -> Result<Head, JournalError> {
    let row = client.query_opt(statement, &[&i32::from(partition.0)]).await?;
    place(&row.ok_or(JournalError::NoFence)?)
}

/// Moves each fence that stands at `before` behind its batch and stores that; says which did.
async fn put(
    client: &Client,
    statement: &Statement,
    wanted: &[(PartitionId, Head, &Batch)],
) -> Result<Vec<PartitionId>, JournalError> {
    let partitions: Vec<i32> = wanted.iter().map(|(partition, ..)| i32::from(partition.0)).collect();
    let (before, after): (Vec<Head>, Vec<Head>) =
        wanted.iter().map(|(_, before, batch)| (*before, batch.head())).unzip();
    let bytes: Vec<&[u8]> = wanted.iter().map(|(.., batch)| batch.bytes()).collect();
    let (epochs_before, seqs_before, chains_before) = columns(&before);
    let (epochs, seqs, chains) = columns(&after);
    let rows = client
        .query(statement, &[&partitions, &epochs_before, &seqs_before, &chains_before, &epochs, &seqs, &chains, &bytes])
        .await?;
    rows.iter().map(|row| Ok(PartitionId(u16::try_from(row.try_get::<_, i32>(0)?).unwrap_or(u16::MAX)))).collect()
}

fn columns(heads: &[Head]) -> (Vec<i64>, Vec<i64>, Vec<&[u8]>) {
    let counts = heads.iter().map(|head| (number(head.epoch), number(head.seq)));
    let (epochs, seqs) = counts.unzip();
    (epochs, seqs, heads.iter().map(|head| head.chain.as_slice()).collect())
}

/// Why a batch was not appended. What is not known of one of them is known of none, as they are one transaction.
async fn refusal(client: &Client, statements: &Statements, append: &Append) -> Result<JournalError, JournalError> {
    match fence(client, &statements.fence, append.partition).await {
        Ok(fence) if fence.epoch == append.batch.epoch() => Ok(JournalError::Gap),
        Ok(_) => Ok(JournalError::Fenced),
        Err(unknown @ JournalError::Unknown(_)) => Err(unknown),
        Err(known) => Ok(known),
    }
}

async fn last(client: &Client, statement: &Statement, partition: PartitionId) -> Result<Option<Batch>, JournalError> {
    let row = client.query_opt(statement, &[&i32::from(partition.0)]).await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?.map(Batch::decode).transpose()?)
}

/// Gives an empty partition its fence, also one that was made and never opened.
async fn mint(client: &Client, statement: &Statement, partition: PartitionId, at: &Head) -> Result<(), JournalError> {
    let (epoch, seq, chain) = (number(at.epoch), number(at.seq), at.chain.as_slice());
    client.execute(statement, &[&i32::from(partition.0), &epoch, &seq, &chain]).await?;
    Ok(())
}

async fn fill(
    client: &Client,
    statements: &Statements,
    partition: PartitionId,
    end: &Head,
    batches: &[Arc<Batch>],
) -> Result<(), JournalError> {
    mint(client, &statements.mint, partition, end).await?;
    let fence = fence(client, &statements.lock, partition).await?;
    let stored = last(client, &statements.last, partition).await?.map(|batch| batch.head());
    if fence != *end || !continues(stored, batches, end) {
        return Err(JournalError::Gap);
    }
    for batch in batches {
        let place = number(batch.head().seq);
        client.execute(&statements.insert, &[&i32::from(partition.0), &place, &batch.bytes()]).await?;
    }
    Ok(())
}

async fn move_fence(
    client: &Client,
    statements: &Statements,
    partition: PartitionId,
    node: NodeId,
    expected_epoch: u64,
    at: Timestamp,
) -> Result<Opened, JournalError> {
    let before = fence(client, &statements.lock, partition).await?;
    vouched_for(last(client, &statements.last, partition).await?.as_ref(), &before)?;
    if before.epoch != expected_epoch {
        return Err(JournalError::Race { current: before.epoch });
    }
    let batch = Batch::opening(&before, node, at);
    let moved = put(client, &statements.append, &[(partition, before, &batch)]).await?;
    if moved == [partition] {
        Ok(Opened { head: batch.head() })
    } else {
        Err(JournalError::Unknown("a locked fence moved".into()))
    }
}

impl Journal for PostgresJournal {
    fn create(&mut self, partition: PartitionId) -> Result<(), JournalError> {
        self.ask(async |client, statements| mint(client, &statements.mint, partition, &Head::START).await)
    }

    fn partitions(&mut self) -> Result<Vec<PartitionId>, JournalError> {
        self.ask(async |client, statements| {
            let rows = client.query(&statements.fences, &[]).await?;
            let partition = |row: &Row| {
                let number: i32 = row.try_get(0)?;
                let id = u16::try_from(number).map(PartitionId);
                id.map_err(|_| JournalError::Corrupt(format!("there is a fence of a partition {number}")))
            };
            rows.iter().map(partition).collect()
        })
    }

    fn head(&mut self, partition: PartitionId) -> Result<Head, JournalError> {
        self.ask(async |client, statements| {
            let head = fence(client, &statements.fence, partition).await?;
            client.query(&statements.confirm, &[]).await?;
            Ok(head)
        })
    }

    fn open(
        &mut self,
        partition: PartitionId,
        node: NodeId,
        expected_epoch: u64,
        at: Timestamp,
    ) -> Result<Opened, JournalError> {
        self.ask(async |client, statements| {
            client.batch_execute("BEGIN").await?;
            let answer = move_fence(client, statements, partition, node, expected_epoch, at).await;
            client.batch_execute(if answer.is_ok() { "COMMIT" } else { "ROLLBACK" }).await?;
            answer
        })
    }

    fn flush(&mut self, appends: &[Append]) -> Vec<Appended> {
        let answers = self.ask(async |client, statements| {
            let follow = appends.iter().filter(|append| append.batch.previous().seq == append.previous_seq);
            let wanted = follow.map(|append| (append.partition, append.batch.previous(), &*append.batch));
            let moved = put(client, &statements.append, &wanted.collect::<Vec<_>>()).await?;
            let mut answers = Vec::with_capacity(appends.len());
            for append in appends {
                answers.push(if moved.contains(&append.partition) {
                    Ok(())
                } else {
                    Err(refusal(client, statements, append).await?)
                });
            }
            Ok(answers)
        });
        answers.unwrap_or_else(|error| failed_together(error, appends))
    }

    fn read(
        &mut self,
        partition: PartitionId,
        from_seq: u64,
        bytes_max: usize,
    ) -> Result<Vec<Arc<Batch>>, JournalError> {
        let bytes_max = i64::try_from(bytes_max).unwrap_or(i64::MAX);
        self.ask(async |client, statements| {
            let rows =
                client.query(&statements.read, &[&i32::from(partition.0), &number(from_seq), &bytes_max]).await?;
            place(rows.first().ok_or(JournalError::NoFence)?)?;
            let raw = rows.iter().filter_map(|row| row.try_get::<_, Option<Vec<u8>>>(3).transpose());
            let batches =
                raw.map(|bytes| Ok(Arc::new(Batch::decode(bytes?)?))).collect::<Result<Vec<_>, JournalError>>()?;
            if !batches.is_empty() {
                client.query(&statements.confirm, &[]).await?;
            }
            Ok(batches)
        })
    }

    fn trim(&mut self, partition: PartitionId, upto: u64, floor: u64) -> Result<(), JournalError> {
        if upto > floor {
            return Err(JournalError::Floor { floor });
        }
        self.ask(async |client, statements| fence(client, &statements.fence, partition).await)?;
        let step = |journal: &mut Self| {
            journal.ask(async |client, statements| {
                Ok(client.execute(&statements.trim, &[&i32::from(partition.0), &number(upto)]).await?)
            })
        };
        while step(self)? > 0 {}
        Ok(())
    }

    fn restore(&mut self, partition: PartitionId, end: &Head, batches: &[Arc<Batch>]) -> Result<(), JournalError> {
        self.ask(async |client, statements| {
            client.batch_execute("BEGIN").await?;
            let answer = fill(client, statements, partition, end, batches).await;
            client.batch_execute(if answer.is_ok() { "COMMIT" } else { "ROLLBACK" }).await?;
            answer
        })
    }

    fn reconnect(&mut self) {
        self.live = None;
    }
}
