//! The journal in a SQLite file: the embedded installation's.
//!
//! `synchronous=FULL` in WAL mode makes every commit wait for the disk; a reader on another
//! connection sees a commit only after that.

use super::batch::{continues, vouched_for};
use super::{Append, Appended, Batch, Chain, Head, Journal, JournalError, Opened, failed_together};
use domain::clock::Timestamp;
use domain::ids::PartitionId;
use domain::record::NodeId;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, Transaction, TransactionBehavior, params};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Older ones can lose a commit when the WAL is reset.
pub const SQLITE_VERSION_MIN: i32 = 3_051_003;

/// Pages in the WAL before they are moved to the file: 2 MiB, so that few commits pay for it.
const WAL_PAGES: u32 = 512;
const BUSY: Duration = Duration::from_secs(2);

/// A batch lies at its partition and last record, in one number, so that the rows are their own index:
/// every page that a commit touches is written and waited for.
const SCHEMA: &str = "
    CREATE TABLE fence (
        partition INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, seq INTEGER NOT NULL, chain BLOB NOT NULL
    ) STRICT;
    CREATE TABLE batch (place INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;";
const MINT: &str = "INSERT INTO fence (partition, epoch, seq, chain) SELECT ?1, ?2, ?3, ?4
    WHERE NOT EXISTS (SELECT 1 FROM batch WHERE place BETWEEN ?5 AND ?6) ON CONFLICT (partition)
    DO UPDATE SET epoch = excluded.epoch, seq = excluded.seq, chain = excluded.chain
    WHERE fence.epoch = 0 AND fence.seq = 0";
const FENCES: &str = "SELECT partition FROM fence ORDER BY partition";
const FENCE: &str = "SELECT epoch, seq, chain FROM fence WHERE partition = ?1";
const MOVE: &str = "UPDATE fence SET epoch = ?2, seq = ?3, chain = ?4 WHERE partition = ?1 AND epoch = ?5 AND seq = ?6";
const INSERT: &str = "INSERT INTO batch (place, bytes) VALUES (?1, ?2)";
const LAST: &str = "SELECT bytes FROM batch WHERE place BETWEEN ?1 AND ?2 ORDER BY place DESC LIMIT 1";
const READ: &str = "SELECT bytes FROM batch WHERE place BETWEEN ?1 AND ?2 ORDER BY place";
const TRIM: &str = "DELETE FROM batch WHERE place BETWEEN ?1 AND ?2
    AND place < (SELECT MAX(place) FROM batch WHERE place BETWEEN ?1 AND ?3)";

/// Tells a file of these tables from one of others.
const LAYOUT: i32 = 2;
const TABLES: &str = "SELECT COUNT(*) FROM sqlite_schema";
/// Records that one partition can have in its life: a million a second for four years.
const SEQ_MAX: u64 = (1 << 47) - 1;

/// Where a batch lies whose last record is this one. Beyond the end there is one place, and it is taken
/// or empty: nothing is ever written over something else.
fn place(partition: PartitionId, seq: u64) -> i64 {
    (i64::from(partition.0) << 47) | i64::try_from(seq.min(SEQ_MAX)).unwrap_or(i64::MAX)
}

/// The places of a partition.
fn all(partition: PartitionId) -> [i64; 2] {
    [place(partition, 0), place(partition, SEQ_MAX)]
}

/// A connection to the journal's file.
pub struct SqliteJournal {
    path: PathBuf,
    writable: bool,
    connection: Option<Connection>,
}

impl From<rusqlite::Error> for JournalError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::Error as E;
        let damaged = match &error {
            // a value that nothing of ours ever wrote
            E::IntegralValueOutOfRange(..) | E::InvalidColumnType(..) | E::FromSqlConversionFailure(..) => true,
            other => {
                matches!(other.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
            }
        };
        if damaged { Self::Corrupt(error.to_string()) } else { Self::Unknown(error.to_string()) }
    }
}

impl SqliteJournal {
    /// Opens or creates the file for its one writer.
    ///
    /// # Errors
    /// [`JournalError::Unknown`] when the file cannot be used, or when a setting that the promise
    /// depends on did not take.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        let mut journal = Self { path: path.to_owned(), writable: true, connection: None };
        let transaction = journal.begin()?;
        if transaction.query_row(TABLES, [], |row| row.get::<_, i64>(0))? == 0 {
            transaction.execute_batch(SCHEMA)?;
            transaction.pragma_update(None, "user_version", LAYOUT)?;
        }
        check_layout(&transaction, path)?;
        transaction.commit()?;
        Ok(journal)
    }

    /// Opens the file for reading only.
    ///
    /// # Errors
    /// [`JournalError::Unknown`] when there is no such file, or when it is another version's.
    pub fn reader(path: &Path) -> Result<Self, JournalError> {
        let mut journal = Self { path: path.to_owned(), writable: false, connection: None };
        check_layout(journal.connection()?, path)?;
        Ok(journal)
    }

    fn connection(&mut self) -> Result<&mut Connection, JournalError> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None if self.writable => Self::connect(&self.path)?,
            None => Self::connect_reader(&self.path)?,
        };
        Ok(self.connection.insert(connection))
    }

    fn connect_reader(path: &Path) -> Result<Connection, JournalError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(BUSY)?;
        connection.pragma_update(None, "query_only", true)?;
        Ok(connection)
    }

    fn connect(path: &Path) -> Result<Connection, JournalError> {
        if rusqlite::version_number() < SQLITE_VERSION_MIN {
            return Err(JournalError::Unknown(format!("SQLite {} is too old", rusqlite::version())));
        }
        let connection = Connection::open(path)?;
        connection.busy_timeout(BUSY)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "wal_autocheckpoint", WAL_PAGES)?;
        let mode: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
        let synchronous: i64 = connection.pragma_query_value(None, "synchronous", |row| row.get(0))?;
        if mode != "wal" || synchronous != 2 {
            return Err(JournalError::Unknown(format!("journal_mode is {mode}, synchronous is {synchronous}")));
        }
        Ok(connection)
    }

    fn begin(&mut self) -> Result<Transaction<'_>, JournalError> {
        Ok(self.connection()?.transaction_with_behavior(TransactionBehavior::Immediate)?)
    }

    /// One transaction for all that may be appended; what may not is left out of it.
    fn commit(&mut self, appends: &[Append]) -> Result<Vec<Appended>, JournalError> {
        let transaction = self.begin()?;
        let mut answers = Vec::with_capacity(appends.len());
        for append in appends {
            let before = follows(&transaction, append);
            if let Ok(before) = &before {
                put(&transaction, append.partition, before, &append.batch)?;
            }
            answers.push(before.map(drop));
        }
        transaction.commit()?;
        Ok(answers)
    }

    /// Limits the file to so many pages, to see what a full disk does.
    ///
    /// # Errors
    /// [`JournalError::Unknown`].
    #[doc(hidden)]
    pub fn limit_pages(&mut self, pages: u32) -> Result<(), JournalError> {
        Ok(self.connection()?.pragma_update(None, "max_page_count", pages)?)
    }
}

/// Refuses a file whose tables are another version's, with the same words whoever asks.
fn check_layout(connection: &Connection, path: &Path) -> Result<(), JournalError> {
    let layout: i32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if layout == LAYOUT {
        return Ok(());
    }
    Err(JournalError::Unknown(format!(
        "{}: the file has layout {layout}, and this program reads {LAYOUT}: use it with the version that wrote it, \
         or restore a backup of this one",
        path.display()
    )))
}

/// Gives an empty partition its fence, also one that was made and never opened.
fn mint(connection: &Connection, partition: PartitionId, at: &Head) -> Result<(), JournalError> {
    let [from, to] = all(partition);
    connection.prepare_cached(MINT)?.execute(params![partition.0, at.epoch, at.seq, at.chain, from, to])?;
    Ok(())
}

fn fence(connection: &Connection, partition: PartitionId) -> Result<Head, JournalError> {
    let mut statement = connection.prepare_cached(FENCE)?;
    let row = statement
        .query_row(params![partition.0], |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, Vec<u8>>(2)?)))
        .optional()?;
    let (epoch, seq, chain) = row.ok_or(JournalError::NoFence)?;
    let chain =
        Chain::try_from(chain).map_err(|_| JournalError::Corrupt("the fence's chain is not 32 bytes".into()))?;
    Ok(Head { epoch, seq, chain })
}

fn last(connection: &Connection, partition: PartitionId) -> Result<Option<Batch>, JournalError> {
    let bytes = connection.prepare_cached(LAST)?.query_row(all(partition), |row| row.get(0)).optional()?;
    Ok(bytes.map(Batch::decode).transpose()?)
}

/// The fence that the append follows, or why it follows none.
fn follows(connection: &Connection, append: &Append) -> Result<Head, JournalError> {
    let before = fence(connection, append.partition)?;
    if before.epoch != append.batch.epoch() {
        return Err(JournalError::Fenced);
    }
    if before.seq != append.previous_seq || append.batch.follows(&before).is_err() {
        return Err(JournalError::Gap);
    }
    Ok(before)
}

/// Inserts the batch and moves the fence with it, in the caller's transaction.
fn put(connection: &Connection, partition: PartitionId, before: &Head, batch: &Batch) -> Result<(), JournalError> {
    let after = batch.head();
    connection.prepare_cached(INSERT)?.execute(params![place(partition, after.seq), batch.bytes()])?;
    let moved = connection.prepare_cached(MOVE)?.execute(params![
        partition.0,
        after.epoch,
        after.seq,
        after.chain,
        before.epoch,
        before.seq
    ])?;
    if moved == 1 { Ok(()) } else { Err(JournalError::Gap) }
}

impl Journal for SqliteJournal {
    fn create(&mut self, partition: PartitionId) -> Result<(), JournalError> {
        mint(self.connection()?, partition, &Head::START)
    }

    fn partitions(&mut self) -> Result<Vec<PartitionId>, JournalError> {
        let mut statement = self.connection()?.prepare_cached(FENCES)?;
        let found = statement.query_map([], |row| row.get(0).map(PartitionId))?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    fn head(&mut self, partition: PartitionId) -> Result<Head, JournalError> {
        fence(self.connection()?, partition)
    }

    fn open(
        &mut self,
        partition: PartitionId,
        node: NodeId,
        expected_epoch: u64,
        at: Timestamp,
    ) -> Result<Opened, JournalError> {
        let transaction = self.begin()?;
        let before = fence(&transaction, partition)?;
        vouched_for(last(&transaction, partition)?.as_ref(), &before)?;
        if before.epoch != expected_epoch {
            return Err(JournalError::Race { current: before.epoch });
        }
        let batch = Batch::opening(&before, node, at);
        put(&transaction, partition, &before, &batch)?;
        transaction.commit()?;
        Ok(Opened { head: batch.head() })
    }

    fn flush(&mut self, appends: &[Append]) -> Vec<Appended> {
        self.commit(appends).unwrap_or_else(|error| failed_together(error, appends))
    }

    fn read(
        &mut self,
        partition: PartitionId,
        from_seq: u64,
        bytes_max: usize,
    ) -> Result<Vec<Arc<Batch>>, JournalError> {
        let connection = self.connection()?;
        fence(connection, partition)?;
        let mut statement = connection.prepare_cached(READ)?;
        let mut rows = statement.query([place(partition, from_seq), place(partition, SEQ_MAX)])?;
        let (mut batches, mut bytes) = (Vec::new(), 0);
        while let Some(row) = rows.next()? {
            let raw: Vec<u8> = row.get(0)?;
            bytes += raw.len();
            if !batches.is_empty() && bytes > bytes_max {
                break;
            }
            batches.push(Arc::new(Batch::decode(raw)?));
        }
        Ok(batches)
    }

    fn trim(&mut self, partition: PartitionId, upto: u64, floor: u64) -> Result<(), JournalError> {
        if upto > floor {
            return Err(JournalError::Floor { floor });
        }
        let connection = self.connection()?;
        fence(connection, partition)?;
        connection.execute(TRIM, [place(partition, 0), place(partition, upto), place(partition, SEQ_MAX)])?;
        Ok(())
    }

    fn restore(&mut self, partition: PartitionId, end: &Head, batches: &[Arc<Batch>]) -> Result<(), JournalError> {
        let transaction = self.begin()?;
        mint(&transaction, partition, end)?;
        let stored = last(&transaction, partition)?.map(|batch| batch.head());
        if fence(&transaction, partition)? != *end || !continues(stored, batches, end) {
            return Err(JournalError::Gap);
        }
        for batch in batches {
            let place = place(partition, batch.head().seq);
            transaction.prepare_cached(INSERT)?.execute(params![place, batch.bytes()])?;
        }
        Ok(transaction.commit()?)
    }

    fn reconnect(&mut self) {
        self.connection = None;
    }
}
