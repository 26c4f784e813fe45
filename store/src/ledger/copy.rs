//! All rows of one ledger into an empty one, whichever databases the two are on: for backups, restores and moves.
//!
//! What is read is one snapshot, also while others write; what is written is one transaction, which ends only
//! when every row was read back as it was.

use super::db::{Db, Error};
use super::scope::Pg;
use futures_util::TryStreamExt;
use sqlx::{AssertSqlSafe, Postgres, Row, Sqlite, Transaction};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Every table that holds anything of ours, each behind those that its rows refer to. `directory_version` counts
/// changes, also those of a copy, each ledger for itself; `operation_key` is made of `operation`.
pub const TABLES: [&str; 27] = [
    "installation",
    "municipality",
    "app_user",
    "user_session",
    "programme",
    "shop",
    "enrolment",
    "terminal",
    "staff",
    "shift",
    "ticket",
    "person",
    "import",
    "holder",
    "voucher_code",
    "checkpoint",
    "voucher",
    "operation",
    "claim",
    "claim_line",
    "claim_note",
    "statement_request",
    "open_hold",
    "outbox",
    "citizen_session",
    "audit",
    "journal_mark",
];

/// How many rows one statement writes.
const ROWS_A_STATEMENT: usize = 64;

const COLUMNS_PG: &str = "SELECT column_name::text, data_type::text FROM information_schema.columns
    WHERE table_schema = current_schema() AND table_name = $1 ORDER BY ordinal_position";
/// Nothing is said at one end as long as a table is read or written at the other: with a large town that is minutes.
const SILENT: &str = "SET LOCAL idle_in_transaction_session_timeout = 0";
const SNAPSHOT: &str = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY";
/// The stretches of thirty days in which there are operations, and the months that they touch.
const STRETCHES: &str = "SELECT DISTINCT decided_at / 2592000000000 FROM operation";
const STRETCH_US: i64 = 2_592_000_000_000;
const MAKE_MONTHS: &str = "SELECT make_operation_months($1, $2)";
const KEYS: &str = "INSERT INTO operation_key
    SELECT partition_id, seq, id, voucher_id, voucher_seq, op_key, decided_at FROM operation";
const COLUMNS_LITE: &str = "SELECT name, type FROM pragma_table_info($1) ORDER BY cid";

/// Why a ledger was not copied.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// Nothing is written over anything.
    #[error("the table {0} of the ledger there is not empty")]
    NotEmpty(&'static str),
    /// Two versions of the program.
    #[error("the table {0} has other columns there: bring both ledgers up to date with this version of buono")]
    OtherColumns(&'static str),
    /// What was written is not what is there.
    #[error("rows of the table {0} did not arrive as they were")]
    Changed(&'static str),
    /// One of the two did not do as asked.
    #[error(transparent)]
    Ledger(#[from] Error),
}

impl From<sqlx::Error> for CopyError {
    fn from(error: sqlx::Error) -> Self {
        Self::Ledger(error.into())
    }
}

/// What a table holds, in whatever order and on whichever database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Digest {
    /// How many rows.
    pub rows: u64,
    /// The sum of their BLAKE3 hashes, in four parts.
    pub sum: [u64; 4],
}

impl Digest {
    fn add(&mut self, row: &[Cell]) {
        let mut hasher = blake3::Hasher::new();
        row.iter().for_each(|cell| cell.hash(&mut hasher));
        let hash = hasher.finalize();
        for (sum, part) in self.sum.iter_mut().zip(hash.as_bytes().as_chunks::<8>().0) {
            *sum = sum.wrapping_add(u64::from_le_bytes(*part));
        }
        self.rows += 1;
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Id,
    Number,
    Text,
    Bytes,
}

impl Kind {
    /// From the type's name on either database; SQLite keeps ids as bytes.
    fn named(name: &str) -> Option<Self> {
        match name {
            "uuid" => Some(Self::Id),
            "bigint" | "BIGINT" | "INTEGER" => Some(Self::Number),
            "text" | "TEXT" => Some(Self::Text),
            "bytea" | "BLOB" => Some(Self::Bytes),
            _ => None,
        }
    }
}

enum Cell {
    Id(Option<Uuid>),
    Number(Option<i64>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
}

impl Cell {
    /// The same for an id and for its bytes.
    fn hash(&self, hasher: &mut blake3::Hasher) {
        let mut put = |mark: u8, bytes: &[u8]| {
            hasher.update(&[mark]).update(&(bytes.len() as u64).to_le_bytes()).update(bytes);
        };
        match self {
            Self::Id(None) | Self::Number(None) | Self::Text(None) | Self::Bytes(None) => put(0, &[]),
            Self::Id(Some(id)) => put(1, id.as_bytes()),
            Self::Bytes(Some(bytes)) => put(1, bytes),
            Self::Number(Some(number)) => put(2, &number.to_le_bytes()),
            Self::Text(Some(text)) => put(3, text.as_bytes()),
        }
    }
}

type Columns = BTreeMap<String, Kind>;

/// One end of a copy: a transaction on either database.
enum End {
    Pg(Transaction<'static, Postgres>),
    Lite(Transaction<'static, Sqlite>),
}

macro_rules! at {
    ($end:expr, |$tx:ident| $body:expr) => {
        match $end {
            End::Pg($tx) => $body,
            End::Lite($tx) => $body,
        }
    };
}

/// A transaction that is not ended while it is silent.
async fn begin(pg: &Pg) -> Result<Transaction<'static, Postgres>, Error> {
    let mut transaction = pg.everything().begin().await?;
    sqlx::query(SILENT).execute(&mut *transaction).await?;
    Ok(transaction)
}

impl End {
    /// What is there at this moment, whatever is written meanwhile.
    async fn reading(db: &Db) -> Result<Self, Error> {
        Ok(match db {
            Db::Pg(pg) => {
                let mut transaction = begin(pg).await?;
                sqlx::query(SNAPSHOT).execute(&mut *transaction).await?;
                Self::Pg(transaction)
            }
            Db::Lite(pool) => Self::Lite(pool.begin().await?),
        })
    }

    async fn writing(db: &Db) -> Result<Self, Error> {
        Ok(match db {
            Db::Pg(pg) => Self::Pg(begin(pg).await?),
            Db::Lite(pool) => Self::Lite(pool.begin_with("BEGIN IMMEDIATE").await?),
        })
    }

    async fn commit(self) -> Result<(), Error> {
        Ok(at!(self, |tx| tx.commit().await)?)
    }

    async fn columns(&mut self, table: &'static str) -> Result<Columns, CopyError> {
        let rows: Vec<(String, String)> = match self {
            Self::Pg(tx) => sqlx::query_as(COLUMNS_PG).bind(table).fetch_all(&mut **tx).await?,
            Self::Lite(tx) => sqlx::query_as(COLUMNS_LITE).bind(table).fetch_all(&mut **tx).await?,
        };
        let column = |(name, kind): (String, String)| Kind::named(&kind).map(|kind| (name, kind));
        let columns: Option<Columns> = rows.into_iter().map(column).collect();
        columns.filter(|columns| !columns.is_empty()).ok_or(CopyError::OtherColumns(table))
    }

    async fn is_empty(&mut self, table: &str) -> Result<bool, Error> {
        let one = AssertSqlSafe(format!("SELECT 1 FROM {table} LIMIT 1"));
        Ok(at!(self, |tx| sqlx::query(one).fetch_optional(&mut **tx).await.map(|row| row.is_none()))?)
    }

    /// Hands over all rows, some at a time, and gives their digest.
    async fn each(
        &mut self,
        table: &str,
        columns: &Columns,
        mut act: impl AsyncFnMut(&[Cell]) -> Result<(), Error>,
    ) -> Result<Digest, Error> {
        let text = AssertSqlSafe(format!("SELECT {} FROM {table}", names(columns)));
        let (mut digest, mut some) = (Digest::default(), Vec::new());
        at!(self, |tx| {
            let mut rows = sqlx::query(text).fetch(&mut **tx);
            while let Some(row) = rows.try_next().await? {
                let start = some.len();
                for (at, kind) in columns.values().enumerate() {
                    some.push(match kind {
                        Kind::Id => Cell::Id(row.try_get(at)?),
                        Kind::Number => Cell::Number(row.try_get(at)?),
                        Kind::Text => Cell::Text(row.try_get(at)?),
                        Kind::Bytes => Cell::Bytes(row.try_get(at)?),
                    });
                }
                digest.add(&some[start..]);
                if some.len() >= columns.len() * ROWS_A_STATEMENT {
                    act(&some).await?;
                    some.clear();
                }
            }
        });
        if !some.is_empty() {
            act(&some).await?;
        }
        Ok(digest)
    }

    async fn stretches(&mut self) -> Result<Vec<i64>, Error> {
        Ok(at!(self, |tx| sqlx::query_scalar(STRETCHES).fetch_all(&mut **tx).await)?)
    }

    /// Makes room for operations of these stretches, where they are kept by month.
    async fn make_months(&mut self, stretches: &[i64]) -> Result<(), Error> {
        let Self::Pg(tx) = self else { return Ok(()) };
        for stretch in stretches {
            let since = stretch.saturating_mul(STRETCH_US);
            sqlx::query(MAKE_MONTHS).bind(since).bind(since.saturating_add(STRETCH_US)).execute(&mut **tx).await?;
        }
        Ok(())
    }

    /// What stands beside the months follows from them.
    async fn key_operations(&mut self) -> Result<(), Error> {
        if let Self::Pg(tx) = self {
            sqlx::query(KEYS).execute(&mut **tx).await?;
        }
        Ok(())
    }

    async fn insert(&mut self, table: &str, columns: &Columns, cells: &[Cell]) -> Result<(), Error> {
        let text = AssertSqlSafe(statement(table, columns, cells.len() / columns.len(), matches!(self, Self::Pg(_))));
        at!(self, |tx| {
            let mut query = sqlx::query(text);
            for cell in cells {
                query = match cell {
                    Cell::Id(id) => query.bind(*id),
                    Cell::Number(number) => query.bind(*number),
                    Cell::Text(text) => query.bind(text.as_deref()),
                    Cell::Bytes(bytes) => query.bind(bytes.as_deref()),
                };
            }
            query.execute(&mut **tx).await.map(drop)
        })?;
        Ok(())
    }
}

fn names(columns: &Columns) -> String {
    columns.keys().map(String::as_str).collect::<Vec<_>>().join(", ")
}

fn statement(table: &str, columns: &Columns, rows: usize, numbered: bool) -> String {
    let mut text = format!("INSERT INTO {table} ({}) VALUES ", names(columns));
    for value in 0..rows * columns.len() {
        let first = value % columns.len() == 0;
        text.push_str(if value == 0 {
            "("
        } else if first {
            "), ("
        } else {
            ", "
        });
        text.push_str(&if numbered { format!("${}", value + 1) } else { "?".to_owned() });
    }
    text.push(')');
    text
}

/// The columns that both have. Postgres knows which bytes are ids; what is hashed is the same.
fn common(table: &'static str, from: &Columns, to: &Columns) -> Result<Columns, CopyError> {
    let column = |((name, from), (other, to)): ((&String, &Kind), (&String, &Kind))| match (from, to) {
        _ if name != other => None,
        (Kind::Id, Kind::Bytes) | (Kind::Bytes, Kind::Id) => Some((name.clone(), Kind::Id)),
        (from, to) => (from == to).then(|| (name.clone(), *from)),
    };
    let both = if from.len() == to.len() { from.iter().zip(to).map(column).collect() } else { None };
    both.ok_or(CopyError::OtherColumns(table))
}

/// Copies every row of `from`, as it is at one moment, into `to`, whose tables are there and empty.
///
/// # Errors
/// [`CopyError`]; nothing is written then.
pub async fn copy_ledger(from: &Db, to: &Db) -> Result<BTreeMap<&'static str, Digest>, CopyError> {
    let (mut source, mut target) = (End::reading(from).await?, End::writing(to).await?);
    let mut digests = BTreeMap::new();
    target.make_months(&source.stretches().await?).await?;
    for table in TABLES {
        let columns = common(table, &source.columns(table).await?, &target.columns(table).await?)?;
        if !target.is_empty(table).await? {
            return Err(CopyError::NotEmpty(table));
        }
        let sent = source.each(table, &columns, async |cells| target.insert(table, &columns, cells).await).await?;
        let arrived = target.each(table, &columns, async |_| Ok(())).await?;
        if sent != arrived {
            return Err(CopyError::Changed(table));
        }
        digests.insert(table, sent);
    }
    target.key_operations().await?;
    target.commit().await?;
    Ok(digests)
}

impl Db {
    /// What each table holds at one moment.
    ///
    /// # Errors
    /// [`CopyError`].
    pub async fn digests(&self) -> Result<BTreeMap<&'static str, Digest>, CopyError> {
        let mut end = End::reading(self).await?;
        let mut digests = BTreeMap::new();
        for table in TABLES {
            let columns = end.columns(table).await?;
            digests.insert(table, end.each(table, &columns, async |_| Ok(())).await?);
        }
        Ok(digests)
    }

    /// The first table that holds anything.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn first_occupied(&self) -> Result<Option<&'static str>, Error> {
        let mut end = End::reading(self).await?;
        for table in TABLES {
            if !end.is_empty(table).await? {
                return Ok(Some(table));
            }
        }
        Ok(None)
    }

    /// Ends all connections; a file is then whole by itself, without a log beside it.
    pub async fn close(&self) {
        match self {
            Self::Pg(pg) => pg.close().await,
            Self::Lite(pool) => pool.close().await,
        }
    }
}
