//! What came of it, as a table.

use crate::arena::Kind;
use crate::cases::Case;
use loadtest::Verdict;
use std::fmt::Write;
use std::time::Duration;

/// A line of the table.
pub struct Row {
    pub fault: String,
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
    pub fn damaged(name: &str, verdict: &Verdict, told: &str, seed: u64) -> Self {
        let (payments, lost, doubled) = (verdict.operations_count, verdict.lost_count, verdict.untold_count);
        Self { fault: name.to_owned(), payments, lost, doubled, after: told.to_owned(), seed }
    }
}

fn table(rows: &[Row]) -> String {
    let mut out = "| What was done | Operations answered | Lost | Doubled | Served again after, or what `buono verify` says | Seed |\n|---|--:|--:|--:|---|--:|\n".to_owned();
    for Row { fault, payments, lost, doubled, after, seed } in rows {
        writeln!(out, "| {fault} | {payments} | {lost} | {doubled} | {after} | {seed} |").unwrap();
    }
    out
}

pub fn print(rows: &[Row]) {
    println!("{}", table(rows));
}

/// Exchanges the table for this kind in docs/reliability.md.
pub fn write(on: Kind, rows: &[Row]) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/reliability.md");
    // other kinds are written by other processes
    let lock = std::fs::File::open(path).unwrap();
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive).unwrap();
    let page = std::fs::read_to_string(path).unwrap();
    let (begin, end) = (format!("<!-- {} -->\n", on.name()), format!("<!-- /{} -->", on.name()));
    let (before, rest) = page.split_once(&begin).expect("a place for the table");
    let (_, after) = rest.split_once(&end).expect("the end of that place");
    std::fs::write(path, format!("{before}{begin}{}{end}{after}", table(rows))).unwrap();
}
