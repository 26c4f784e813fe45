//! What other versions of this program read: once it is written anywhere it stays as it is (docs/decisions/0019).
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// What to do about a migration or library that is another one.
const RULE: &str = "A migration that was released never changes: write another one behind it. The Redis library changes \
    only under a new name (VERSION in it, LIBRARY in store/src/journal/redis/connection.rs), since nodes of both \
    versions call theirs during a roll (docs/decisions/0019). What is new, or was never released, is recorded with \
    BUONO_UPDATE=1";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations")
}

/// Every file, by its path, with its text.
fn files() -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    for folder in std::fs::read_dir(root()).unwrap().map(|folder| folder.unwrap().path()) {
        for file in std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()) {
            let name = file.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
            files.insert(name, std::fs::read_to_string(file).unwrap());
        }
    }
    files
}

#[test]
fn no_migration_and_no_library_is_another_one_under_its_old_name() {
    let mut lines = String::new();
    for (name, text) in files() {
        // the library's name is its version
        let library = text.lines().next().and_then(|line| line.strip_prefix("#!lua name="));
        let name = library.map_or_else(|| name.clone(), |library| format!("{name}, {library}"));
        writeln!(lines, "{} {name}", blake3::hash(text.as_bytes()).to_hex()).unwrap();
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/schema/migrations.golden");
    if std::env::var_os("BUONO_UPDATE").is_some() {
        std::fs::write(path, &lines).unwrap();
    }
    assert!(lines == std::fs::read_to_string(path).unwrap(), "{RULE}");
}

/// Before there was a second version to think of.
const FIRST: [&str; 2] = ["postgres/0002_months.sql", "postgres/0003_tenants.sql"];

/// `ALTER COLUMN … SET STORAGE` is about room alone.
const STORAGE_ONLY: [&str; 1] = ["postgres-journal/0001_journal.sql"];

/// Words by which a version that runs meanwhile may lose what it uses.
const TAKES_AWAY: [&str; 6] = ["DROP TABLE", "DROP COLUMN", "DROP CONSTRAINT", "RENAME ", "ALTER COLUMN", "REVOKE "];

#[test]
fn a_migration_that_takes_something_away_says_who_may_run_after_it() {
    for (name, text) in files() {
        let number = |text: &str| text.get(..4).and_then(|digits| digits.parse::<u32>().ok());
        let (folder, file) = name.split_once('/').unwrap();
        let Some(own) = number(file) else { continue };
        let needed = file[5..].strip_prefix("needs_").map(|rest| number(rest).unwrap_or(u32::MAX));
        if let Some(needed) = needed {
            let known = files().keys().any(|other| other.starts_with(&format!("{folder}/{needed:04}_")));
            assert!(known && needed < own, "{name}: it must name an earlier migration");
        }
        let text = text.to_uppercase();
        let takes = TAKES_AWAY.iter().find(|words| text.contains(*words));
        let is_excused = FIRST.contains(&&*name) || STORAGE_ONLY.contains(&&*name);
        assert!(
            takes.is_none() || needed.is_some() || is_excused,
            "{name}: {takes:?} takes away what the version before may use. First a migration that adds, and a release \
             that does without the old; then {own:04}_needs_NNNN_… with the number of the one that added \
             (docs/decisions/0019)"
        );
    }
}
