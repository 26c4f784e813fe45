//! What breaks, breaks here: processes are killed and frozen, wires cut, disks filled, clocks moved, files
//! damaged, while 64 tills take money from 20 vouchers and lose some of the answers. Afterwards everything
//! that a till was told must be true.
//!
//! [`cases`] is the list. A [`fault`](faults) strikes an [`arena`]: the real program and stores of its own;
//! [`scene`] brings load and faults together and judges at the end. What damages a journal for good is in
//! [`damage`]: there is no load then, and the question is who notices. [`table`] puts it in writing.
//!
//! Every random choice comes from a seed that is printed: `BUONO_SEED=…` makes the same ones again.
//! `make failures` runs the whole list with long faults and writes the tables of docs/reliability.md;
//! `BUONO_CASE='Redis frozen'` takes from the list what is called so, and writes nothing.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]
#![allow(clippy::disallowed_methods, reason = "tests live at the edge")]

mod aof;
mod arena;
mod cases;
mod damage;
mod dice;
mod faults;
mod primaries;
mod scene;
mod table;
mod town;

use arena::Kind;
use cases::{Case, EVERYTHING};
use dice::{Dice, seed};
use faults::{Fault, Part};
use scene::{Form, run};
use std::panic::catch_unwind;

fn kills() -> u32 {
    std::env::var("BUONO_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(20)
}

/// So many kills of the node, and between them half as many of the server that holds the journal.
fn survives(on: Kind, count: u32) {
    let node = Case { name: "the node is killed", on, fault: Fault::Kill(Part::Node), times: count };
    let journal = Case { name: "the journal's server is killed", fault: Fault::Kill(Part::Journal), ..node };
    let journal = Case { times: count / 2, ..journal };
    let both = if on == Kind::Files { vec![node] } else { vec![node, journal] };
    table::print(&run(Form::Short, seed(), on, &both));
}

#[test]
fn kills_on_files() {
    survives(Kind::Files, kills());
}

#[test]
fn kills_on_redis_and_postgres() {
    survives(Kind::RedisAndPostgres, kills() / 2);
}

#[test]
fn kills_on_postgres_alone() {
    survives(Kind::PostgresAlone, kills() / 2);
}

#[test]
fn kills_of_one_primary_after_the_other() {
    primaries::run(seed());
}

/// All cases of a kind one after the other, in an order of the seed's, under one load.
fn short(on: Kind) {
    let mut cases: Vec<Case> =
        EVERYTHING.iter().copied().filter(|case| case.on == on && case.is_for_everyday()).collect();
    Dice::new(seed()).shuffle(&mut cases);
    cases.iter_mut().for_each(|case| case.times = 1);
    table::print(&run(Form::Short, seed(), on, &cases));
}

#[test]
fn faults_on_files() {
    short(Kind::Files);
}

#[test]
fn faults_on_redis_and_postgres() {
    short(Kind::RedisAndPostgres);
}

#[test]
fn faults_on_postgres_alone() {
    short(Kind::PostgresAlone);
}

#[test]
fn faults_on_postgres_with_standbys() {
    short(Kind::PostgresWithStandbys);
}

#[test]
fn damage_is_noticed_named_and_mended_by_a_copy() {
    table::print(&damage::run(seed()));
}

/// The list for a kind, each case in an arena of its own and as long as such things last.
fn everything(on: Kind) {
    let first = seed();
    let (mut rows, mut failed) = (Vec::new(), Vec::new());
    let wanted = std::env::var("BUONO_CASE").unwrap_or_default();
    let cases = EVERYTHING.iter().filter(|case| case.on == on && case.name.contains(&wanted));
    for (seed, case) in (first..).zip(cases) {
        // what fails is told at the end, when all has been tried
        match catch_unwind(|| run(Form::Long, seed, on, &[*case])) {
            Ok(row) => {
                table::print(&row);
                rows.extend(row);
            }
            Err(_) => failed.push((case.name, seed)),
        }
    }
    if on == Kind::RedisAndPostgres && wanted.is_empty() {
        rows.extend(damage::run(first));
    }
    assert!(failed.is_empty(), "{failed:?}");
    if wanted.is_empty() {
        table::write(on, &rows);
    }
}

#[test]
#[ignore = "long: make failures"]
fn everything_on_files() {
    everything(Kind::Files);
}

#[test]
#[ignore = "long: make failures"]
fn everything_on_redis_and_postgres() {
    everything(Kind::RedisAndPostgres);
}

#[test]
#[ignore = "long: make failures"]
fn everything_on_postgres_alone() {
    everything(Kind::PostgresAlone);
}

#[test]
#[ignore = "long: make failures"]
fn everything_on_postgres_with_standbys() {
    everything(Kind::PostgresWithStandbys);
}
