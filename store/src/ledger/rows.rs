//! Many rows in one statement: a round trip to the database costs more than a row.

use sqlx::{PgConnection, SqliteConnection};
use uuid::Uuid;

/// How many rows one statement of SQLite writes; it takes far more parameters than this needs.
const ROWS_A_STATEMENT: usize = 64;

/// A value to bind, of one type in each column; `None` keeps it, which Postgres wants to know.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value<'a> {
    Id(Option<Uuid>),
    Number(Option<i64>),
    Text(Option<&'a str>),
    Bytes(&'a [u8]),
}

impl<'a> Value<'a> {
    /// The type of its column, as Postgres calls it.
    const fn kind(&self) -> &'static str {
        match self {
            Self::Id(_) => "uuid",
            Self::Number(_) => "bigint",
            Self::Text(_) => "text",
            Self::Bytes(_) => "bytea",
        }
    }

    const fn id(self) -> Option<Uuid> {
        if let Self::Id(id) = self { id } else { None }
    }

    const fn number(self) -> Option<i64> {
        if let Self::Number(number) = self { number } else { None }
    }

    const fn text(self) -> Option<&'a str> {
        if let Self::Text(text) = self { text } else { None }
    }

    const fn bytes(self) -> Option<&'a [u8]> {
        if let Self::Bytes(bytes) = self { Some(bytes) } else { None }
    }
}

impl From<Uuid> for Value<'_> {
    fn from(id: Uuid) -> Self {
        Self::Id(Some(id))
    }
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Self::Number(Some(number))
    }
}

/// A statement around a list of rows.
pub(super) struct Table {
    /// The text before the rows.
    pub before: &'static str,
    /// The text after them.
    pub after: &'static str,
    /// How many values a row has.
    pub width: usize,
    /// Whether a row that finds nothing to write contradicts the journal.
    pub each_row_counts: bool,
}

/// What one step writes into one table.
pub(super) struct Rows<'a> {
    pub table: &'static Table,
    values: Vec<Value<'a>>,
}

impl<'a> Rows<'a> {
    pub(super) fn new(table: &'static Table) -> Self {
        Self { table, values: Vec::new() }
    }

    pub(super) fn push<const N: usize>(&mut self, row: [Value<'a>; N]) {
        debug_assert_eq!(N, self.table.width);
        self.values.extend(row);
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.values.len() / self.table.width
    }

    fn column(&self, at: usize) -> impl Iterator<Item = Value<'a>> {
        self.values.iter().skip(at).step_by(self.table.width).copied()
    }
}

/// The same words of a statement that ends where it fails and leaves what it did before that: to be able to take it
/// back, SQLite copies every page that a statement of many rows touches.
pub(super) fn or_fail(words: &str) -> String {
    words.replacen("INSERT INTO", "INSERT OR FAIL INTO", 1).replacen(") UPDATE ", ") UPDATE OR FAIL ", 1)
}

/// A connection that writes many rows as its database does it best.
pub(super) trait WriteRows {
    /// How many rows were touched. After an error the transaction must be taken back: some of the rows may be there.
    async fn write(&mut self, rows: &Rows<'_>) -> Result<u64, sqlx::Error>;
}

impl WriteRows for SqliteConnection {
    /// One parameter for each value. One text for full statements and one for each remainder keeps the cache of
    /// prepared statements small.
    async fn write(&mut self, rows: &Rows<'_>) -> Result<u64, sqlx::Error> {
        let (table, mut touched) = (rows.table, 0);
        let (before, after) = (or_fail(table.before), or_fail(table.after));
        for some in rows.values.chunks(table.width * ROWS_A_STATEMENT) {
            // a numbered parameter is looked up in a list, which is quadratic in a thousand of them
            let row = format!("({})", vec!["?"; table.width].join(", "));
            let values = vec![row; some.len() / table.width].join(", ");
            let text = format!("{before} VALUES {values}{after}");
            let mut query = sqlx::query(sqlx::AssertSqlSafe(text));
            for value in some {
                query = match *value {
                    Value::Id(id) => query.bind(id),
                    Value::Number(number) => query.bind(number),
                    Value::Text(text) => query.bind(text),
                    Value::Bytes(bytes) => query.bind(bytes),
                };
            }
            touched += query.execute(&mut *self).await?.rows_affected();
        }
        Ok(touched)
    }
}

impl WriteRows for PgConnection {
    /// One array for each column: a single round trip, and one text for any number of rows.
    async fn write(&mut self, rows: &Rows<'_>) -> Result<u64, sqlx::Error> {
        let table = rows.table;
        let Some(first) = rows.values.get(..table.width) else { return Ok(0) };
        let arrays = first.iter().zip(1..).map(|(value, at)| format!("${at}::{}[]", value.kind()));
        let arrays = arrays.collect::<Vec<_>>().join(", ");
        let text = format!("{} SELECT * FROM unnest({arrays}){}", table.before, table.after);
        let mut query = sqlx::query(sqlx::AssertSqlSafe(text));
        for (at, value) in first.iter().enumerate() {
            let column = rows.column(at);
            query = match value {
                Value::Id(_) => query.bind(column.map(Value::id).collect::<Vec<_>>()),
                Value::Number(_) => query.bind(column.map(Value::number).collect::<Vec<_>>()),
                Value::Text(_) => query.bind(column.map(Value::text).collect::<Vec<_>>()),
                Value::Bytes(_) => query.bind(column.map(Value::bytes).collect::<Vec<_>>()),
            };
        }
        Ok(query.execute(self).await?.rows_affected())
    }
}
