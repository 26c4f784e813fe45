//! Every target on many changes of its seeds: always the same ones, or as many others as
//! `BUONO_FUZZ_CASES` says (`make fuzz`).
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use fuzz::{edits, seeds, targets};
use proptest::test_runner::{Config, RngSeed, TestError, TestRunner};

/// Changes for each target in `make test`.
const CASES: u32 = 3_000;

/// Holds a target to its seeds and to what becomes of them.
fn hold(target: fn(&[u8]), seeds: Vec<Vec<u8>>, words: &[&[u8]]) {
    seeds.iter().for_each(|seed| target(seed));
    let wanted = std::env::var("BUONO_FUZZ_CASES").ok().map(|cases| cases.parse().expect("a number of cases"));
    let config = Config {
        cases: wanted.unwrap_or(CASES),
        rng_seed: if wanted.is_some() { RngSeed::Random } else { RngSeed::Fixed(1) },
        failure_persistence: None,
        max_shrink_iters: 100_000,
        ..Config::default()
    };
    let words = words.iter().map(|word| word.to_vec()).collect();
    let changed = edits::changed(seeds, words);
    match TestRunner::new(config).run(&changed, |bytes| {
        target(&bytes);
        Ok(())
    }) {
        Ok(()) => {}
        Err(TestError::Fail(why, bytes)) => {
            panic!(
                "{why}\nby {:?}\nadd it to the seeds: {}",
                String::from_utf8_lossy(&bytes),
                data_encoding::HEXLOWER.encode(&bytes)
            )
        }
        Err(abort) => panic!("{abort}"),
    }
}

/// What is special in a comma-separated file.
const TABLE: [&[u8]; 12] =
    [b";", b",", b"\t", b"\n", b"\r\n", b"\"", b"\"\"", b"importo", b"\xef\xbb\xbf", b"\xff\xfe", b"\0", b"\x1b"];
/// What is special in a sheet.
const SHEET: [&[u8]; 17] = [
    b"<row r=\"4294967295\">",
    b"<c r=\"XFD1048576\"><v>1</v></c>",
    b"<c r=\"ZZZZZZZ9\"><v>1</v></c>",
    b"</row>",
    b"</c>",
    b"<v>1e308</v>",
    b"<v>-1</v>",
    b" t=\"s\"",
    b" t=\"d\"",
    b" t=\"b\"",
    b"&lt;",
    b"&#0;",
    b"<![CDATA[",
    b"<!--",
    b"<sst uniqueCount=\"10000000000000\">",
    b" uniqueCount = '&#57;9999999999999'",
    b"<si><t>9</t></si>",
];

#[test]
fn records() {
    hold(targets::record, seeds::records(), &[b"\x01"]);
}

#[test]
fn records_with_their_checksums() {
    hold(targets::record_with_its_checksum, seeds::records(), &[b"\x01"]);
}

#[test]
fn batches() {
    hold(targets::batch, seeds::batches(), &[b"\x01"]);
}

#[test]
fn batches_with_their_checksums() {
    hold(targets::batch_with_its_checksums, seeds::batches(), &[b"\x01"]);
}

#[test]
fn uploads() {
    hold(targets::import, seeds::files("import"), &TABLE);
}

#[test]
fn sheets() {
    hold(targets::sheet, seeds::files("sheet"), &SHEET);
}

#[test]
fn codes() {
    hold(
        targets::code,
        seeds::lines("codes.txt"),
        &[b"BUONO:", b"buono:", b"#", b"-", b" ", "\u{a0}".as_bytes(), "ß".as_bytes()],
    );
}

/// The detector sees: a target that is wrong on one byte in the middle is found out, and made small.
#[test]
fn a_target_that_is_wrong_is_found_out() {
    let wrong = |bytes: &[u8]| assert!(!bytes.contains(&b'\x1b'), "an escape character");
    let found = std::panic::catch_unwind(|| hold(wrong, vec![b"importo;nome".to_vec()], &TABLE)).unwrap_err();
    let text = found.downcast_ref::<String>().unwrap();
    assert!(text.contains("an escape character") && text.contains("1b"), "{text}");
}
