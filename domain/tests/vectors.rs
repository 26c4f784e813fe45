//! Tax codes, VAT numbers, IBANs and phone numbers, as tables of plain facts.
//!
//! The people and firms are made up. What the first three tables say of them was worked out once
//! with the Python packages `python-codicefiscale` and `python-stdnum`, which agree on every line,
//! but that a day of birth of 80 or more is taken for a day by one of them. The office within a VAT
//! number is not looked at: new ones come.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use domain::codice_fiscale::{CodiceFiscale, CodiceFiscaleError};
use domain::contacts::{Iban, Phone};
use domain::partita_iva::{PartitaIva, PartitaIvaError};
use std::collections::BTreeSet;

/// Compares each line of a table with what is found, and says which findings there were.
fn check(table: &str, find: impl Fn(&str) -> String) -> BTreeSet<&str> {
    let line = |line: &str| {
        let (text, expected) = line.rsplit_once("  ").unwrap_or_else(|| panic!("no two columns: {line}"));
        let text = if text == "\"\"" { "" } else { text };
        assert_eq!(find(text), expected, "{text}");
    };
    table.lines().for_each(line);
    table.lines().filter_map(|line| line.rsplit("  ").next()).collect()
}

#[test]
fn codici_fiscali() {
    let find = |text: &str| match CodiceFiscale::parse(text) {
        Ok(code) => {
            assert_eq!(CodiceFiscale::parse(code.as_str()), Ok(code), "a normal form is normal");
            "ok"
        }
        Err(CodiceFiscaleError::Length) => "length",
        Err(CodiceFiscaleError::Shape) => "shape",
        Err(CodiceFiscaleError::Date) => "date",
        Err(CodiceFiscaleError::Check) => "check",
    };
    let found = check(include_str!("vectors/codice_fiscale.txt"), |text| find(text).to_owned());
    assert_eq!(found, BTreeSet::from(["ok", "length", "shape", "date", "check"]));
}

#[test]
fn partite_iva() {
    let find = |text: &str| match PartitaIva::parse(text) {
        Ok(number) => {
            assert!(number.as_str().len() == 11 && number.as_str().bytes().all(|byte| byte.is_ascii_digit()));
            "ok"
        }
        Err(PartitaIvaError::Length) => "length",
        Err(PartitaIvaError::Check) => "check",
    };
    let found = check(include_str!("vectors/partita_iva.txt"), |text| find(text).to_owned());
    assert_eq!(found, BTreeSet::from(["ok", "length", "check"]));
}

#[test]
fn ibans() {
    let find = |text: &str| match Iban::parse(text) {
        Ok(iban) => {
            let bare: String = text.split_whitespace().collect();
            assert_eq!(iban.as_str(), bare.to_uppercase());
            "ok".to_owned()
        }
        Err(error) => error.to_string(),
    };
    let found = check(include_str!("vectors/iban.txt"), find);
    assert_eq!(found, BTreeSet::from(["ok", "iban_shape", "iban_check"]));
}

#[test]
fn phones() {
    let find =
        |text: &str| Phone::parse(text).map_or_else(|error| error.to_string(), |phone| phone.as_str().to_owned());
    let found = check(include_str!("vectors/phone.txt"), find);
    assert!(found.contains("phone_shape") && found.contains("+393331234567"));
}
