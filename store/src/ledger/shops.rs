//! Shops, their enrolment codes and their terminals.

use super::db::{Db, Error, in_transaction, on, one_row};
use super::directory::TerminalRow;
use crate::seal::Sealed;
use uuid::Uuid;

pub(super) const STATEMENTS: &[&str] =
    &[ADD, REMOVE, STATUS, ENROL, RENEW, USE, TERMINAL, JOINED, LABEL, RENAME, REVOKE, SEALED, RESEAL];

const ADD: &str =
    "INSERT INTO shop (id, municipality_id, reference, name, legal_name, category, address, postcode, town,
        province, vat_number, status, wrapped_key, sealed, import_id, created_at, lat_e6, lon_e6)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'enabled', $12, $13, $14, $15, $16, $17)";
const REMOVE: &str = "DELETE FROM shop WHERE import_id = $1 AND NOT EXISTS
    (SELECT 1 FROM terminal t WHERE t.shop_id = shop.id) AND NOT EXISTS (SELECT 1 FROM enrolment e WHERE e.shop_id = shop.id)";
const STATUS: &str = "UPDATE shop SET status = $3 WHERE id = $1 AND municipality_id = $2";
const ENROL: &str = "INSERT INTO enrolment (code_index, shop_id, expires_at) VALUES ($1, $2, $3)";
const RENEW: &str = "INSERT INTO enrolment (code_index, shop_id, expires_at) VALUES ($1, $2, $3)
    ON CONFLICT (code_index) DO UPDATE SET expires_at = excluded.expires_at, used_at = NULL";
const USE: &str = "UPDATE enrolment SET used_at = $2 WHERE code_index = $1 AND used_at IS NULL AND expires_at > $2
    RETURNING shop_id";
const TERMINAL: &str = "INSERT INTO terminal (id, shop_id, label, token_hash, created_at) VALUES ($1, $2, $3, $4, $5)";
const JOINED: &str = "SELECT id, label, created_at FROM terminal
    WHERE shop_id = $1 AND revoked_at IS NULL AND id > $2 ORDER BY id LIMIT $3";
const LABEL: &str = "SELECT label FROM terminal WHERE id = $1 AND shop_id = $2";
const RENAME: &str = "UPDATE terminal SET label = $3 WHERE id = $1 AND revoked_at IS NULL AND shop_id IN
    (SELECT id FROM shop WHERE municipality_id = $2)";
const REVOKE: &str = "UPDATE terminal SET revoked_at = $3 WHERE id = $1 AND revoked_at IS NULL AND shop_id IN
    (SELECT id FROM shop WHERE municipality_id = $2)";

const SEALED: &str = "SELECT wrapped_key, sealed FROM shop WHERE id = $1";
const RESEAL: &str = "UPDATE shop SET wrapped_key = $4, sealed = $5
    WHERE id = $1 AND municipality_id = $2 AND wrapped_key = $3";

/// A shop as everyone may see it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct ShopRow {
    /// Its id.
    pub id: Uuid,
    /// Whose programmes it takes.
    pub municipality_id: Uuid,
    /// The municipality's own name for it.
    pub reference: String,
    /// The name over the door.
    pub name: String,
    /// The firm.
    pub legal_name: String,
    /// What it sells.
    pub category: String,
    /// Street and number.
    pub address: String,
    /// Post code.
    pub postcode: String,
    /// Town.
    pub town: String,
    /// Province.
    pub province: String,
    /// Partita IVA or codice fiscale of the firm.
    pub vat_number: String,
    /// `enabled` or `suspended`.
    pub status: String,
    /// How far north it is, in millionths of a degree.
    pub lat_e6: Option<i64>,
    /// How far east.
    pub lon_e6: Option<i64>,
    /// Operations up to here are sealed in a claim, microseconds.
    pub sealed_through: Option<i64>,
}

/// A terminal that may be used, as the office sees it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct JoinedTerminal {
    /// Its id.
    pub id: Uuid,
    /// What the shop calls it.
    pub label: String,
    /// When it joined, microseconds.
    pub created_at: i64,
}

/// A shop to add, with what is personal in it sealed.
#[derive(Clone, Debug)]
pub struct NewShop {
    /// What everyone may see.
    pub shop: ShopRow,
    /// Contacts and IBAN, sealed.
    pub sealed: Sealed,
    /// The import that brings it.
    pub import_id: Option<Uuid>,
}

impl Db {
    /// Adds shops, all or none.
    ///
    /// # Errors
    /// [`Error::Conflict`] for a reference that exists.
    pub async fn add_shops(&self, shops: &[NewShop], now: i64) -> Result<(), Error> {
        in_transaction!(self, |tx| {
            for NewShop { shop, sealed, import_id } in shops {
                sqlx::query(ADD)
                    .bind(shop.id)
                    .bind(shop.municipality_id)
                    .bind(&shop.reference)
                    .bind(&shop.name)
                    .bind(&shop.legal_name)
                    .bind(&shop.category)
                    .bind(&shop.address)
                    .bind(&shop.postcode)
                    .bind(&shop.town)
                    .bind(&shop.province)
                    .bind(&shop.vat_number)
                    .bind(&sealed.wrapped_key)
                    .bind(&sealed.sealed)
                    .bind(*import_id)
                    .bind(now)
                    .bind(shop.lat_e6)
                    .bind(shop.lon_e6)
                    .execute(&mut *tx)
                    .await?;
            }
        })
    }

    /// Takes back the shops of an import that nobody uses yet, and says how many.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn remove_imported_shops(&self, import: Uuid) -> Result<u64, Error> {
        let removed = on!(self, |connection| sqlx::query(REMOVE)
            .bind(import)
            .execute(connection)
            .await
            .map(|done| done.rows_affected()))?;
        Ok(removed)
    }

    /// Enables or suspends a shop.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn set_shop_status(&self, municipality: Uuid, shop: Uuid, status: &str) -> Result<(), Error> {
        let touched = on!(self, |connection| sqlx::query(STATUS)
            .bind(shop)
            .bind(municipality)
            .bind(status)
            .execute(connection)
            .await
            .map(|done| done.rows_affected()))?;
        one_row(touched)
    }

    /// Keeps an enrolment code, by its index, until it is used or runs out.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn add_enrolment(&self, code_index: &[u8], shop: Uuid, expires_at: i64) -> Result<(), Error> {
        on!(self, |connection| sqlx::query(ENROL)
            .bind(code_index)
            .bind(shop)
            .bind(expires_at)
            .execute(connection)
            .await
            .map(drop))?;
        Ok(())
    }

    /// The same for a code that may be known already, used or over: it is good again, for the shop that it was of.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn renew_enrolment(&self, code_index: &[u8], shop: Uuid, expires_at: i64) -> Result<(), Error> {
        on!(self, |connection| sqlx::query(RENEW)
            .bind(code_index)
            .bind(shop)
            .bind(expires_at)
            .execute(connection)
            .await
            .map(drop))?;
        Ok(())
    }

    /// Uses an enrolment code, once, for a new terminal whose shop it fills in.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a code that is unknown, used or over.
    pub async fn enrol_terminal(&self, code_index: &[u8], terminal: &TerminalRow, now: i64) -> Result<Uuid, Error> {
        in_transaction!(self, |tx| {
            let shop: Uuid = sqlx::query_scalar(USE).bind(code_index).bind(now).fetch_one(&mut *tx).await?;
            sqlx::query(TERMINAL)
                .bind(terminal.id)
                .bind(shop)
                .bind(&terminal.label)
                .bind(&terminal.token_hash)
                .bind(now)
                .execute(&mut *tx)
                .await?;
            shop
        })
    }

    /// A shop's terminals after `after` that are not revoked, as they joined.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn joined_terminals(&self, shop: Uuid, after: Uuid, limit: i64) -> Result<Vec<JoinedTerminal>, Error> {
        Ok(on!(self, |connection| sqlx::query_as(JOINED)
            .bind(shop)
            .bind(after)
            .bind(limit)
            .fetch_all(connection)
            .await)?)
    }

    /// What a shop calls a terminal, or called one that was revoked; `None` where it is not the shop's.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn terminal_label(&self, shop: Uuid, terminal: Uuid) -> Result<Option<String>, Error> {
        Ok(on!(self, |connection| sqlx::query_scalar(LABEL)
            .bind(terminal)
            .bind(shop)
            .fetch_optional(connection)
            .await)?)
    }

    /// Calls a terminal something else.
    ///
    /// # Errors
    /// [`Error::NotFound`] for one that was revoked.
    pub async fn rename_terminal(&self, municipality: Uuid, terminal: Uuid, label: &str) -> Result<(), Error> {
        let touched = on!(self, |connection| sqlx::query(RENAME)
            .bind(terminal)
            .bind(municipality)
            .bind(label)
            .execute(connection)
            .await
            .map(|done| done.rows_affected()))?;
        one_row(touched)
    }

    /// What is personal in a shop, sealed.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn sealed_shop(&self, shop: Uuid) -> Result<Sealed, Error> {
        Ok(on!(self, |connection| sqlx::query_as(SEALED).bind(shop).fetch_one(connection).await)?)
    }

    /// Exchanges what is personal in a shop.
    ///
    /// # Errors
    /// [`Error::NotFound`], also when somebody exchanged it meanwhile.
    pub async fn reseal_shop(&self, municipality: Uuid, shop: Uuid, was: &Sealed, now: &Sealed) -> Result<(), Error> {
        let touched = on!(self, |connection| sqlx::query(RESEAL)
            .bind(shop)
            .bind(municipality)
            .bind(&was.wrapped_key)
            .bind(&now.wrapped_key)
            .bind(&now.sealed)
            .execute(connection)
            .await
            .map(|done| done.rows_affected()))?;
        one_row(touched)
    }

    /// Makes a terminal's token useless.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn revoke_terminal(&self, municipality: Uuid, terminal: Uuid, now: i64) -> Result<(), Error> {
        let touched = on!(self, |connection| sqlx::query(REVOKE)
            .bind(terminal)
            .bind(municipality)
            .bind(now)
            .execute(connection)
            .await
            .map(|done| done.rows_affected()))?;
        one_row(touched)
    }
}
