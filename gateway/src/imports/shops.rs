//! The shops.

use super::columns::{Column, places, rows};
use super::decode::Table;
use super::{Parsed, RowProblem};
use domain::codice_fiscale::{CodiceFiscale, CodiceFiscaleError};
use domain::contacts::{Email, Iban, Phone};
use domain::partita_iva::{PartitaIva, PartitaIvaError};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

const COLUMNS: &[Column] = &[
    ("riferimento", &["reference", "id", "codice"]),
    ("insegna", &["sign", "shopname", "nomenegozio"]),
    ("ragione_sociale", &["legalname", "company", "ditta"]),
    ("partita_iva", &["vatnumber", "piva"]),
    ("codice_fiscale", &["taxcode", "cf"]),
    ("pec", &["certifiedmail"]),
    ("email", &["mail"]),
    ("telefono", &["phone", "tel"]),
    ("indirizzo", &["address", "via"]),
    ("cap", &["postcode"]),
    ("comune", &["town", "city", "citta"]),
    ("provincia", &["province", "prov"]),
    ("categoria", &["category"]),
    ("iban", &["contocorrente"]),
    ("intestatario", &["accountholder"]),
    ("referente_nome", &["contactname", "referente"]),
    ("referente_cellulare", &["contactmobile"]),
    ("lat", &["latitude", "latitudine"]),
    ("lon", &["longitude", "longitudine", "lng"]),
];

/// Columns that every row fills.
const REQUIRED: [&str; 4] = ["insegna", "ragione_sociale", "indirizzo", "comune"];

/// A shop to affiliate.
#[derive(Clone, Debug)]
pub struct ShopLine {
    /// As the spreadsheet counts.
    pub row: usize,
    /// The office's own name for it; its VAT number where there is none.
    pub reference: String,
    /// The name over the door.
    pub name: String,
    /// The firm.
    pub legal_name: String,
    /// Partita IVA or codice fiscale of the firm.
    pub vat_number: String,
    /// Street and number.
    pub address: String,
    /// Post code.
    pub postcode: String,
    /// Town.
    pub town: String,
    /// Province.
    pub province: String,
    /// What it sells.
    pub category: String,
    /// Latitude and longitude in millionths of a degree, where the file has both.
    pub place: Option<(i64, i64)>,
    /// What is kept sealed.
    pub contacts: ShopContacts,
}

/// What is kept sealed of a shop.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct ShopContacts {
    /// Certified mail.
    pub pec: Option<String>,
    /// Address.
    pub email: Option<String>,
    /// Phone.
    pub phone: Option<String>,
    /// Where it is paid.
    pub iban: Option<String>,
    /// Whose account that is.
    pub account_holder: String,
    /// Whom to ask for.
    pub contact_name: String,
    /// Their phone.
    pub contact_mobile: Option<String>,
}

impl std::fmt::Debug for ShopContacts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ShopContacts(…)")
    }
}

/// Degrees in millionths, with a point or a comma.
fn degrees(text: &str, most: f64) -> Result<i64, &'static str> {
    let degrees: Option<f64> = text.replace(',', ".").parse().ok();
    // so few millionths that the conversion is exact
    degrees.filter(|degrees| degrees.abs() <= most).map(|degrees| (degrees * 1e6).round() as i64).ok_or("number_shape")
}

/// Reads the rows; every problem of every row at once.
#[must_use]
pub fn parse(table: &Table) -> Parsed<ShopLine> {
    let (mut warnings, mut problems) = (Vec::new(), Vec::new());
    let places = places(table, COLUMNS, &REQUIRED, &mut warnings, &mut problems);
    if !problems.is_empty() {
        return Parsed { rows: Vec::new(), total: table.rows.len(), problems, warnings };
    }
    let mut seen = HashSet::new();
    let mut good = Vec::new();
    for row in rows(table, &places) {
        let before = problems.len();
        for needed in REQUIRED {
            row.require(needed, &mut problems);
        }
        let vat = row.read("partita_iva", &mut problems, PartitaIva::parse, PartitaIvaError::code);
        let tax = row.read("codice_fiscale", &mut problems, CodiceFiscale::parse, CodiceFiscaleError::code);
        if row.get("partita_iva").is_empty() && row.get("codice_fiscale").is_empty() {
            problems.push(RowProblem::new(row.number, "partita_iva", "vat_or_tax_code"));
        }
        let email = |field, problems: &mut _| {
            row.read(field, problems, Email::parse, |e| e.0).map(|email| email.as_str().to_owned())
        };
        let phone = |field, problems: &mut _| {
            row.read(field, problems, Phone::parse, |e| e.0).map(|phone| phone.as_str().to_owned())
        };
        let contacts = ShopContacts {
            pec: email("pec", &mut problems),
            email: email("email", &mut problems),
            phone: phone("telefono", &mut problems),
            iban: row.read("iban", &mut problems, Iban::parse, |e| e.0).map(|iban| iban.as_str().to_owned()),
            account_holder: row.get("intestatario").to_owned(),
            contact_name: row.get("referente_nome").to_owned(),
            contact_mobile: phone("referente_cellulare", &mut problems),
        };
        let lat = row.read("lat", &mut problems, |text| degrees(text, 90.0), |e| e);
        let lon = row.read("lon", &mut problems, |text| degrees(text, 180.0), |e| e);
        let vat_number = vat
            .map(|vat| vat.as_str().to_owned())
            .or_else(|| tax.map(|tax| tax.as_str().to_owned()))
            .unwrap_or_default();
        let reference = Some(row.get("riferimento")).filter(|text| !text.is_empty()).unwrap_or(&vat_number).to_owned();
        if !reference.is_empty() && !seen.insert(reference.to_lowercase()) {
            problems.push(RowProblem::new(row.number, "riferimento", "reference_twice"));
        }
        if problems.len() == before {
            good.push(ShopLine {
                row: row.number,
                reference,
                name: row.get("insegna").to_owned(),
                legal_name: row.get("ragione_sociale").to_owned(),
                vat_number,
                address: row.get("indirizzo").to_owned(),
                postcode: row.get("cap").to_owned(),
                town: row.get("comune").to_owned(),
                province: row.get("provincia").to_uppercase(),
                category: row.get("categoria").to_owned(),
                place: lat.zip(lon),
                contacts,
            });
        }
    }
    Parsed { rows: good, total: table.rows.len(), problems, warnings }
}
