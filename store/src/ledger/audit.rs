//! Who did what: append-only.

use super::db::{Db, Error, on};
use uuid::Uuid;

pub(super) const STATEMENTS: &[&str] = &[ADD, OF_TOWN, OF_NOBODY];

const ADD: &str = "INSERT INTO audit (id, municipality_id, user_id, action, target, detail, at)
    VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING";
macro_rules! latest {
    ($whose:literal) => {
        concat!(
            "SELECT id, user_id, action, target, detail, at FROM audit WHERE ",
            $whose,
            " AND id < $1 ORDER BY id DESC LIMIT $2"
        )
    };
}
const OF_TOWN: &str = latest!("municipality_id = $3");
const OF_NOBODY: &str = latest!("municipality_id IS NULL");

/// One thing that somebody did.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct AuditRow {
    /// Sorts by time.
    pub id: Uuid,
    /// Who; nobody for the system.
    pub user_id: Option<Uuid>,
    /// What, a stable name.
    pub action: String,
    /// To what: an id.
    pub target: String,
    /// More, as JSON without personal data.
    pub detail: String,
    /// When, microseconds.
    pub at: i64,
}

impl Db {
    /// Writes down what somebody did, once under its id.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn add_audit(&self, municipality: Option<Uuid>, row: &AuditRow) -> Result<(), Error> {
        on!(self, |connection| sqlx::query(ADD)
            .bind(row.id)
            .bind(municipality)
            .bind(row.user_id)
            .bind(&row.action)
            .bind(&row.target)
            .bind(&row.detail)
            .bind(row.at)
            .execute(connection)
            .await
            .map(drop))?;
        Ok(())
    }

    /// The latest before `before`, newest first: of a municipality, or what belongs to none.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn audit(&self, municipality: Option<Uuid>, before: Uuid, limit: i64) -> Result<Vec<AuditRow>, Error> {
        let rows = on!(self, |connection| {
            let latest =
                sqlx::query_as(if municipality.is_some() { OF_TOWN } else { OF_NOBODY }).bind(before).bind(limit);
            match municipality {
                Some(municipality) => latest.bind(municipality).fetch_all(connection).await,
                None => latest.fetch_all(connection).await,
            }
        })?;
        Ok(rows)
    }
}
