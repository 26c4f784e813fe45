//! People, sealed, and which voucher is whose.

use super::CodeRow;
use super::db::{Db, Error, in_transaction, on, one_row};
use crate::codes::CodeIndexes;
use crate::seal::Sealed;
use uuid::Uuid;

pub(super) const STATEMENTS: &[&str] = &[PERSON, HOLDER, CODE, SEALED, HOLDER_OF, HOLDERS, ADDRESS, CHANNEL];

const PERSON: &str =
    "INSERT INTO person (id, municipality_id, language, tax_index, phone_index, email_index, wrapped_key,
        sealed, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (id) DO NOTHING";
const HOLDER: &str =
    "INSERT INTO holder (voucher_id, municipality_id, person_id, import_id, reference, channel, household,
        minors, initials, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
    ON CONFLICT (voucher_id) DO NOTHING";
const CODE: &str = "INSERT INTO voucher_code (code_index, kind, voucher_id, municipality_id, programme_id, generation)
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (code_index) DO NOTHING";
const SEALED: &str = "SELECT id, municipality_id, language, wrapped_key, sealed FROM person WHERE id = $1";
const HOLDER_OF: &str =
    "SELECT voucher_id, municipality_id, person_id, import_id, reference, channel, household, minors, initials
    FROM holder WHERE voucher_id = $1";
const HOLDERS: &str = "SELECT p.tax_index, h.reference FROM voucher v
    JOIN holder h ON h.voucher_id = v.id JOIN person p ON p.id = h.person_id
    WHERE v.municipality_id = $1 AND v.programme_id = $2 AND v.status <> 'closed'";
const ADDRESS: &str =
    "UPDATE person SET phone_index = $2, email_index = $3, wrapped_key = $4, sealed = $5 WHERE id = $1";
const CHANNEL: &str = "UPDATE holder SET channel = $2 WHERE voucher_id = $1";

/// A person as stored.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct PersonRow {
    /// Their id.
    pub id: Uuid,
    /// Who knows them.
    pub municipality_id: Uuid,
    /// What they read.
    pub language: String,
    /// Their own key, wrapped.
    pub wrapped_key: Vec<u8>,
    /// Everything personal, sealed.
    pub sealed: Vec<u8>,
}

/// Which voucher is whose.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct HolderRow {
    /// The voucher.
    pub voucher_id: Uuid,
    /// The tenant.
    pub municipality_id: Uuid,
    /// The person.
    pub person_id: Uuid,
    /// The import that brought them.
    pub import_id: Option<Uuid>,
    /// The municipality's own name for the case.
    pub reference: String,
    /// `sms`, `email` or `paper`.
    pub channel: String,
    /// How many live together.
    pub household: Option<i64>,
    /// How many of them are minors.
    pub minors: Option<i64>,
    /// What a shop may see.
    pub initials: String,
}

/// A new person with a voucher of theirs and the codes that lead to it.
#[derive(Clone, Debug)]
pub struct NewHolder {
    /// The voucher and whose it is.
    pub holder: HolderRow,
    /// The programme that pays.
    pub programme_id: Uuid,
    /// What they read.
    pub language: String,
    /// Index of the codice fiscale.
    pub tax_index: Option<[u8; 16]>,
    /// Index of the phone number.
    pub phone_index: Option<[u8; 16]>,
    /// Index of the address.
    pub email_index: Option<[u8; 16]>,
    /// Everything personal.
    pub sealed: Sealed,
    /// Indexes of code and token: kind, index.
    pub codes: CodeIndexes,
}

/// How a holder is reached from now on.
#[derive(Clone, Debug)]
pub struct NewContact {
    /// Whose voucher.
    pub voucher_id: Uuid,
    /// Who that is.
    pub person_id: Uuid,
    /// `sms`, `email` or `paper`.
    pub channel: &'static str,
    /// Index of the phone number.
    pub phone_index: Option<[u8; 16]>,
    /// Index of the address.
    pub email_index: Option<[u8; 16]>,
    /// Everything personal, the new number or address with it.
    pub sealed: Sealed,
}

impl Db {
    /// Adds people with their vouchers' codes, all or none; those who are there already, from a try
    /// that did not get to its end, stay as they are. The vouchers themselves come to be when they
    /// are issued.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn add_holders(&self, new: &[NewHolder], now: i64) -> Result<(), Error> {
        in_transaction!(self, |tx| {
            for NewHolder { holder, programme_id, language, tax_index, phone_index, email_index, sealed, codes } in new
            {
                sqlx::query(PERSON)
                    .bind(holder.person_id)
                    .bind(holder.municipality_id)
                    .bind(language)
                    .bind(tax_index.as_ref().map(|index| &index[..]))
                    .bind(phone_index.as_ref().map(|index| &index[..]))
                    .bind(email_index.as_ref().map(|index| &index[..]))
                    .bind(&sealed.wrapped_key)
                    .bind(&sealed.sealed)
                    .bind(now)
                    .execute(&mut *tx)
                    .await?;
                sqlx::query(HOLDER)
                    .bind(holder.voucher_id)
                    .bind(holder.municipality_id)
                    .bind(holder.person_id)
                    .bind(holder.import_id)
                    .bind(&holder.reference)
                    .bind(&holder.channel)
                    .bind(holder.household)
                    .bind(holder.minors)
                    .bind(&holder.initials)
                    .bind(now)
                    .execute(&mut *tx)
                    .await?;
                for (kind, index) in codes {
                    sqlx::query(CODE)
                        .bind(&index[..])
                        .bind(*kind)
                        .bind(holder.voucher_id)
                        .bind(holder.municipality_id)
                        .bind(*programme_id)
                        .bind(1_i64)
                        .execute(&mut *tx)
                        .await?;
                }
            }
        })
    }

    /// Adds codes of vouchers' generations, all or none; those that are there stay.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn add_codes(&self, codes: &[(CodeRow, CodeIndexes)]) -> Result<(), Error> {
        in_transaction!(self, |tx| {
            for (code, indexes) in codes {
                for (kind, index) in indexes {
                    sqlx::query(CODE)
                        .bind(&index[..])
                        .bind(*kind)
                        .bind(code.voucher_id)
                        .bind(code.municipality_id)
                        .bind(code.programme_id)
                        .bind(code.generation)
                        .execute(&mut *tx)
                        .await?;
                }
            }
        })
    }

    /// A person.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn person(&self, id: Uuid) -> Result<PersonRow, Error> {
        let row = on!(self, |connection| sqlx::query_as(SEALED).bind(id).fetch_one(connection).await)?;
        Ok(row)
    }

    /// Whose voucher it is.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn holder(&self, voucher: Uuid) -> Result<HolderRow, Error> {
        let row = on!(self, |connection| sqlx::query_as(HOLDER_OF).bind(voucher).fetch_one(connection).await)?;
        Ok(row)
    }

    /// Writes down how a holder is reached from now on.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn change_contact(&self, contact: &NewContact) -> Result<(), Error> {
        let NewContact { voucher_id, person_id, channel, phone_index, email_index, sealed } = contact;
        in_transaction!(self, |tx| {
            let written = sqlx::query(ADDRESS)
                .bind(person_id)
                .bind(phone_index.as_ref().map(|index| &index[..]))
                .bind(email_index.as_ref().map(|index| &index[..]))
                .bind(&sealed.wrapped_key)
                .bind(&sealed.sealed)
                .execute(&mut *tx)
                .await?;
            one_row(written.rows_affected())?;
            let told = sqlx::query(CHANNEL).bind(voucher_id).bind(*channel).execute(&mut *tx).await?;
            one_row(told.rows_affected())?;
        })
    }

    /// Who has a voucher of a programme: what their codice fiscale is found under, if it is known, and their reference.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn holders(&self, municipality: Uuid, programme: Uuid) -> Result<Vec<(Option<Vec<u8>>, String)>, Error> {
        let rows = on!(self, |connection| sqlx::query_as(HOLDERS)
            .bind(municipality)
            .bind(programme)
            .fetch_all(connection)
            .await)?;
        Ok(rows)
    }
}
