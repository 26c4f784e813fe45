//! What the targets accept: where changes begin.

use domain::record::Body;
use std::path::Path;
use store::journal::{Batch, Head, decode_record};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A record of every kind, from the golden file of the format.
///
/// # Panics
/// When that file is missing or cannot be read.
#[must_use]
pub fn records() -> Vec<Vec<u8>> {
    let golden = std::fs::read_to_string(root().join("../store/schema/record-v1.golden")).expect("the golden file");
    golden.lines().map(|line| data_encoding::HEXLOWER.decode(line.as_bytes()).expect("lines of hexadecimal")).collect()
}

/// Batches of one record, of a few, and of every kind.
#[must_use]
pub fn batches() -> Vec<Vec<u8>> {
    let bodies: Vec<Body> =
        records().iter().map(|record| decode_record(record).expect("a golden record").body).collect();
    let batch = |count| Batch::encode(1, &Head::START, bodies.iter().copied().take(count)).bytes().to_vec();
    [1, 3, bodies.len()].into_iter().map(batch).collect()
}

/// The files of a folder below `seeds`.
///
/// # Panics
/// When there are none.
#[must_use]
pub fn files(folder: &str) -> Vec<Vec<u8>> {
    let entries = std::fs::read_dir(root().join("seeds").join(folder)).expect("the folder of seeds");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("a file").path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "there are no seeds in {folder}");
    paths.iter().map(|path| std::fs::read(path).expect("a seed")).collect()
}

/// The lines of a file below `seeds`.
#[must_use]
pub fn lines(file: &str) -> Vec<Vec<u8>> {
    let text = std::fs::read(root().join("seeds").join(file)).expect("the file of seeds");
    text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map(<[u8]>::to_vec).collect()
}
