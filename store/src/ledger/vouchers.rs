//! Vouchers as the ledger shows them.

use super::columns::voucher;
use super::db::{Db, Error, on};
use uuid::Uuid;

pub(super) const STATEMENTS: &[&str] = &[BY_CODE, ONE, LIST, OF_IMPORT, DUE, HOLDS_DUE, CODELESS, NAMELESS];

const BY_CODE: &str = "SELECT voucher_id, municipality_id, programme_id, generation FROM voucher_code WHERE code_index = $1 AND kind = $2";
const ONE: &str = concat!(
    "SELECT ",
    voucher!(),
    " FROM voucher v LEFT JOIN holder h ON h.voucher_id = v.id WHERE v.id = $1 AND v.municipality_id = $2"
);
const LIST: &str = concat!(
    "SELECT ",
    voucher!(),
    " FROM voucher v LEFT JOIN holder h ON h.voucher_id = v.id LEFT JOIN person p ON p.id = h.person_id
    WHERE v.municipality_id = $1 AND v.id > $2 AND ($3 = '' OR v.status = $3)
        AND ($4 = '' OR h.reference = $4 OR p.tax_index = $5 OR p.phone_index = $6 OR p.email_index = $7)
    ORDER BY v.id LIMIT $8"
);
const OF_IMPORT: &str = concat!(
    "SELECT ",
    voucher!(),
    " FROM holder h JOIN voucher v ON v.id = h.voucher_id WHERE h.import_id = $1 ORDER BY v.id"
);
const DUE: &str = "SELECT id FROM voucher WHERE id > $1 AND expires_at < $2
        AND status <> 'closed' AND (status <> 'expired' OR balance_cents > 0) AND held_cents = 0
    ORDER BY id LIMIT $3";
const HOLDS_DUE: &str =
    "SELECT DISTINCT voucher_id FROM open_hold WHERE until_at < $1 AND voucher_id > $2 ORDER BY voucher_id LIMIT $3";

const CODELESS: &str = "SELECT v.id AS voucher_id, v.municipality_id, v.programme_id, v.generation FROM voucher v
    LEFT JOIN voucher_code c ON c.voucher_id = v.id AND c.generation = v.generation WHERE c.code_index IS NULL";
const NAMELESS: &str = "SELECT COUNT(*) FROM voucher v LEFT JOIN holder h ON h.voucher_id = v.id
    WHERE h.voucher_id IS NULL AND v.status <> 'closed'";

/// What a code or token leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct CodeRow {
    /// The voucher.
    pub voucher_id: Uuid,
    /// The tenant.
    pub municipality_id: Uuid,
    /// The programme that pays.
    pub programme_id: Uuid,
    /// Which of the voucher's codes it is.
    pub generation: i64,
}

/// A voucher with what the office knows it by.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct VoucherRow {
    /// Its id.
    pub id: Uuid,
    /// The tenant.
    pub municipality_id: Uuid,
    /// The programme that pays.
    pub programme_id: Uuid,
    /// `active`, `blocked`, `expired` or `closed`.
    pub status: String,
    /// The place of its latest fact.
    pub voucher_seq: i64,
    /// Which of its codes is in force.
    pub generation: i64,
    /// Microseconds.
    pub valid_from: i64,
    /// Microseconds.
    pub expires_at: i64,
    /// What it is worth, holds included.
    pub balance_cents: i64,
    /// How much of that is held.
    pub held_cents: i64,
    /// At first.
    pub issued_cents: i64,
    /// Added later.
    pub topped_up_cents: i64,
    /// Taken by shops.
    pub redeemed_cents: i64,
    /// Given back by shops.
    pub reversed_cents: i64,
    /// Gone back to the programme.
    pub expired_cents: i64,
    /// Microseconds.
    pub issued_at: i64,
    /// Microseconds.
    pub updated_at: i64,
    /// The municipality's own name for the case.
    pub reference: Option<String>,
    /// `sms`, `email` or `paper`.
    pub channel: Option<String>,
    /// The holder's initials.
    pub initials: Option<String>,
    /// The import that brought it.
    pub import_id: Option<Uuid>,
}

/// Which vouchers to list.
#[derive(Clone, Debug, Default)]
pub struct VoucherFilter {
    /// After this id.
    pub after: Uuid,
    /// With this status, or any.
    pub status: String,
    /// With this reference, or one of the indexes; empty for all.
    pub search: String,
    /// Index of the search text taken as a codice fiscale.
    pub tax_index: Vec<u8>,
    /// Index of the search text taken as a phone number.
    pub phone_index: Vec<u8>,
    /// Index of the search text taken as an address.
    pub email_index: Vec<u8>,
    /// How many at most.
    pub limit: i64,
}

impl Db {
    /// What a code or token leads to.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn code(&self, index: &[u8], kind: &str) -> Result<CodeRow, Error> {
        let row = on!(self, |connection| sqlx::query_as(BY_CODE).bind(index).bind(kind).fetch_one(connection).await)?;
        Ok(row)
    }

    /// A voucher of this municipality.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn voucher(&self, municipality: Uuid, id: Uuid) -> Result<VoucherRow, Error> {
        let row = on!(self, |connection| sqlx::query_as(ONE).bind(id).bind(municipality).fetch_one(connection).await)?;
        Ok(row)
    }

    /// Vouchers of a municipality, by id.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn vouchers(&self, municipality: Uuid, filter: &VoucherFilter) -> Result<Vec<VoucherRow>, Error> {
        let rows = on!(self, |connection| sqlx::query_as(LIST)
            .bind(municipality)
            .bind(filter.after)
            .bind(&filter.status)
            .bind(&filter.search)
            .bind(&filter.tax_index)
            .bind(&filter.phone_index)
            .bind(&filter.email_index)
            .bind(filter.limit)
            .fetch_all(connection)
            .await)?;
        Ok(rows)
    }

    /// The vouchers that an import brought.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn imported_vouchers(&self, import: Uuid) -> Result<Vec<VoucherRow>, Error> {
        let rows = on!(self, |connection| sqlx::query_as(OF_IMPORT).bind(import).fetch_all(connection).await)?;
        Ok(rows)
    }

    /// Vouchers after `after` whose last instant came before `now` and that are not emptied yet.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn expired_vouchers(&self, after: Uuid, now: i64, limit: i64) -> Result<Vec<Uuid>, Error> {
        let rows = on!(self, |connection| sqlx::query_scalar(DUE)
            .bind(after)
            .bind(now)
            .bind(limit)
            .fetch_all(connection)
            .await)?;
        Ok(rows)
    }

    /// Vouchers after `after` with a hold that timed out before `now`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn timed_out_holds(&self, after: Uuid, now: i64, limit: i64) -> Result<Vec<Uuid>, Error> {
        let rows = on!(self, |connection| sqlx::query_scalar(HOLDS_DUE)
            .bind(now)
            .bind(after)
            .bind(limit)
            .fetch_all(connection)
            .await)?;
        Ok(rows)
    }

    /// Vouchers of which the code in force leads nowhere: a ledger from before they were given, brought up to the journal.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn vouchers_without_code(&self) -> Result<Vec<CodeRow>, Error> {
        Ok(on!(self, |connection| sqlx::query_as(CODELESS).fetch_all(connection).await)?)
    }

    /// How many vouchers there are that could be spent and are nobody's.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn vouchers_without_holder(&self) -> Result<i64, Error> {
        Ok(on!(self, |connection| sqlx::query_scalar(NAMELESS).fetch_one(connection).await)?)
    }
}
