//! CSV that Italian Excel opens with a double click: `;`, decimal comma, byte order mark, CRLF.
//!
//! A text that a spreadsheet would take for a formula gets an apostrophe in front.

/// One cell.
pub enum Cell<'a> {
    /// Text, made inert.
    Text(&'a str),
    /// Euro with a decimal comma.
    Cents(i64),
    /// A whole number.
    Number(i64),
}

/// A file in the making.
pub struct Csv {
    out: String,
}

impl Csv {
    /// With its header.
    #[must_use]
    pub fn new(header: &[&str]) -> Self {
        let mut csv = Self { out: String::from('\u{feff}') };
        csv.row(&header.iter().map(|title| Cell::Text(title)).collect::<Vec<_>>());
        csv
    }

    /// Adds a row.
    pub fn row(&mut self, cells: &[Cell<'_>]) {
        for (at, cell) in cells.iter().enumerate() {
            if at > 0 {
                self.out.push(';');
            }
            match cell {
                Cell::Text(text) => self.text(text),
                Cell::Cents(cents) => {
                    let sign = if *cents < 0 { "-" } else { "" };
                    self.out.push_str(&format!("{sign}{},{:02}", cents.abs() / 100, cents.abs() % 100));
                }
                Cell::Number(number) => self.out.push_str(&number.to_string()),
            }
        }
        self.out.push_str("\r\n");
    }

    fn text(&mut self, text: &str) {
        let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
        self.out.push('"');
        if formula {
            self.out.push('\'');
        }
        self.out.push_str(&text.replace('"', "\"\""));
        self.out.push('"');
    }

    /// The file.
    #[must_use]
    pub fn finish(self) -> String {
        self.out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_what_italian_excel_expects_and_inert() {
        let mut csv = Csv::new(&["Nome", "Importo"]);
        csv.row(&[Cell::Text("=HYPERLINK(\"http://x\",\"y\")<script>"), Cell::Cents(-2050)]);
        csv.row(&[Cell::Text("Caffè; \"da Gino\""), Cell::Cents(7)]);
        let expected = "\u{feff}\"Nome\";\"Importo\"\r\n\
            \"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")<script>\";-20,50\r\n\
            \"Caffè; \"\"da Gino\"\"\";0,07\r\n";
        assert_eq!(csv.finish(), expected);
    }
}
