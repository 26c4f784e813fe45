//! The arrows between the crates, and what may live where.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};

/// A crate and the crates of ours that it may use.
const ARROWS: [(&str, &[&str]); 8] = [
    ("domain", &[]),
    ("store", &["domain"]),
    ("engine", &["domain", "store"]),
    ("workers", &["domain", "store"]),
    ("web", &[]),
    ("documents", &["web"]),
    ("gateway", &["domain", "store", "engine", "workers", "web", "documents"]),
    ("loadtest", &["domain"]),
];

/// Longer files are hard to hold in one's head.
const FILE_LINES_MAX: usize = 450;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The names under `[dependencies]`.
fn dependencies(manifest: &str) -> Vec<String> {
    let section = manifest.split("[dependencies]").nth(1).unwrap_or_default();
    let section = section.split("\n[").next().unwrap_or_default();
    let name = |line: &str| line.split(['.', ' ', '=']).next().unwrap_or_default().to_owned();
    section.lines().map(name).filter(|name| !name.is_empty()).collect()
}

fn sources(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| ["rs", "ts", "scss"].iter().any(|known| extension == *known))
        {
            found.push((path.clone(), fs::read_to_string(&path).unwrap()));
        }
    }
}

fn sources_of(part: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    sources(&root().join(part).join("src"), &mut found);
    assert!(!found.is_empty());
    found
}

fn speaks_sql(text: &str) -> bool {
    let words = ["SELECT ", "INSERT INTO ", "UPDATE ", "DELETE FROM "];
    text.lines().any(|line| words.iter().any(|word| line.contains(&format!("\"{word}"))))
}

#[test]
fn crates_use_only_what_lies_below_them() {
    for (name, allowed) in ARROWS {
        let manifest = fs::read_to_string(root().join(name).join("Cargo.toml")).unwrap();
        for dependency in dependencies(&manifest) {
            let ours = ARROWS.iter().any(|(part, _)| *part == dependency);
            assert!(!ours || allowed.contains(&dependency.as_str()), "{name} must not use {dependency}");
        }
    }
    assert_eq!(dependencies("[dependencies]\nstore.workspace = true\nx = \"1\"\n\n[dev]\ny = 1"), ["store", "x"]);
}

#[test]
fn databases_are_known_to_the_store_and_actors_to_the_engine_alone() {
    for (name, _) in ARROWS {
        let found = dependencies(&fs::read_to_string(root().join(name).join("Cargo.toml")).unwrap());
        for (library, home) in [
            ("sqlx", "store"),
            ("rusqlite", "store"),
            ("tokio-postgres", "store"),
            ("actix", "engine"),
            ("actix-web", "gateway"),
        ] {
            assert!(name == home || !found.contains(&library.to_owned()), "{name} must not use {library}");
        }
    }
}

/// Whoever judges the rules must not judge by the rules' own code.
#[test]
fn the_load_tester_takes_only_names_from_the_domain() {
    let mut found = 0;
    for (path, text) in sources_of("loadtest") {
        for (at, _) in text.match_indices("domain::") {
            let name = &text[at..];
            found += 1;
            let is_name = name.starts_with("domain::ids::") || name.starts_with("domain::voucher::Decline");
            assert!(is_name, "{} uses {}", path.display(), name.lines().next().unwrap());
        }
    }
    assert!(found > 0, "the detector sees nothing");
}

#[test]
fn statements_live_in_the_store_alone() {
    assert!(speaks_sql("const X: &str = \"SELECT 1\";"), "the detector sees nothing");
    for part in ["domain", "engine", "workers", "web", "gateway", "loadtest"] {
        for (path, text) in sources_of(part) {
            assert!(!speaks_sql(&text), "{} has SQL", path.display());
        }
    }
}

#[test]
fn files_stay_readable() {
    for (name, _) in ARROWS {
        for (path, text) in sources_of(name) {
            let lines = text.lines().count();
            assert!(lines <= FILE_LINES_MAX, "{} has {lines} lines", path.display());
            assert!(!text.contains("do_send("), "{} ignores a mailbox's bound", path.display());
        }
    }
}
