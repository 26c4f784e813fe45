//! What came of it, as a table.

use crate::arena::Kind;
use crate::cases::Case;
use loadtest::Verdict;
use std::fmt::Write;
use std::time::Duration;

/// A line of the table.
pub struct Row {
    pub fault: String,
    pub on: &'static str,
    pub payments: u64,
    pub lost: u64,
    pub doubled: u64,
    pub after: String,
    pub seed: u64,
}

impl Row {
    pub fn of(case: &Case, verdict: &Verdict, away: Duration, seed: u64) -> Self {
        Self {
            fault: if case.times == 1 { case.name.to_owned() } else { format!("{}, {} times", case.name, case.times) },
            on: case.on.name(),
            payments: verdict.operations_count,
            lost: verdict.lost_count,
            doubled: verdict.untold_count,
            after: format!("{:.2} s", away.as_secs_f64()),
            seed,
        }
    }
}

impl Row {
    /// What is damaged for good is noticed, and a copy mends it.
    pub fn damaged(name: &str, on: Kind, verdict: &Verdict, told: &str, seed: u64) -> Self {
        let (payments, lost, doubled) = (verdict.operations_count, verdict.lost_count, verdict.untold_count);
        Self { fault: name.to_owned(), on: on.name(), payments, lost, doubled, after: told.to_owned(), seed }
    }
}

fn table(rows: &[Row]) -> String {
    let mut out = "| What was done | On | Operations answered | Lost | Doubled | Served again after, or what `buono verify` says | Seed |\n|---|---|--:|--:|--:|---|--:|\n".to_owned();
    for Row { fault, on, payments, lost, doubled, after, seed } in rows {
        writeln!(out, "| {fault} | {on} | {payments} | {lost} | {doubled} | {after} | {seed} |").unwrap();
    }
    out
}

pub fn print(rows: &[Row]) {
    println!("{}", table(rows));
}

/// Exchanges the table of docs/reliability.md.
pub fn write(rows: &[Row]) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/reliability.md");
    let page = std::fs::read_to_string(path).unwrap();
    let (before, rest) = page.split_once("<!-- failures -->\n").expect("a place for the table");
    let (_, after) = rest.split_once("<!-- /failures -->").expect("the end of that place");
    let page = format!("{before}<!-- failures -->\n{}<!-- /failures -->{after}", table(rows));
    std::fs::write(path, page).unwrap();
}
