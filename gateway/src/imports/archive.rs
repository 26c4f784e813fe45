//! What an XLSX weighs, before the library that reads it is let at it. That makes room for as many texts as a file says
//! it has, and copies a text for every tag that names it; and where there is no more memory the whole process ends: that
//! is no panic, and cannot be caught.

use super::RowProblem;
use super::decode::{COLUMNS_MAX, INFLATED_MAX, ROWS_MAX, whole};
use std::io::{self, BufRead, BufReader, Cursor, Read};
use zip::ZipArchive;

/// Files inside an XLSX, and so its sheets.
const ENTRIES_MAX: u64 = 200;
/// Texts that cells share.
const STRINGS_MAX: u64 = ((ROWS_MAX + 1) * COLUMNS_MAX) as u64;
/// Bytes of what the library keeps of one file's tags.
const KEPT_MAX: u64 = 256 << 20;
/// Bytes that it keeps of a tag beside its texts.
const KEPT: u64 = 256;
/// Bytes of one tag that says where another file is.
const LINK_MAX: u64 = 64 << 10;
/// The number of texts that a file promises.
const PROMISE: &str = "uniqueCount";

/// What one file of the archive would take.
#[derive(Debug, Default)]
struct Weight {
    bytes: u64,
    /// The most texts that it says it has.
    promised: u64,
    /// The texts that it has.
    strings: u64,
    sheets: u64,
    /// Tags of which a copy is kept, with whatever they name.
    kept: u64,
    /// Bytes of the longest tag, which no text that is named exceeds.
    longest: u64,
    /// Whether the end of a tag was not found: it may be as long as the file.
    unclosed: bool,
}

/// Where a tag ends: at the first `>` outside of quotes, as the library takes it.
fn end(tag: &[u8]) -> Option<usize> {
    let mut quote: Option<u8> = None;
    tag.iter().position(|&byte| {
        match (quote, byte) {
            (None, b'>') => return true,
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
        false
    })
}

/// What a tag is called, without its prefix.
fn local(tag: &[u8]) -> &[u8] {
    let name = tag.split(|byte| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>')).next().unwrap_or_default();
    name.rsplit(|byte| *byte == b':').next().unwrap_or_default()
}

/// The number in quotes after an equals sign; what is no plain number is as good as endless.
fn number(rest: &str) -> Option<u64> {
    let value = rest.trim_ascii_start().strip_prefix('=')?.trim_ascii_start();
    let digits = value.strip_prefix(['"', '\''])?.split(['"', '\'']).next()?;
    Some(digits.parse().unwrap_or(u64::MAX))
}

/// The largest number of texts that is promised here.
fn promised(tag: &[u8]) -> u64 {
    // most tags are passed over by a letter that is rare
    if !tag.contains(&b'q') {
        return 0;
    }
    let texts = tag.utf8_chunks().map(|chunk| chunk.valid());
    let found = texts
        .flat_map(|text| text.match_indices(PROMISE).filter_map(move |(at, name)| number(&text[at + name.len()..])));
    found.max().unwrap_or(0)
}

impl Weight {
    /// Reads a file of the archive to its end.
    fn of(mut file: impl BufRead) -> io::Result<Self> {
        let mut weight = Self { bytes: file.skip_until(b'<')? as u64, ..Self::default() };
        let mut tag = Vec::new();
        loop {
            tag.clear();
            match file.read_until(b'<', &mut tag)? {
                0 => return Ok(weight),
                read => weight.bytes += read as u64,
            }
            weight.add(&tag);
        }
    }

    /// What stands between one `<` and the next. One that is within quotes begins nothing, which at worst counts too much.
    fn add(&mut self, tag: &[u8]) {
        self.promised = self.promised.max(promised(tag));
        match end(tag) {
            Some(end) => self.longest = self.longest.max(end as u64),
            // a comment may well have an apostrophe
            None => self.unclosed |= !tag.starts_with(b"!"),
        }
        match local(tag) {
            b"si" => self.strings += 1,
            b"sheet" => self.sheets += 1,
            b"xf" | b"font" | b"fill" | b"border" | b"numFmt" | b"Relationship" | b"definedName" => self.kept += 1,
            _ => {}
        }
    }

    fn bearable(&self, links: bool) -> bool {
        let longest = if self.unclosed { self.bytes } else { self.longest };
        // no text is shorter than a byte
        self.promised <= self.bytes.min(STRINGS_MAX)
            && self.strings <= STRINGS_MAX
            && self.sheets <= ENTRIES_MAX
            && self.kept.saturating_mul(KEPT + longest) <= KEPT_MAX
            // each sheet has a copy of where it is
            && (!links || longest <= LINK_MAX)
    }
}

/// Inflates everything once, weighing it.
pub(super) fn measure(bytes: &[u8]) -> Result<(), RowProblem> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_| whole("file_unreadable"))?;
    if archive.len() as u64 > ENTRIES_MAX {
        return Err(whole("file_too_complex"));
    }
    let mut left = INFLATED_MAX;
    for at in 0..archive.len() {
        let entry = archive.by_index(at).map_err(|_| whole("file_unreadable"))?;
        let links = entry.name().is_ok_and(|name| name.to_ascii_lowercase().ends_with(".rels"));
        let weight = Weight::of(BufReader::new(entry.take(left + 1))).map_err(|_| whole("file_unreadable"))?;
        left = left
            .checked_sub(weight.bytes)
            .filter(|_| weight.bearable(links))
            .ok_or_else(|| whole("file_too_complex"))?;
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::decode::table;
    use super::*;
    use std::io::Write;
    use zip::write::SimpleFileOptions;

    const RELS: &str = "<Relationships><Relationship Id=\"a\" Type=\"x/relationships/officeDocument\" \
        Target=\"xl/workbook.xml\"/></Relationships>";
    const BOOK: &str = "<workbook><sheets><sheet name=\"Foglio1\" sheetId=\"1\" r:id=\"a\"/></sheets></workbook>";
    const BOOK_RELS: &str = "<Relationships><Relationship Id=\"a\" Type=\"x/relationships/worksheet\" \
        Target=\"worksheets/sheet1.xml\"/></Relationships>";
    const TEXTS: &str = "<si><t>riferimento</t></si><si><t>importo</t></si><si><t>A&amp;1</t></si>";

    fn workbook(strings: &str, rows: &str) -> Vec<u8> {
        let sheet = format!("<worksheet><sheetData>{rows}</sheetData></worksheet>");
        let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, text) in [
            ("_rels/.rels", RELS),
            ("xl/workbook.xml", BOOK),
            ("xl/_rels/workbook.xml.rels", BOOK_RELS),
            ("xl/sharedStrings.xml", strings),
            ("xl/worksheets/sheet1.xml", &sheet),
        ] {
            archive.start_file(name, SimpleFileOptions::default()).unwrap();
            archive.write_all(text.as_bytes()).unwrap();
        }
        archive.finish().unwrap().into_inner()
    }

    /// Titles, and a row.
    fn rows() -> String {
        let shared = |at: &str, text: usize| format!("<c r=\"{at}\" t=\"s\"><v>{text}</v></c>");
        format!(
            "<row r=\"1\">{}{}</row><row r=\"2\">{}<c r=\"B2\"><v>50</v></c></row>",
            shared("A1", 0),
            shared("B1", 1),
            shared("A2", 2)
        )
    }

    #[test]
    fn texts_that_cells_share_are_read() {
        let promises = ["", " uniqueCount=\"3\"", " count=\"9\" uniqueCount = '3'", " uniqueCount=\"0\""];
        for promise in promises {
            let strings = format!("<?xml version=\"1.0\"?><!-- l'ufficio --><sst{promise}>{TEXTS}</sst>");
            let table = table(&workbook(&strings, &rows())).unwrap();
            assert_eq!(table.header, ["riferimento", "importo"], "{promise}");
            assert_eq!(table.rows, [(2, vec!["A&1".to_owned(), "50".to_owned()])], "{promise}");
        }
    }

    /// Each would have the library ask for more memory than there is.
    #[test]
    fn a_promise_of_more_texts_than_bytes_is_not_believed() {
        for promise in [
            "uniqueCount=\"10000000000000\"",
            "uniqueCount='10000000000000'",
            "count=\"1\"\n\tuniqueCount \n=\t \"00010000000000000\"",
            "uniqueCount=\"&#49;0000000000000\"",
            "uniqueCount=\"99999999999999999999999\"",
            "a=\"<x>\" uniqueCount=\"10000000000000\"",
            "a=\"<!\" uniqueCount=\"10000000000000\"",
            "uniqueCount=\"1\" uniqueCount=\"10000000000000\"",
            "uniqueCount=\"1000\"",
        ] {
            for name in ["sst", "x:sst"] {
                let strings = format!("<{name} {promise}>{TEXTS}</{name}>");
                let refused = table(&workbook(&strings, &rows())).unwrap_err();
                assert_eq!(refused, whole("file_too_complex"), "{strings}");
            }
        }
    }

    /// A few kilobytes name a text of a few kilobytes so often that it fills the memory.
    #[test]
    fn one_text_is_not_named_without_end() {
        let rows = "<row><c t=\"s\"><v>0</v></c></row>".repeat(9_000);
        let bomb = workbook(&format!("<sst><si><t>{}</t></si></sst>", "😀".repeat(2_000)), &rows);
        assert!(bomb.len() < 1 << 14, "{} bytes", bomb.len());
        assert_eq!(table(&bomb).unwrap_err(), whole("file_too_complex"));
    }

    fn bearable(text: &str, links: bool) -> bool {
        Weight::of(text.as_bytes()).unwrap().bearable(links)
    }

    #[test]
    fn looks_and_links_are_weighed_with_what_they_name() {
        let looks = |format: &str, times| format!("<numFmt a='{format}'/>{}", "<xf numFmtId=\"1\"></xf>".repeat(times));
        assert!(bearable(&looks(&"0".repeat(300), 65_000), false), "an old office's workbook");
        for long in ["0".repeat(10_000), "<>".repeat(5_000), "<x \">".repeat(2_000)] {
            assert!(!bearable(&looks(&long, 30_000), false), "{}", &long[..4]);
        }
        let link = |target: &str| format!("<Relationship Target=\"{target}\"/>");
        assert!(bearable(&link("https://example.org/l'ufficio").repeat(20_000), true));
        for long in ["x".repeat(1 << 17), "'><x>".repeat(1 << 15)] {
            assert!(!bearable(&link(&long), true));
        }
        assert!(!bearable(&"<x:sheet/>".repeat(201), false));
        let many = Weight { bytes: 1 << 25, strings: STRINGS_MAX + 1, ..Weight::default() };
        assert!(!many.bearable(false));
    }
}
