//! The targets.

use gateway::imports::decode::{ROWS_MAX, table};
use gateway::imports::{Parsed, RowProblem, beneficiaries, shops};
use std::collections::BTreeSet;
use std::io::{Cursor, Write};
use store::codes::{grouped, normalise, qr_text};
use store::journal::{Batch, Head, decode_record, encode_record};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

const CRC: std::ops::Range<usize> = 2..6;
const BATCH_HEADER: usize = 1 + 4 + 32;

/// A record: whatever is accepted is written again as the same bytes.
pub fn record(bytes: &[u8]) {
    if let Ok(record) = decode_record(bytes) {
        let mut again = Vec::new();
        encode_record(&record, &mut again);
        assert_eq!(again, bytes, "two ways to write {record:?}");
    }
}

/// The same by somebody who knows how to write a checksum.
pub fn record_with_its_checksum(bytes: &[u8]) {
    let mut bytes = bytes.to_vec();
    mend_record(&mut bytes);
    record(&bytes);
}

fn mend_record(bytes: &mut [u8]) {
    if bytes.len() >= CRC.end {
        let crc = crc32c::crc32c_append(crc32c::crc32c(&bytes[..CRC.start]), &bytes[CRC.end..]);
        bytes[CRC].copy_from_slice(&crc.to_le_bytes());
    }
}

/// A batch: whatever is accepted is dense, and says of every record what the record says.
pub fn batch(bytes: &[u8]) {
    let Ok(batch) = Batch::decode(bytes.to_vec()) else { return };
    assert_eq!(batch.bytes(), bytes);
    assert_eq!(batch.records().len(), batch.len());
    for (at, record) in batch.records().iter().enumerate() {
        assert_eq!((record.seq, record.epoch), (batch.first_seq() + at as u64, batch.epoch()));
        assert_eq!(decode_record(batch.record_bytes(at)), Ok(*record));
    }
    let head = batch.head();
    assert_eq!((head.seq, head.chain), (batch.first_seq() + batch.len() as u64 - 1, *batch.chain(batch.len() - 1)));
    assert!(batch.follows(&Head { seq: head.seq, ..Head::START }).is_err(), "it follows its own end");
}

/// The same by somebody who knows how to write checksums and chains.
pub fn batch_with_its_checksums(bytes: &[u8]) {
    let mut bytes = bytes.to_vec();
    if let Some((chain, end)) = mend_records(&mut bytes) {
        bytes.truncate(end);
        bytes.extend_from_slice(&chain);
    }
    batch(&bytes);
}

fn mend_records(bytes: &mut [u8]) -> Option<([u8; 32], usize)> {
    let count = u32::from_le_bytes(bytes.get(1..5)?.try_into().ok()?);
    let mut chain: [u8; 32] = bytes.get(5..BATCH_HEADER)?.try_into().ok()?;
    let mut at = BATCH_HEADER;
    for _ in 0..count {
        let len = usize::from(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?));
        let raw = bytes.get_mut(at + 2..at + 2 + len)?;
        mend_record(raw);
        chain = *blake3::Hasher::new().update(&chain).update(raw).finalize().as_bytes();
        at += 2 + len;
    }
    Some((chain, at))
}

/// An upload: each row is either right or has a problem, and problems are of rows that are there.
pub fn import(bytes: &[u8]) {
    let Ok(table) = table(bytes) else { return };
    assert!(table.rows.len() <= ROWS_MAX);
    let last = table.rows.iter().map(|(row, _)| *row).max().unwrap_or(0);
    let families = beneficiaries::parse(&table);
    assert!(families.rows.iter().all(|family| !family.amount.is_zero() && family.row <= last));
    accounted(&families, last);
    let shops = shops::parse(&table);
    assert!(shops.rows.iter().all(|shop| !shop.reference.is_empty() && !shop.name.is_empty() && shop.row <= last));
    accounted(&shops, last);
}

fn accounted<T>(parsed: &Parsed<T>, last: usize) {
    let wrong: BTreeSet<usize> = parsed.problems.iter().map(|problem| problem.row).collect();
    // with the right titles, each row is one or the other
    let titled = !wrong.contains(&0) && !wrong.contains(&1);
    assert!(!titled || parsed.rows.len() + wrong.len() == parsed.total, "{} rows: {:?}", parsed.total, parsed.problems);
    let said = |problem: &RowProblem| problem.row <= last && !problem.code.is_empty();
    assert!(parsed.problems.iter().chain(&parsed.warnings).all(said), "{:?}", parsed.problems);
}

/// An upload whose sheet somebody wrote by hand, with the texts of its cells after it, in a workbook that is right
/// otherwise.
pub fn sheet(xml: &[u8]) {
    const PARTS: [(&str, &str); 4] = [
        ("[Content_Types].xml", include_str!("../seeds/workbook/content-types.xml")),
        ("_rels/.rels", include_str!("../seeds/workbook/rels.xml")),
        ("xl/workbook.xml", include_str!("../seeds/workbook/workbook.xml")),
        ("xl/_rels/workbook.xml.rels", include_str!("../seeds/workbook/workbook-rels.xml")),
    ];
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    let parts = PARTS.map(|(name, text)| (name, text.as_bytes()));
    let (sheet, texts) = xml.split_at(xml.windows(4).position(|part| part == b"<sst").unwrap_or(xml.len()));
    let texts = (!texts.is_empty()).then_some(("xl/sharedStrings.xml", texts));
    for (name, bytes) in parts.into_iter().chain([("xl/worksheets/sheet1.xml", sheet)]).chain(texts) {
        archive.start_file(name, stored).unwrap();
        archive.write_all(bytes).unwrap();
    }
    import(&archive.finish().unwrap().into_inner());
}

/// What was scanned or typed: what is recognised is recognised again however it is written.
pub fn code(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let Some((kind, normal)) = normalise(&text) else { return };
    assert!(normal.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase()), "{normal}");
    for written in
        [normal.clone(), normal.to_lowercase(), grouped(&normal), qr_text(&normal), format!("https://x/v#{normal}")]
    {
        assert_eq!(normalise(&written), Some((kind, normal.clone())), "{written}");
    }
}
