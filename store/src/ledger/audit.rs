//! Who did what: append-only.

use super::db::{Db, Error, on};
use uuid::Uuid;

pub(super) const STATEMENTS: &[&str] = &[ADD, LIST];

const ADD: &str = "INSERT INTO audit (id, municipality_id, user_id, action, target, detail, at)
    VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING";
const LIST: &str = "SELECT id, user_id, action, target, detail, at FROM audit
    WHERE municipality_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3";

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

    /// The latest before `before`, newest first.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn audit(&self, municipality: Uuid, before: Uuid, limit: i64) -> Result<Vec<AuditRow>, Error> {
        let rows = on!(self, |connection| sqlx::query_as(LIST)
            .bind(municipality)
            .bind(before)
            .bind(limit)
            .fetch_all(connection)
            .await)?;
        Ok(rows)
    }
}
