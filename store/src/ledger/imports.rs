//! Uploaded files: kept sealed between the dry run and the decision.

use super::db::{Db, Error, on};
use crate::seal::Sealed;
use uuid::Uuid;

pub(super) const STATEMENTS: &[&str] = &[ADD, ONE, FILE, LIST, MOVE, TWIN];

const ADD: &str = "INSERT INTO import (id, municipality_id, programme_id, kind, status, file_name, file_hash, report,
        wrapped_key, sealed, user_id, created_at)
    VALUES ($1, $2, $3, $4, 'dry_run', $5, $6, $7, $8, $9, $10, $11)";
const ONE: &str = "SELECT id, municipality_id, programme_id, kind, status, file_name, report, created_at, applied_at,
        undone_at FROM import WHERE id = $1 AND municipality_id = $2";
const FILE: &str = "SELECT wrapped_key, sealed FROM import WHERE id = $1 AND municipality_id = $2";
const LIST: &str = "SELECT id, municipality_id, programme_id, kind, status, file_name, report, created_at, applied_at,
        undone_at FROM import WHERE municipality_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3";
const MOVE: &str =
    "UPDATE import SET status = $4, applied_at = COALESCE($5, applied_at), undone_at = COALESCE($6, undone_at)
    WHERE id = $1 AND municipality_id = $2 AND status = $3";
const TWIN: &str =
    "SELECT COUNT(*) FROM import WHERE municipality_id = $1 AND file_hash = $2 AND status IN ('applying', 'applied')";

/// An upload as stored, without its file.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct ImportRow {
    /// Its id.
    pub id: Uuid,
    /// The tenant.
    pub municipality_id: Uuid,
    /// The programme that its vouchers belong to.
    pub programme_id: Option<Uuid>,
    /// `shops` or `beneficiaries`.
    pub kind: String,
    /// `dry_run`, `applying`, `applied` or `undone`.
    pub status: String,
    /// What the file was called.
    pub file_name: String,
    /// What is right and wrong with it, as JSON without personal data.
    pub report: String,
    /// Microseconds.
    pub created_at: i64,
    /// Microseconds.
    pub applied_at: Option<i64>,
    /// Microseconds.
    pub undone_at: Option<i64>,
}

/// An upload to keep.
#[derive(Clone, Debug)]
pub struct NewImport<'a> {
    /// Its id.
    pub id: Uuid,
    /// The tenant.
    pub municipality_id: Uuid,
    /// The programme that its vouchers will belong to.
    pub programme_id: Option<Uuid>,
    /// `shops` or `beneficiaries`.
    pub kind: &'a str,
    /// What the file was called.
    pub file_name: &'a str,
    /// Hash of its bytes.
    pub file_hash: &'a [u8],
    /// What is right and wrong with it.
    pub report: &'a str,
    /// The file.
    pub sealed: &'a Sealed,
    /// Who uploaded it.
    pub user_id: Option<Uuid>,
}

impl Db {
    /// Keeps an upload.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn add_import(&self, new: &NewImport<'_>, now: i64) -> Result<(), Error> {
        on!(self, |connection| sqlx::query(ADD)
            .bind(new.id)
            .bind(new.municipality_id)
            .bind(new.programme_id)
            .bind(new.kind)
            .bind(new.file_name)
            .bind(new.file_hash)
            .bind(new.report)
            .bind(&new.sealed.wrapped_key)
            .bind(&new.sealed.sealed)
            .bind(new.user_id)
            .bind(now)
            .execute(connection)
            .await
            .map(drop))?;
        Ok(())
    }

    /// An upload of this municipality.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn import(&self, municipality: Uuid, id: Uuid) -> Result<ImportRow, Error> {
        let row = on!(self, |connection| sqlx::query_as(ONE).bind(id).bind(municipality).fetch_one(connection).await)?;
        Ok(row)
    }

    /// The file of an upload of this municipality.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn import_file(&self, municipality: Uuid, id: Uuid) -> Result<Sealed, Error> {
        let (wrapped_key, sealed) =
            on!(self, |connection| sqlx::query_as(FILE).bind(id).bind(municipality).fetch_one(connection).await)?;
        Ok(Sealed { wrapped_key, sealed })
    }

    /// The uploads of this municipality before `before`, newest first.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn imports(&self, municipality: Uuid, before: Uuid, limit: i64) -> Result<Vec<ImportRow>, Error> {
        let rows = on!(self, |connection| sqlx::query_as(LIST)
            .bind(municipality)
            .bind(before)
            .bind(limit)
            .fetch_all(connection)
            .await)?;
        Ok(rows)
    }

    /// Moves an upload from one status to another; `Conflict` when it is not there.
    ///
    /// # Errors
    /// [`Error::Conflict`].
    pub async fn move_import(&self, row: &ImportRow, to: &str, now: i64) -> Result<(), Error> {
        let applied = (to == "applied").then_some(now);
        let undone = (to == "undone").then_some(now);
        let touched = on!(self, |connection| sqlx::query(MOVE)
            .bind(row.id)
            .bind(row.municipality_id)
            .bind(&row.status)
            .bind(to)
            .bind(applied)
            .bind(undone)
            .execute(connection)
            .await
            .map(|done| done.rows_affected()))?;
        if touched == 1 { Ok(()) } else { Err(Error::Conflict) }
    }

    /// Whether the very same file was applied before.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn applied_before(&self, municipality: Uuid, file_hash: &[u8]) -> Result<bool, Error> {
        let count: i64 = on!(self, |connection| sqlx::query_scalar(TWIN)
            .bind(municipality)
            .bind(file_hash)
            .fetch_one(connection)
            .await)?;
        Ok(count > 0)
    }
}
