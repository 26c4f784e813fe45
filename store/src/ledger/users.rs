//! Staff and their sessions.

use super::db::{Db, Error, in_transaction, on, one_row};
use uuid::Uuid;

pub(super) const STATEMENTS: &[&str] = &[ADD, BY_EMAIL, LIST, DISABLE, PASSWORD, TOTP, SESSION, WHO, LEAVE, LEAVE_ALL];

const ADD: &str =
    "INSERT INTO app_user (id, municipality_id, email, role, password_hash, totp_sealed, disabled, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, 0, $7)";
const BY_EMAIL: &str =
    "SELECT id, municipality_id, email, role, password_hash, totp_sealed, disabled FROM app_user WHERE email = $1";
const LIST: &str = "SELECT id, municipality_id, email, role, password_hash, totp_sealed, disabled FROM app_user
    WHERE municipality_id IS NOT DISTINCT FROM $1 AND id > $2 ORDER BY id LIMIT $3";
const DISABLE: &str = "UPDATE app_user SET disabled = $3 WHERE id = $1 AND municipality_id IS NOT DISTINCT FROM $2";
const PASSWORD: &str = "UPDATE app_user SET password_hash = $2 WHERE id = $1";
const TOTP: &str = "UPDATE app_user SET totp_sealed = $2 WHERE id = $1";
const LEAVE_ALL: &str = "DELETE FROM user_session WHERE user_id = $1";
const SESSION: &str = "INSERT INTO user_session (token_hash, user_id, expires_at) VALUES ($1, $2, $3)";
const WHO: &str = "SELECT u.id, u.municipality_id, u.role FROM user_session s JOIN app_user u ON u.id = s.user_id
    WHERE s.token_hash = $1 AND s.expires_at > $2 AND u.disabled = 0";
const LEAVE: &str = "DELETE FROM user_session WHERE token_hash = $1";

/// A member of staff.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct UserRow {
    /// Their id.
    pub id: Uuid,
    /// Where they work; nowhere for an operator.
    pub municipality_id: Option<Uuid>,
    /// What they sign in with, lower case.
    pub email: String,
    /// `operator`, `municipal_admin`, `clerk` or `auditor`.
    pub role: String,
    /// Argon2, in its own text form.
    pub password_hash: String,
    /// The second factor's secret: `wrapped length u16 ‖ wrapped key ‖ sealed`.
    pub totp_sealed: Option<Vec<u8>>,
    /// 1 if they may no longer sign in.
    pub disabled: i64,
}

/// Whose session it is.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct UserSession {
    /// Who.
    pub id: Uuid,
    /// Where they work; nowhere for an operator.
    pub municipality_id: Option<Uuid>,
    /// What they may do.
    pub role: String,
}

impl Db {
    /// Adds a member of staff.
    ///
    /// # Errors
    /// [`Error::Conflict`] for an address that exists.
    pub async fn add_user(&self, user: &UserRow, now: i64) -> Result<(), Error> {
        on!(self, |connection| sqlx::query(ADD)
            .bind(user.id)
            .bind(user.municipality_id)
            .bind(&user.email)
            .bind(&user.role)
            .bind(&user.password_hash)
            .bind(&user.totp_sealed)
            .bind(now)
            .execute(connection)
            .await
            .map(drop))?;
        Ok(())
    }

    /// Finds whoever signs in with this address.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn user_by_email(&self, email: &str) -> Result<UserRow, Error> {
        let row = on!(self, |connection| sqlx::query_as(BY_EMAIL).bind(email).fetch_one(connection).await)?;
        Ok(row)
    }

    /// The staff of a municipality after `after`, by id; the operators for none.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn users(&self, municipality: Option<Uuid>, after: Uuid, limit: i64) -> Result<Vec<UserRow>, Error> {
        let rows = on!(self, |connection| sqlx::query_as(LIST)
            .bind(municipality)
            .bind(after)
            .bind(limit)
            .fetch_all(connection)
            .await)?;
        Ok(rows)
    }

    /// Locks somebody of a municipality, or an operator, out, which ends all sessions of theirs, or lets them in again.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn set_user_disabled(&self, municipality: Option<Uuid>, user: Uuid, disabled: bool) -> Result<(), Error> {
        // the sessions of its own staff are nothing that a municipality sees
        in_transaction!(&self.everything(), |tx| {
            let changed =
                sqlx::query(DISABLE).bind(user).bind(municipality).bind(i64::from(disabled)).execute(&mut *tx).await?;
            one_row(changed.rows_affected())?;
            if disabled {
                sqlx::query(LEAVE_ALL).bind(user).execute(&mut *tx).await?;
            }
        })
    }

    /// Gives somebody a new password, by its hash, and ends all sessions of theirs.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn set_password(&self, user: Uuid, hash: &str) -> Result<(), Error> {
        in_transaction!(self, |tx| {
            let changed = sqlx::query(PASSWORD).bind(user).bind(hash).execute(&mut *tx).await?;
            one_row(changed.rows_affected())?;
            sqlx::query(LEAVE_ALL).bind(user).execute(&mut *tx).await?;
        })
    }

    /// Gives somebody another second factor, sealed, or none any more, and ends all sessions of theirs.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn set_totp(&self, user: Uuid, sealed: Option<&[u8]>) -> Result<(), Error> {
        in_transaction!(self, |tx| {
            let changed = sqlx::query(TOTP).bind(user).bind(sealed).execute(&mut *tx).await?;
            one_row(changed.rows_affected())?;
            sqlx::query(LEAVE_ALL).bind(user).execute(&mut *tx).await?;
        })
    }

    /// Opens a session.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn add_user_session(&self, hash: &[u8], user: Uuid, expires_at: i64) -> Result<(), Error> {
        on!(self, |connection| sqlx::query(SESSION)
            .bind(hash)
            .bind(user)
            .bind(expires_at)
            .execute(connection)
            .await
            .map(drop))?;
        Ok(())
    }

    /// Whose session it is.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it is over or its user was locked out.
    pub async fn user_session(&self, hash: &[u8], now: i64) -> Result<UserSession, Error> {
        let row = on!(self, |connection| sqlx::query_as(WHO).bind(hash).bind(now).fetch_one(connection).await)?;
        Ok(row)
    }

    /// Ends a session.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn end_user_session(&self, hash: &[u8]) -> Result<(), Error> {
        on!(self, |connection| sqlx::query(LEAVE).bind(hash).execute(connection).await.map(drop))?;
        Ok(())
    }
}
