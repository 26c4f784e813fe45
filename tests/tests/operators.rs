//! What operators are given fits the program: figures exist, and every alarm has its page.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

/// Words like `buono_journal_lag_seconds`.
fn figures(text: &str) -> BTreeSet<String> {
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    words.filter(|word| word.starts_with("buono_") && *word != "buono_app").map(str::to_owned).collect()
}

fn sources(folder: &Path, all: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, all);
        } else {
            all.push_str(&fs::read_to_string(path).unwrap());
        }
    }
}

#[test]
fn every_figure_that_operators_are_told_of_exists() {
    let mut code = String::new();
    for part in ["engine", "gateway", "workers", "store"] {
        sources(&root().join(part).join("src"), &mut code);
    }
    let (known, mut named) = (figures(&code), BTreeSet::new());
    for page in ["deploy/prometheus/alerts.yml", "docs/operations.md", "docs/runbook.md"] {
        named.extend(figures(&read(page)));
    }
    assert!(named.len() > 10, "{named:?}");
    let unknown: Vec<_> = named.difference(&known).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

#[test]
fn every_alarm_has_its_entry_in_the_runbook_and_no_entry_is_left_over() {
    let (alerts, runbook) = (read("deploy/prometheus/alerts.yml"), read("docs/runbook.md"));
    let alarms: BTreeSet<_> = alerts.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    let headings = runbook.lines().filter_map(|line| line.strip_prefix("## ")).flat_map(|line| line.split(", "));
    let entries: BTreeSet<_> = headings.filter(|heading| heading.starts_with("Buono")).collect();
    assert!(!alarms.is_empty());
    assert_eq!(alarms, entries);
}
