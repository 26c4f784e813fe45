//! The months that operations are kept by on Postgres, made before they begin.

use super::db::{Db, Error};

/// Not in `STATEMENTS`, since SQLite has one table for all months. While a backup reads the operations no month can be added,
/// and who waits for that lets nobody else read them: it is tried again later.
const MAKE: &str =
    "SELECT make_operation_months($1, $2) FROM (SELECT set_config('lock_timeout', '2s', true) OFFSET 0) AS patience";
/// How far ahead, in microseconds: a worker may stand still for a quarter of a year.
const AHEAD: i64 = 92 * 86_400_000_000;

impl Db {
    /// Makes the months of the next quarter of a year, and says how many operations are in none: their
    /// time lies outside all of them, so a clock was wrong.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn make_months(&self, now: i64) -> Result<u64, Error> {
        match self {
            Self::Lite(_) => Ok(0),
            Self::Pg(pg) => {
                let (mut held, until) = (pg.hold().await?, now.saturating_add(AHEAD));
                let make = sqlx::query_scalar(MAKE).bind(now).bind(until);
                let strays: i64 = make.fetch_one(held.connection()).await?;
                held.done().await?;
                Ok(strays.unsigned_abs())
            }
        }
    }
}
