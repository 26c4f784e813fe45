//! From bytes to a table of texts, within limits.

use super::RowProblem;
use super::archive::measure;
use calamine::{Data, Reader, Xlsx};
use std::collections::BTreeMap;
use std::io::Cursor;

/// Rows of one upload.
pub const ROWS_MAX: usize = 50_000;
/// Columns of one upload.
pub(super) const COLUMNS_MAX: usize = 64;
/// Characters of one cell.
const CELL_MAX: usize = 2_000;
/// What an XLSX may inflate to, and what its cells may say together, in bytes.
pub(super) const INFLATED_MAX: u64 = 64 << 20;

/// Cells by row, each row with its number.
type Rows = Vec<(usize, Vec<String>)>;

/// Header and rows, each row with its number as the spreadsheet counts.
#[derive(Debug)]
pub struct Table {
    /// The titles of the columns.
    pub header: Vec<String>,
    /// The rows that are not empty.
    pub rows: Vec<(usize, Vec<String>)>,
    /// What somebody should look at before any column is.
    pub warnings: Vec<RowProblem>,
}

pub(super) fn whole(code: &str) -> RowProblem {
    RowProblem::new(0, "", code)
}

/// Reads CSV or XLSX, whichever it is.
///
/// # Errors
/// One problem that concerns the file as a whole.
pub fn table(bytes: &[u8]) -> Result<Table, RowProblem> {
    let mut warnings = Vec::new();
    let rows = if bytes.starts_with(b"PK\x03\x04") { xlsx(bytes)? } else { csv(bytes, &mut warnings)? };
    let mut rows = rows.into_iter().filter(|(_, cells)| cells.iter().any(|cell| !cell.trim().is_empty()));
    let (_, header) = rows.next().ok_or_else(|| whole("file_empty"))?;
    let rows: Vec<_> = rows.collect();
    if rows.is_empty() { Err(whole("file_empty")) } else { Ok(Table { header, rows, warnings }) }
}

fn cell(row: usize, text: &str) -> Result<String, RowProblem> {
    if text.chars().count() > CELL_MAX {
        return Err(RowProblem::new(row, "", "cell_too_long"));
    }
    if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        return Err(RowProblem::new(row, "", "control_character"));
    }
    Ok(text.trim().to_owned())
}

/// UTF-8, with or without a byte order mark, or whatever an old spreadsheet wrote.
fn text(bytes: &[u8]) -> String {
    if let Some(rest) = bytes.strip_prefix(b"\xef\xbb\xbf") {
        return String::from_utf8_lossy(rest).into_owned();
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") => {
            let encoding = if bytes[0] == 0xff { encoding_rs::UTF_16LE } else { encoding_rs::UTF_16BE };
            encoding.decode(bytes).0.into_owned()
        }
        Err(_) => {
            let mut detector = chardetng::EncodingDetector::new(chardetng::Iso2022JpDetection::Deny);
            detector.feed(bytes, true);
            let guess = detector.guess(None, chardetng::Utf8Detection::Deny);
            let western = guess.is_single_byte();
            let encoding = if western { encoding_rs::WINDOWS_1252 } else { guess };
            encoding.decode(bytes).0.into_owned()
        }
    }
}

/// However they end: an old Macintosh wrote no `\n`.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split(['\r', '\n'])
}

/// How many blank lines stand here, which the reader passes over and a spreadsheet counts.
fn blank_lines(text: &str, from: usize) -> usize {
    // it may stand between the two halves of an end
    let from = if text[..from].ends_with('\r') && text[from..].starts_with('\n') { from + 1 } else { from };
    let ends = text[from..].bytes().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    let ends = &text[from..from + ends];
    ends.len() - ends.matches("\r\n").count()
}

/// The separator that the first line has most of.
fn separator(text: &str) -> u8 {
    let first = lines(text).find(|line| !line.trim().is_empty()).unwrap_or_default();
    let count = |separator: char| first.chars().filter(|c| *c == separator).count();
    [';', '\t', ','].into_iter().max_by_key(|c| (count(*c), *c == ';')).unwrap_or(';') as u8
}

/// Where the reader is within a cell of a CSV.
#[derive(Clone, Copy, PartialEq)]
enum Within {
    Start,
    Plain,
    Quoted,
    /// After the quote that closes, unless another one follows.
    Closed,
}

/// Where the first record begins whose quotes cannot be meant so: one stays open to the end of the file, or meets that
/// of a later line and closes right before text. The reader would say nothing, and the rows between were gone.
fn quote_open(text: &str, separator: u8) -> Option<usize> {
    let (mut within, mut begun, mut lines) = (Within::Start, 0, false);
    for (at, byte) in text.bytes().enumerate() {
        let end = matches!(byte, b'\r' | b'\n');
        within = match (within, byte) {
            (Within::Start, b'"') => {
                lines = false;
                Within::Quoted
            }
            (Within::Closed, b'"') => Within::Quoted,
            (Within::Closed, b' ') => Within::Closed,
            (Within::Quoted, b'"') => Within::Closed,
            (Within::Quoted, _) => {
                lines |= end;
                Within::Quoted
            }
            _ if end => {
                begun = at + 1;
                Within::Start
            }
            _ if byte == separator => Within::Start,
            (Within::Closed, _) if lines => return Some(begun),
            _ => Within::Plain,
        };
    }
    (within == Within::Quoted).then_some(begun)
}

/// Whether a cell looks like several rows, which a quote too few makes of them; an address in lines has no separator.
fn several_lines(text: &str, separator: u8) -> bool {
    text.contains(['\r', '\n']) && text.contains(char::from(separator))
}

fn csv(bytes: &[u8], warnings: &mut Vec<RowProblem>) -> Result<Rows, RowProblem> {
    if bytes.contains(&0) && !bytes.starts_with(b"\xff\xfe") && !bytes.starts_with(b"\xfe\xff") {
        return Err(whole("file_unreadable"));
    }
    let text = text(bytes);
    let separator = separator(&text);
    // counted before anything is split, so that a million columns cost nothing
    let longest = lines(&text).map(|line| line.bytes().filter(|byte| *byte == separator).count()).max();
    if longest.unwrap_or(0) > COLUMNS_MAX * 8 {
        return Err(whole("too_many_columns"));
    }
    let mut reader =
        csv::ReaderBuilder::new().delimiter(separator).has_headers(false).flexible(true).from_reader(text.as_bytes());
    let open = quote_open(&text, separator);
    let (mut rows, mut blank) = (Vec::new(), 0);
    for (at, record) in reader.records().enumerate() {
        let record = record.map_err(|_| RowProblem::new(at + 1 + blank, "", "file_unreadable"))?;
        let start = record.position().and_then(|position| usize::try_from(position.byte()).ok());
        blank += start.map_or(0, |start| blank_lines(&text, start));
        // no two rows have one number: a family's voucher is known by it
        let row = at + 1 + blank;
        // blank lines stand before the record
        let begun = start.map(|start| text.len() - text[start..].trim_start_matches(['\r', '\n']).len());
        if open.is_some() && open == begun {
            return Err(RowProblem::new(row, "", "quote_open"));
        }
        if record.len() > COLUMNS_MAX {
            return Err(RowProblem::new(row, "", "too_many_columns"));
        }
        if at > ROWS_MAX {
            return Err(whole("too_many_rows"));
        }
        let cells = record.iter().map(|text| cell(row, text)).collect::<Result<Vec<_>, _>>()?;
        if cells.iter().any(|text| several_lines(text, separator)) {
            warnings.push(RowProblem::new(row, "", "several_lines"));
        }
        rows.push((row, cells));
    }
    Ok(rows)
}

/// What the library trips over is a file that cannot be read: some sheets make it panic.
fn xlsx(bytes: &[u8]) -> Result<Rows, RowProblem> {
    measure(bytes)?;
    std::panic::catch_unwind(|| first_sheet(bytes)).unwrap_or_else(|_| Err(whole("file_unreadable")))
}

/// Cell by cell, within the limits: a table made of the whole sheet would be as large as the distance
/// between its first cell and its last.
fn first_sheet(bytes: &[u8]) -> Result<Rows, RowProblem> {
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(|_| whole("file_unreadable"))?;
    let first = book.sheet_names().into_iter().next().ok_or_else(|| whole("file_empty"))?;
    let mut reader = book.worksheet_cells_reader(&first).map_err(|_| whole("file_unreadable"))?;
    let mut rows: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    let mut left = INFLATED_MAX;
    while let Some(found) = reader.next_cell().map_err(|_| whole("file_unreadable"))? {
        let (row, column) = (found.get_position().0 as usize + 1, found.get_position().1 as usize);
        let text = cell(row, &shown(&found.get_value().clone().into()))?;
        // formats reach farther than what was typed
        if text.is_empty() {
            continue;
        }
        // one text may be that of every cell
        left = left.checked_sub(text.len() as u64).ok_or_else(|| whole("file_too_complex"))?;
        if column >= COLUMNS_MAX {
            return Err(RowProblem::new(row, "", "too_many_columns"));
        }
        let cells = rows.entry(row).or_default();
        cells.resize(cells.len().max(column + 1), String::new());
        cells[column] = text;
        if rows.len() > ROWS_MAX + 1 {
            return Err(whole("too_many_rows"));
        }
    }
    Ok(rows.into_iter().collect())
}

/// A cell as a person would have typed it into a CSV.
fn shown(data: &Data) -> String {
    match data {
        Data::Empty => String::new(),
        // as its CSV says it: no column takes `#N/A` for nothing
        Data::Error(error) => error.to_string(),
        // the day's number, which dates are read from as well
        Data::DateTime(at) => format!("{:.0}", at.as_f64().floor()),
        Data::DateTimeIso(at) => at.split('T').next().unwrap_or_default().to_owned(),
        Data::Float(number) if number.fract() == 0.0 && number.abs() < 1e15 => {
            format!("{number:.0}")
        }
        // the fifteen digits that the spreadsheet shows: 99.3, not the 99.30000000000001 of its formula
        Data::Float(number) => format!("{number:.14e}").parse::<f64>().unwrap_or(*number).to_string(),
        other => other.to_string(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::io::Write;
    use zip::write::SimpleFileOptions;

    #[test]
    fn reads_what_italian_offices_send() {
        let utf8 = "Nome;Importo\r\nNicolò;50,00\r\n;\r\n\"Caffè; \"\"da Gino\"\"\";7\r\n";
        let windows = encoding_rs::WINDOWS_1252.encode(utf8).0.into_owned();
        let bom = [b"\xef\xbb\xbf", utf8.as_bytes()].concat();
        let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain(utf8.encode_utf16().flat_map(u16::to_le_bytes)).collect();
        for bytes in [utf8.as_bytes().to_vec(), windows, bom, utf16] {
            let table = table(&bytes).unwrap();
            assert_eq!(table.header, ["Nome", "Importo"]);
            assert_eq!(table.rows[0], (2, vec!["Nicolò".to_owned(), "50,00".to_owned()]));
            assert_eq!(table.rows[1], (4, vec!["Caffè; \"da Gino\"".to_owned(), "7".to_owned()]));
        }
    }

    #[test]
    fn rows_are_numbered_as_the_spreadsheet_does() {
        for end in ["\n", "\r\n", "\r"] {
            let text = ["", "Nome;Importo", "", "\"a", "b\";1", "", "", "c;2", "d;3"].join(end);
            let rows = table(text.as_bytes()).unwrap().rows;
            let told: Vec<_> = rows.iter().map(|(row, cells)| (*row, cells[1].as_str())).collect();
            assert_eq!(told, [(4, "1"), (7, "2"), (8, "3")], "{end:?}");
        }
        // a quote within a cell opens nothing
        let text = "a;b\n\n\nA1;1\nA2;\"x\" y\nA3;scala \"B\n\nA4;4\n";
        let rows = table(text.as_bytes()).unwrap().rows;
        let told: Vec<_> = rows.iter().map(|(row, cells)| (*row, cells[0].as_str())).collect();
        assert_eq!(told, [(4, "A1"), (5, "A2"), (6, "A3"), (8, "A4")]);
        let old = format!("a;b;c\r{}", "1;2;3\r".repeat(1_000));
        assert_eq!(table(old.as_bytes()).unwrap().rows.len(), 1_000, "no line is as wide as the file");
    }

    /// The rows after it would be gone without a word.
    #[test]
    fn a_quote_that_is_not_closed_is_said() {
        for end in ["\n", "\r\n", "\r"] {
            for (lines, row) in [
                (vec!["a;b", "", "1;\"due", "3;4", "5;6"], 3),
                (vec!["a;b", "1;2", "\"3;4"], 3),
                (vec!["a;b", "1;\"due\"\"", "3;4", ""], 2),
                (vec!["a;b", "1;\"x\"", "3;\"quattro", "5;6", "7;\"otto\"", "9;0"], 3),
                (vec!["a;b", "1;2", "3;\"quattro", "5;6;\" 7", "9;0"], 3),
            ] {
                let found = table(lines.join(end).as_bytes()).unwrap_err();
                assert_eq!(found, RowProblem::new(row, "", "quote_open"), "{lines:?} {end:?}");
            }
        }
        let swallowed = format!("a;b\n1;\"due\n{}", "3;4\n".repeat(10_000));
        assert_eq!(table(swallowed.as_bytes()).unwrap_err(), RowProblem::new(2, "", "quote_open"));
        // a blank before the separator opens nothing
        assert_eq!(table(b"a;b\n\"1\n1\" ;2\n").unwrap().rows.len(), 1);
        // what is no cell's first character is a character
        assert_eq!(table(b"a;b\n1;scala \"B\n2;3\n").unwrap().rows.len(), 2);
    }

    #[test]
    fn a_cell_in_lines_is_read_and_asked_about_where_it_looks_like_rows() {
        let text = "a;b\n\"Via Roma 1\nscala \"\"B\"\"\";\"citofono; interno 3\"\n\"1;2\n3;\";4\n5;6\n";
        let table = table(text.as_bytes()).unwrap();
        let cells = ["Via Roma 1\nscala \"B\"", "citofono; interno 3", "1;2\n3;", "4", "5", "6"];
        assert_eq!(table.rows.iter().flat_map(|(_, cells)| cells).collect::<Vec<_>>(), cells);
        assert_eq!(table.warnings, [RowProblem::new(3, "", "several_lines")]);
    }

    #[test]
    fn what_is_too_much_is_said_early() {
        let wide = format!("{}\n1\n", ";".repeat(1_000_000));
        assert_eq!(table(wide.as_bytes()).unwrap_err().code, "too_many_columns");
        let long = format!("a;b\n{};1\n", "x".repeat(3_000));
        assert_eq!(table(long.as_bytes()).unwrap_err(), RowProblem::new(2, "", "cell_too_long"));
        let many = format!("a\n{}", "1\n".repeat(ROWS_MAX + 1));
        assert_eq!(table(many.as_bytes()).unwrap_err().code, "too_many_rows");
        for empty in ["", "a;b", "\n\n", ";;;\n;;\n"] {
            assert_eq!(table(empty.as_bytes()).unwrap_err().code, "file_empty", "{empty:?}");
        }
        assert_eq!(table(b"a;b\n1;\x00").unwrap_err().code, "file_unreadable");
        assert_eq!(table(b"PK\x03\x04 not a zip").unwrap_err().code, "file_unreadable");
    }

    #[test]
    fn a_bomb_does_not_go_off() {
        let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
        archive.start_file("xl/worksheets/sheet1.xml", SimpleFileOptions::default()).unwrap();
        let zeros = vec![b' '; 1 << 20];
        for _ in 0..80 {
            archive.write_all(&zeros).unwrap();
        }
        let bomb = archive.finish().unwrap().into_inner();
        assert!(bomb.len() < 1 << 20);
        assert_eq!(table(&bomb).unwrap_err().code, "file_too_complex");
    }
}
