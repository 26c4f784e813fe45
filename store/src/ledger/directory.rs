//! What the gateway keeps in memory: municipalities, programmes, shops, terminals.

use super::db::{Db, Error, on, one_row};
use super::programmes::ProgrammeRow;
use super::shops::ShopRow;
use uuid::Uuid;

pub(super) const STATEMENTS: &[&str] =
    &[MUNICIPALITIES, ADD_MUNICIPALITY, CHANGE_MUNICIPALITY, PROGRAMMES, SHOPS, TERMINALS];

const MUNICIPALITIES: &str = "SELECT id, name, help_phone, help_email, accessibility_url, accessibility_gaps,
        accessibility_at
    FROM municipality ORDER BY id";
const ADD_MUNICIPALITY: &str =
    "INSERT INTO municipality (id, name, help_phone, help_email, created_at) VALUES ($1, $2, $3, $4, $5)";
const CHANGE_MUNICIPALITY: &str = "UPDATE municipality SET help_phone = $2, help_email = $3, accessibility_url = $4,
        accessibility_gaps = $5, accessibility_at = $6
    WHERE id = $1";
const PROGRAMMES: &str = "SELECT id, municipality_id, name, status, budget_cents, valid_from, expires_at,
        per_redemption_max_cents, per_day_max_cents, per_day_count_max, pin_above_cents, hold_seconds,
        message_after_purchase, link_delay_seconds, rules_it, rules_en, created_at, rotating_qr
    FROM programme ORDER BY id";
const SHOPS: &str =
    "SELECT id, municipality_id, reference, name, legal_name, category, address, postcode, town, province,
        vat_number, status, sealed_through, lat_e6, lon_e6
    FROM shop ORDER BY name, id";
const TERMINALS: &str = "SELECT id, shop_id, label, token_hash FROM terminal WHERE revoked_at IS NULL";

/// A municipality.
#[derive(Clone, Debug, Default, sqlx::FromRow)]
pub struct MunicipalityRow {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// Where citizens call.
    pub help_phone: String,
    /// Where citizens write.
    pub help_email: String,
    /// Where its formal statement of accessibility is.
    pub accessibility_url: Option<String>,
    /// What it says of its own about who cannot use the pages well.
    pub accessibility_gaps: String,
    /// When it said so.
    pub accessibility_at: Option<i64>,
}

/// A terminal that may be used.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct TerminalRow {
    /// Its id.
    pub id: Uuid,
    /// Whose it is.
    pub shop_id: Uuid,
    /// What the shop calls it.
    pub label: String,
    /// The hash of its token.
    pub token_hash: Vec<u8>,
}

/// Everything at one moment.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    /// All municipalities.
    pub municipalities: Vec<MunicipalityRow>,
    /// All programmes.
    pub programmes: Vec<ProgrammeRow>,
    /// All shops, by name.
    pub shops: Vec<ShopRow>,
    /// All terminals that are not revoked.
    pub terminals: Vec<TerminalRow>,
}

impl Db {
    /// Reads everything.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn directory(&self) -> Result<Directory, Error> {
        on!(self, |connection| Ok(Directory {
            municipalities: sqlx::query_as(MUNICIPALITIES).fetch_all(&mut *connection).await?,
            programmes: sqlx::query_as(PROGRAMMES).fetch_all(&mut *connection).await?,
            shops: sqlx::query_as(SHOPS).fetch_all(&mut *connection).await?,
            terminals: sqlx::query_as(TERMINALS).fetch_all(&mut *connection).await?,
        }))
    }

    /// Adds a municipality.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn add_municipality(&self, row: &MunicipalityRow, now: i64) -> Result<(), Error> {
        on!(self, |connection| sqlx::query(ADD_MUNICIPALITY)
            .bind(row.id)
            .bind(&row.name)
            .bind(&row.help_phone)
            .bind(&row.help_email)
            .bind(now)
            .execute(connection)
            .await
            .map(drop))?;
        Ok(())
    }

    /// Writes what a municipality says about itself; its name stays.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn change_municipality(&self, row: &MunicipalityRow) -> Result<(), Error> {
        let changed = on!(self, |connection| sqlx::query(CHANGE_MUNICIPALITY)
            .bind(row.id)
            .bind(&row.help_phone)
            .bind(&row.help_email)
            .bind(&row.accessibility_url)
            .bind(&row.accessibility_gaps)
            .bind(row.accessibility_at)
            .execute(connection)
            .await
            .map(|done| done.rows_affected()))?;
        one_row(changed)
    }
}
