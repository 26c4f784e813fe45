//! The families.

use super::columns::{Column, amount, date, places, rows};
use super::decode::Table;
use super::{Parsed, RowProblem};
use domain::cents::Cents;
use domain::clock::Timestamp;
use domain::codice_fiscale::{CodiceFiscale, CodiceFiscaleError};
use domain::contacts::{Email, Phone};
use domain::rome;
use jiff::civil::Date;
use std::collections::HashMap;

const COLUMNS: &[Column] = &[
    ("riferimento", &["reference", "pratica", "id"]),
    ("codice_fiscale", &["taxcode", "cf", "codfisc"]),
    ("cognome", &["surname", "lastname"]),
    ("nome", &["name", "firstname"]),
    ("cellulare", &["mobile", "phone", "telefono", "cell"]),
    ("email", &["mail", "postaelettronica"]),
    ("indirizzo", &["address", "via"]),
    ("cap", &["postcode"]),
    ("comune", &["town", "citta"]),
    ("provincia", &["province", "prov"]),
    ("lingua", &["language"]),
    ("componenti", &["household", "nucleo", "componentinucleo"]),
    ("minori", &["minors"]),
    ("importo", &["amount", "importoeuro"]),
    ("scadenza", &["expiry", "expires"]),
    ("canale", &["channel"]),
    ("note", &["notes", "annotazioni"]),
];

/// The problem of a row whose reference somebody else has already.
pub const REFERENCE_TAKEN: &str = "reference_taken";
/// Above this an amount is asked about, in cents.
const HIGH: i64 = 100_000;

/// A family to give a voucher to.
#[derive(Clone, Debug)]
pub struct Beneficiary {
    /// As the spreadsheet counts.
    pub row: usize,
    /// The office's own name for the case.
    pub reference: String,
    /// Codice fiscale.
    pub tax_code: Option<CodiceFiscale>,
    /// Surname.
    pub surname: String,
    /// Name.
    pub name: String,
    /// Phone.
    pub mobile: Option<Phone>,
    /// Address.
    pub email: Option<Email>,
    /// Lines for an envelope, if the office gave any.
    pub address: Vec<String>,
    /// What they read: a two-letter tag.
    pub language: String,
    /// How many live together.
    pub household: Option<u8>,
    /// How many of them are minors.
    pub minors: Option<u8>,
    /// What they get.
    pub amount: Cents,
    /// The last day, if not the programme's.
    pub expiry: Option<Date>,
    /// `sms`, `email` or `paper`.
    pub channel: &'static str,
    /// Whatever the office wrote.
    pub note: String,
}

impl Beneficiary {
    /// What shops may see.
    #[must_use]
    pub fn initials(&self) -> String {
        let first = |text: &str| text.chars().find(|c| c.is_alphabetic()).map(|c| c.to_uppercase().to_string());
        [first(&self.name), first(&self.surname)].into_iter().flatten().map(|letter| letter + ".").collect()
    }
}

/// From when to when a programme's vouchers can be spent.
pub struct Validity {
    /// The first instant.
    pub from: Timestamp,
    /// The last one of vouchers that have none of their own.
    pub until: Timestamp,
}

impl Parsed<Beneficiary> {
    /// Without the families whose voucher nobody could ever spend: money that is given so is taken back at once.
    #[must_use]
    pub fn spendable(mut self, validity: &Validity, now: Timestamp) -> Self {
        let why = |person: &Beneficiary| match person.expiry.map_or(validity.until, rome::end_of_day) {
            last if last < now => Some("date_past"),
            last if last <= validity.from => Some("date_before_programme"),
            _ => None,
        };
        let problems = &mut self.problems;
        self.rows.retain(|person| {
            let wrong = why(person).map(|why| RowProblem::new(person.row, "scadenza", why));
            let right = wrong.is_none();
            problems.extend(wrong);
            right
        });
        self.problems.sort_by_key(|problem| problem.row);
        self
    }
}

/// Reads the rows; every problem of every row at once.
#[must_use]
pub fn parse(table: &Table) -> Parsed<Beneficiary> {
    let (mut warnings, mut problems) = (Vec::new(), Vec::new());
    let places = places(table, COLUMNS, &["importo"], &mut warnings, &mut problems);
    if !problems.is_empty() {
        return Parsed { rows: Vec::new(), total: table.rows.len(), problems, warnings };
    }
    let mut good = Vec::new();
    for row in rows(table, &places) {
        let before = problems.len();
        let (number, mut own) = (row.number, Vec::new());
        let tax_code = row.read("codice_fiscale", &mut own, CodiceFiscale::parse, CodiceFiscaleError::code);
        let mobile = row.read("cellulare", &mut own, Phone::parse, |e| e.0);
        let email = row.read("email", &mut own, Email::parse, |e| e.0);
        let household = row.read("componenti", &mut own, str::parse::<u8>, |_| "number_shape");
        let minors = row.read("minori", &mut own, str::parse::<u8>, |_| "number_shape");
        let amount = row.read("importo", &mut own, amount, |e| e);
        let expiry = row.read("scadenza", &mut own, date, |e| e);
        row.require("importo", &mut own);
        if row.get("riferimento").is_empty() && row.get("codice_fiscale").is_empty() {
            own.push(RowProblem::new(number, "riferimento", "reference_or_tax_code"));
        }
        let channel = channel(row.get("canale"), row.get("cellulare"), row.get("email"));
        match channel {
            None => own.push(RowProblem::new(number, "canale", "channel_unknown")),
            Some("sms") if row.get("cellulare").is_empty() => {
                own.push(RowProblem::new(number, "cellulare", "contact_missing"))
            }
            Some("sms") if mobile.as_ref().is_some_and(|phone| !phone.takes_sms()) => {
                own.push(RowProblem::new(number, "cellulare", "not_a_mobile"));
            }
            Some("email") if row.get("email").is_empty() => {
                own.push(RowProblem::new(number, "email", "contact_missing"))
            }
            Some(_) => {}
        }
        if minors.zip(household).is_some_and(|(minors, household)| minors >= household) {
            own.push(RowProblem::new(number, "minori", "more_minors_than_people"));
        }
        problems.append(&mut own);
        if let (Some(amount), Some(channel), true) = (amount, channel, problems.len() == before) {
            let language = language(row.get("lingua")).unwrap_or_else(|| {
                warnings.push(RowProblem::new(number, "lingua", "language_unknown"));
                "it"
            });
            good.push(Beneficiary {
                row: number,
                reference: row.get("riferimento").to_owned(),
                tax_code,
                surname: row.get("cognome").to_owned(),
                name: row.get("nome").to_owned(),
                mobile,
                email,
                address: address([row.get("indirizzo"), row.get("cap"), row.get("comune"), row.get("provincia")]),
                language: language.to_owned(),
                household,
                minors,
                amount,
                expiry,
                channel,
                note: row.get("note").to_owned(),
            });
        }
    }
    twins(&mut good, &mut problems);
    odd_amounts(&good, &mut warnings);
    problems.sort_by_key(|problem| problem.row);
    Parsed { rows: good, total: table.rows.len(), problems, warnings }
}

fn channel(text: &str, mobile: &str, email: &str) -> Option<&'static str> {
    match text.to_lowercase().as_str() {
        "sms" | "cellulare" => Some("sms"),
        "email" | "e-mail" | "mail" => Some("email"),
        "carta" | "paper" | "stampa" => Some("paper"),
        "" if mobile.is_empty() && !email.is_empty() => Some("email"),
        "" => Some("sms"),
        _ => None,
    }
}

/// One of the languages that pages and messages have, by its tag or as an Italian office calls it; Italian where it says none.
fn language(text: &str) -> Option<&'static str> {
    Some(match text.to_lowercase().as_str() {
        "" | "it" | "italiano" | "italiana" => "it",
        "en" | "inglese" => "en",
        "fr" | "francese" => "fr",
        "es" | "spagnolo" | "spagnola" => "es",
        "ro" | "rumeno" | "rumena" | "romeno" | "romena" => "ro",
        "ar" | "arabo" | "araba" => "ar",
        "uk" | "ua" | "ucraino" | "ucraina" => "uk",
        "sq" | "al" | "albanese" => "sq",
        _ => return None,
    })
}

/// Street, and the town with its code and province, as they stand on an envelope.
fn address([street, postcode, town, province]: [&str; 4]) -> Vec<String> {
    let town = [postcode, town, province].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    [street.to_owned(), town].into_iter().filter(|line| !line.is_empty()).collect()
}

/// The same reference or person twice in one file: the later rows are refused.
fn twins(rows: &mut Vec<Beneficiary>, problems: &mut Vec<RowProblem>) {
    let mut references: HashMap<String, usize> = HashMap::new();
    let mut people: HashMap<String, usize> = HashMap::new();
    rows.retain(|row| {
        let reference = row.reference.to_lowercase();
        let twin = !reference.is_empty() && references.insert(reference, row.row).is_some();
        let person =
            row.tax_code.as_ref().is_some_and(|code| people.insert(code.as_str().to_owned(), row.row).is_some());
        if twin {
            problems.push(RowProblem::new(row.row, "riferimento", "reference_twice"));
        }
        if person {
            problems.push(RowProblem::new(row.row, "codice_fiscale", "person_twice"));
        }
        !twin && !person
    });
}

/// Amounts that look like a slip: far from the others, or very high.
fn odd_amounts(rows: &[Beneficiary], warnings: &mut Vec<RowProblem>) {
    let mut amounts: Vec<i64> = rows.iter().map(|row| row.amount.get()).collect();
    amounts.sort_unstable();
    let Some(median) = amounts.get(amounts.len() / 2).copied() else {
        return;
    };
    for row in rows {
        let cents = row.amount.get();
        if cents > HIGH || cents > median * 5 {
            warnings.push(RowProblem::new(row.row, "importo", "amount_high"));
        } else if cents * 5 < median {
            warnings.push(RowProblem::new(row.row, "importo", "amount_low"));
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::decode::table;
    use super::*;

    #[test]
    fn every_problem_of_every_row_is_said() {
        let csv = "Riferimento;Codice Fiscale;Cognome;Nome;CELLULARE;Importo;Scadenza;Canale;Colore\n\
            A1;RSSMRA85T10A562S;Rossi;Maria;333 1234567;50,00;;sms;blu\n\
            A2;RSSMRA85T10A562T;Bianchi;Ugo;12;10,005;31/02/2027;piccione;\n\
            A1;;Verdi;Ada;;20,00;;carta;\n\
            ;;Neri;Leo;3331234568;;;;\n\
            A5;;<script>;=HYPERLINK(\"x\");3331234569;50;;;\n";
        let parsed = parse(&table(csv.as_bytes()).unwrap());
        let found: Vec<String> = parsed.problems.iter().map(|p| format!("{} {} {}", p.row, p.field, p.code)).collect();
        assert_eq!(
            found,
            [
                "3 codice_fiscale tax_code_check",
                "3 cellulare phone_shape",
                "3 importo amount_shape",
                "3 scadenza date_shape",
                "3 canale channel_unknown",
                "4 riferimento reference_twice",
                "5 importo required",
                "5 riferimento reference_or_tax_code",
            ]
        );
        assert_eq!(parsed.warnings, [RowProblem::new(1, "Colore", "unknown_column")]);
        assert_eq!(parsed.rows.len(), 2);
        assert_eq!(parsed.rows[0].initials(), "M.R.");
        assert_eq!(parsed.total, 5);
    }

    #[test]
    fn a_file_without_titles_is_not_repeated() {
        let parsed = parse(&table(b"A1;Rossi;Maria;50,00\nA2;Bianchi;Ugo;50,00\n").unwrap());
        assert_eq!(parsed.problems, [RowProblem::new(1, "importo", "column_missing")]);
        assert_eq!((parsed.rows.len(), parsed.warnings.len()), (0, 0));
    }

    /// Which of two numbers gets the link is not guessed.
    #[test]
    fn a_column_twice_stops_the_file_and_the_exact_title_is_meant() {
        let csv = "riferimento;telefono;importo;phone;importo euro\nA1;3331234567;50;3339876543;70\n";
        let parsed = parse(&table(csv.as_bytes()).unwrap());
        assert_eq!(parsed.problems, [RowProblem::new(1, "cellulare", "column_twice")]);
        assert!(parsed.rows.is_empty());
        let twice = parse(&table(b"riferimento;importo;canale;Importo\nA1;50;carta;70\n").unwrap());
        assert_eq!((twice.problems, twice.rows.len()), (vec![RowProblem::new(1, "importo", "column_twice")], 0));
        let meant = csv.replace("phone", "Cellulare");
        let parsed = parse(&table(meant.as_bytes()).unwrap());
        let ignored = ["telefono", "importo euro"].map(|title| RowProblem::new(1, title, "unknown_column"));
        assert_eq!((parsed.problems, parsed.warnings), (Vec::new(), ignored.to_vec()));
        let row = &parsed.rows[0];
        assert_eq!((row.mobile.as_ref().unwrap().as_str(), row.amount.get()), ("+393339876543", 5_000));
    }

    #[test]
    fn languages_are_called_as_an_office_calls_them() {
        let csv = "riferimento;canale;importo;lingua\na;carta;5;Rumeno\nb;carta;5;AL\nc;carta;5;\nd;carta;5;klingon\n";
        let parsed = parse(&table(csv.as_bytes()).unwrap());
        assert_eq!(parsed.rows.iter().map(|row| row.language.as_str()).collect::<Vec<_>>(), ["ro", "sq", "it", "it"]);
        assert_eq!(parsed.warnings, [RowProblem::new(5, "lingua", "language_unknown")]);
    }

    #[test]
    fn what_was_odd_before_the_columns_is_said_with_the_rest() {
        let csv = "riferimento;canale;importo;note\na;carta;50;\"piano 1\nb;carta;50;\"\n";
        let parsed = parse(&table(csv.as_bytes()).unwrap());
        assert_eq!((parsed.rows.len(), parsed.warnings), (1, vec![RowProblem::new(2, "", "several_lines")]));
    }

    #[test]
    fn odd_amounts_are_asked_about() {
        let csv = "riferimento;canale;importo\na;carta;50\nb;carta;50\nc;carta;500\nd;carta;5\n";
        let parsed = parse(&table(csv.as_bytes()).unwrap());
        let codes: Vec<_> = parsed.warnings.iter().map(|w| (w.row, w.code.as_str())).collect();
        assert_eq!(codes, [(4, "amount_high"), (5, "amount_low")]);
    }
}
