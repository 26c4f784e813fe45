//! An office's spreadsheet, saved as Excel saves it, does what its CSV does; a file that is none says so.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook, Worksheet};
use serde_json::{Value, json};
use tests::town::{Installation, Town, done, text};

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const TITLES: [&str; 9] =
    ["Riferimento", "Codice fiscale", "Cognome", "Nome", "Cellulare", "Componenti", "Importo", "Scadenza", "Canale"];

/// What the sheet below says, as somebody who types it.
const CSV: &str = "Riferimento;Codice fiscale;Cognome;Nome;Cellulare;Componenti;Importo;Scadenza;Canale\n\
    0042;RSSMRA85T10A562S;Rossi;Maria;3331234567;4;50,00;31/12/2030;sms\n\
    0007;;D'Addò;Niccolò;+39 333 765 4321;2;1.250,50;28/02/2031;sms\n\
    00-A;;Bianchi;Ugo;;1;99,30;;carta\n\
    0099;;Verdi;Ada;059123;3;20;31/12/2030;sms\n";

struct World {
    on: Installation,
    town: Town,
    _data: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let on = Installation::start(data.path()).await;
        let town = Town::build(&on, "Pievebassa").await;
        Self { on, town, _data: data }
    }

    async fn upload(&self, kind: &str, bytes: Vec<u8>) -> (u16, Value) {
        let path = format!("/v1/admin/beneficiaries/import?programme_id={}", self.town.programme);
        let answer = self.town.send_file(&self.on, &path, kind, bytes).await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// Why a file cannot be read.
    async fn refused(&self, bytes: Vec<u8>) -> (u16, String, String) {
        let (status, body) = self.upload(XLSX, bytes).await;
        assert_ne!(body["detail"].as_str().unwrap_or_default(), "", "it is said in words: {body}");
        (status, text(&body["code"]), body["reason"].as_str().unwrap_or_default().to_owned())
    }
}

fn day(year: u16, month: u8, day: u8) -> ExcelDateTime {
    ExcelDateTime::from_ymd(year, month, day).unwrap()
}

/// The sheet as an office keeps it: numbers are numbers, dates are dates, codes are text, sums are
/// formulas; below the last row somebody has coloured a few cells.
fn families(sheet: &mut Worksheet) {
    let (date, money) = (Format::new().set_num_format("dd/mm/yyyy"), Format::new().set_num_format("#,##0.00 \u{20ac}"));
    for (column, title) in (0..).zip(TITLES) {
        sheet.write_with_format(0, column, title, &Format::new().set_bold()).unwrap();
    }
    let texts = [
        ["0042", "RSSMRA85T10A562S", "Rossi", "Maria"],
        ["0007", "", "D'Addò", "Niccolò"],
        ["00-A", "", " Bianchi ", "Ugo"],
        ["0099", "", "Verdi", "Ada"],
    ];
    for (row, cells) in (1..).zip(texts) {
        for (column, cell) in (0..).zip(cells) {
            sheet.write(row, column, cell).unwrap();
        }
    }
    sheet.write(1, 4, 3_331_234_567_f64).unwrap();
    sheet.write(2, 4, "+39 333 765 4321").unwrap();
    sheet.write(4, 4, "059123").unwrap();
    for (row, people) in (1..).zip([4, 2, 1, 3]) {
        sheet.write(row, 5, people).unwrap();
    }
    sheet.write_with_format(1, 6, 50, &money).unwrap();
    sheet.write_with_format(2, 6, 1250.5, &money).unwrap();
    sheet.write_with_format(3, 6, Formula::new("=33.1*3").set_result("99.30000000000001"), &money).unwrap();
    sheet.write(4, 6, "20").unwrap();
    for (row, at) in [(1, day(2030, 12, 31)), (2, day(2031, 2, 28)), (4, day(2030, 12, 31))] {
        sheet.write_with_format(row, 7, at, &date).unwrap();
    }
    for (row, channel) in (1..).zip(["sms", "SMS", "carta", "sms"]) {
        sheet.write(row, 8, channel).unwrap();
    }
    sheet.write_blank(5, 0, &Format::new().set_bold()).unwrap();
    sheet.write(5, 6, "  ").unwrap();
    sheet.write_blank(900, 200, &Format::new().set_bold()).unwrap();
}

fn book(fill: impl Fn(&mut Worksheet)) -> Vec<u8> {
    let mut book = Workbook::new();
    fill(book.add_worksheet().set_name("Famiglie").unwrap());
    book.add_worksheet().set_name("Appunti").unwrap().write(0, 0, "da non leggere").unwrap();
    book.save_to_buffer().unwrap()
}

/// What everybody sees of a voucher but what is new each time.
async fn vouchers(world: &World) -> Vec<Value> {
    let list = world.on.get(&world.town.clerk, "/v1/admin/vouchers?limit=500").await;
    let new =
        list["items"].as_array().unwrap().iter().filter(|item| item["reference"].as_str().unwrap().starts_with('0'));
    let shown = |item: &Value| {
        json!([item["reference"], item["balance_cents"], item["expires_at"], item["channel"], item["initials"]])
    };
    new.map(shown).collect()
}

#[tokio::test]
async fn a_spreadsheet_does_what_its_csv_does() {
    let world = World::new().await;
    let (status, mut typed) = world.upload("text/csv", CSV.into()).await;
    assert_eq!(status, 201);
    let (status, mut saved) = world.upload(XLSX, book(families)).await;
    assert_eq!(status, 201, "{saved}");
    let import = text(&saved["import_id"]);
    for answer in [&mut typed, &mut saved] {
        answer["import_id"] = Value::Null;
    }
    assert_eq!(saved, typed);
    let report = &saved["report"];
    assert_eq!([&report["rows"], &report["new"], &report["wrong"]], [4, 3, 1], "{report}");
    assert_eq!(report["problems"][0]["row"], 5, "as the spreadsheet counts: {report}");
    assert_eq!(report["amount_cents"], 5_000 + 125_050 + 9_930);
    world.town.apply(&world.on, &import).await;
    let expected = [
        json!(["0042", 5_000, "2030-12-31T22:59:59Z", "sms", "M.R."]),
        json!(["0007", 125_050, "2031-02-28T22:59:59Z", "sms", "N.D."]),
        json!(["00-A", 9_930, "2099-12-31T22:59:59Z", "paper", "U.B."]),
    ];
    let mut made = vouchers(&world).await;
    made.sort_by_key(|voucher| expected.iter().position(|known| known[0] == voucher[0]));
    assert_eq!(made, expected);
    // the same families again, whichever way they come
    for (kind, bytes) in [("text/csv", CSV.into()), (XLSX, book(families))] {
        let again = world.upload(kind, bytes).await.1;
        assert_eq!([&again["report"]["new"], &again["report"]["already_there"]], [0, 3], "{again}");
        world.town.apply(&world.on, &text(&again["import_id"])).await;
    }
    assert_eq!(vouchers(&world).await.len(), 3);
}

/// What a look-up in another sheet did not find is not the same as nothing.
#[tokio::test]
async fn a_formula_that_failed_is_a_problem_of_its_row() {
    let world = World::new().await;
    let failed = book(|sheet| {
        families(sheet);
        for (row, column) in [(1, 1), (2, 7), (3, 8)] {
            sheet.write(row, column, Formula::new("=VLOOKUP(A1,B1:B2,1)").set_result("#N/A")).unwrap();
        }
    });
    let (status, told) = world.upload(XLSX, failed).await;
    assert_eq!(status, 201, "{told}");
    let problems = told["report"]["problems"].as_array().unwrap();
    let said: Vec<_> = problems.iter().map(|one| (one["row"].as_u64().unwrap(), text(&one["field"]))).collect();
    let wrong = [(2, "codice_fiscale"), (3, "scadenza"), (4, "canale"), (5, "cellulare")];
    assert_eq!(said, wrong.map(|(row, field)| (row, field.to_owned())), "{told}");
}

#[tokio::test]
async fn a_file_that_is_no_spreadsheet_says_so() {
    let world = World::new().await;
    let unreadable = |reason: &str| (422, "file_unreadable".to_owned(), reason.to_owned());
    let good = book(families);
    for cut in [4, 60, good.len() / 2, good.len() - 30] {
        assert_eq!(world.refused(good[..cut].to_vec()).await, unreadable("file_unreadable"), "{cut} bytes");
    }
    let mut damaged = good.clone();
    damaged[good.len() / 3] ^= 0xff;
    assert_eq!(world.refused(damaged).await, unreadable("file_unreadable"));
    assert_eq!(world.refused(book(|_| {})).await, unreadable("file_empty"));
    let titles_alone = book(|sheet| {
        sheet.write_row(0, 0, TITLES).unwrap();
    });
    assert_eq!(world.refused(titles_alone).await, unreadable("file_empty"));
    let numbers = |rows: u32, columns: u16| {
        book(move |sheet| {
            for (row, column) in (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column))) {
                sheet.write(row, column, 1).unwrap();
            }
        })
    };
    assert_eq!(world.refused(numbers(50_002, 1)).await, unreadable("too_many_rows"));
    assert_eq!(world.refused(numbers(2, 65)).await, unreadable("too_many_columns"));
    let corners = book(|sheet| {
        sheet.write(0, 0, "Riferimento").unwrap();
        sheet.write(1_048_575, 16_383, 1).unwrap();
    });
    assert_eq!(world.refused(corners).await, unreadable("too_many_columns"), "the memory of all that lies between");
    // larger than any upload may be
    let large = [good, vec![0; 8 << 20]].concat();
    assert_eq!(world.refused(large).await, (413, "payload_too_large".to_owned(), String::new()));
    // and after all of that the server is well
    let listed = world.on.request(&world.town.clerk, reqwest::Method::GET, "/v1/admin/imports?limit=500");
    let listed = done(listed.send().await).await;
    assert_eq!(listed["items"].as_array().unwrap().len(), 2, "nothing unreadable was kept");
}
