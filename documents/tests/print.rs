//! Every document in every language: it is accessible and can be archived, or Typst would not have made it; and it
//! says what it was given.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use documents::{Claim, Form, Operation, Operations, PrintError, Printer, Sheet, Sheets, Shop, Total, Words};

const LANGUAGES: [&str; 8] = ["it", "en", "fr", "es", "ro", "ar", "uk", "sq"];
const QR: &str = r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 2 2"><path d="M0 0h1v1H0z"/></svg>"#;

/// Each word is its own key, so that it is found again.
fn words() -> Words {
    let templates = ["common", "sheets", "card", "operations", "claim"];
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/templates");
    let texts = templates.map(|name| std::fs::read_to_string(format!("{folder}/{name}.typ")).unwrap()).concat();
    let keys = texts.split('"').filter(|word| word.starts_with("paper-")).map(|key| (key.to_owned(), key.to_owned()));
    keys.collect()
}

fn sheet(recipient: &[&str]) -> Sheet {
    Sheet {
        municipality: "Comune di Sant'Ilario".to_owned(),
        programme: "Buoni spesa 2026".to_owned(),
        recipient: recipient.iter().map(|&line| line.to_owned()).collect(),
        balance: "29,50\u{a0}€".to_owned(),
        balance_at: "Saldo al 25/11/2026, 22:30".to_owned(),
        until: "Fino al 31/12/2026".to_owned(),
        warning: Some("Questo buono è bloccato".to_owned()),
        qr: QR.to_owned(),
        code: "ABCD-EFGH-JKMN".to_owned(),
        shops: (0..60).map(|n| shop(&format!("Bottega {n} #[\"*_$"))).collect(),
        rules: "Niente alcolici. Ăâîșț Ëç Їжак خبز".to_owned(),
        contacts: vec!["0522 000 000".to_owned()],
    }
}

fn shop(name: &str) -> Shop {
    Shop { name: name.to_owned(), category: "Alimentari".to_owned(), address: "Via Roma 1, Sant'Ilario".to_owned() }
}

fn total(of: &str) -> Total {
    Total { of: of.to_owned(), count: 3, amount: "1.234,50\u{a0}€".to_owned() }
}

fn claim(iban: Option<&str>) -> Claim {
    Claim {
        number: "2026/17".to_owned(),
        sealed_at: "25/11/2026".to_owned(),
        period: "1/11/2026 – 24/11/2026".to_owned(),
        shop: vec!["Bottega".to_owned(), "P. IVA 01234567890".to_owned()],
        municipality: vec!["Comune di Sant'Ilario".to_owned()],
        iban: iban.map(str::to_owned),
        days: vec![total("24/11/2026")],
        total: "1.234,50\u{a0}€".to_owned(),
        note: "Fuori campo IVA".to_owned(),
        seal: "9f3a77c01b2e".to_owned(),
    }
}

fn operations(count: usize) -> Operations {
    let line = |n: usize| Operation {
        at: "24/11/2026 10:05".to_owned(),
        receipt_code: format!("9F3A-{n:08}"),
        kind: "Pagamento".to_owned(),
        till: "Cassa 1".to_owned(),
        staff: if n == 0 { "Giulia".to_owned() } else { String::new() },
        amount: "20,50\u{a0}€".to_owned(),
    };
    Operations {
        shop: vec!["Bottega".to_owned()],
        period: "24/11/2026".to_owned(),
        only: None,
        made_at: "25/11/2026, 22:30".to_owned(),
        operations: (0..count).map(line).collect(),
        days: vec![total("24/11/2026")],
        tills: vec![total("Cassa 1")],
        staff: Vec::new(),
        total: "1.234,50\u{a0}€".to_owned(),
    }
}

/// The pages and what they say, spaces left out: where a line breaks is the typesetter's.
fn read<T: Form>(printer: &Printer, form: &T, lang: &str) -> (usize, String) {
    let printed = printer.print(form, lang, &words(), 1_764_110_000_000_000).unwrap();
    if let Some(folder) = std::env::var_os("BUONO_PRINTED") {
        let name = format!("{}-{lang}.pdf", T::TEMPLATE);
        std::fs::write(std::path::Path::new(&folder).join(name), &printed).unwrap();
    }
    let pdf = lopdf::Document::load_mem(&printed).unwrap();
    let pages: Vec<u32> = pdf.get_pages().into_keys().collect();
    let catalog = pdf.catalog().unwrap();
    assert_eq!(catalog.get(b"Lang").unwrap().as_str().unwrap(), lang.as_bytes());
    assert!(catalog.get(b"StructTreeRoot").is_ok(), "nothing for a screen reader");
    let text = pdf.extract_text(&pages).unwrap();
    (pages.len(), text.split_whitespace().collect())
}

#[test]
fn a_voucher_on_paper_says_what_it_is_worth_in_every_language() {
    let printer = Printer::new().unwrap();
    for lang in LANGUAGES {
        let both = Sheets { sheets: vec![sheet(&["Rossi Anna", "Via Po 3"]), sheet(&[])] };
        let (pages, text) = read(&printer, &both, lang);
        assert!(pages >= 2, "{pages}");
        for said in ["29,50€", "ABCD-EFGH-JKMN", "RossiAnna", "Bottega59#[\"*_$", "paper-voucher"] {
            assert!(text.contains(said), "{lang}: no {said} in {text}");
        }
        let (pages, text) = read(&printer, &sheet(&[]), lang);
        assert!(pages == 1 && text.contains("ABCD-EFGH-JKMN"), "{lang}: {text}");
    }
}

#[test]
fn every_family_begins_on_a_sheet_of_its_own_also_where_both_sides_are_printed() {
    let long = |pages: usize| Sheet { rules: "Niente alcolici.\n\n".repeat(60 * pages), ..sheet(&[]) };
    let named = |name: &str, of: Sheet| Sheet { recipient: vec![name.to_owned()], ..of };
    let short = Sheet { shops: Vec::new(), ..sheet(&[]) };
    let families = [("Uno", short.clone()), ("Due", long(1)), ("Tre", long(2)), ("Quattro", short)];
    let sheets = Sheets { sheets: families.map(|(name, of)| named(name, of)).into() };
    let printed = Printer::new().unwrap().print(&sheets, "it", &words(), 0).unwrap();
    let pdf = lopdf::Document::load_mem(&printed).unwrap();
    let said: Vec<String> = pdf.get_pages().into_keys().map(|page| pdf.extract_text(&[page]).unwrap()).collect();
    let begins = ["Uno", "Due", "Tre", "Quattro"].map(|name| said.iter().position(|page| page.contains(name)).unwrap());
    assert!(begins.iter().all(|page| page % 2 == 0), "{begins:?}, the first page being 0");
    let lengths: Vec<_> = begins.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(lengths.contains(&2) && lengths.contains(&4), "of different lengths: {begins:?}");
    assert!(said.iter().any(|page| page.trim().is_empty()), "some back is empty");
}

#[test]
fn a_shops_list_is_whole_however_long_it_is() {
    let printer = Printer::new().unwrap();
    let (pages, text) = read(&printer, &operations(500), "it");
    assert!(pages > 5 && text.contains("9F3A-00000000") && text.contains("9F3A-00000499"), "{pages}");
    assert!(!text.contains("Giulia") && !text.contains("paper-staff"), "nobody says who was there");
    let named = Operations { staff: vec![total("Giulia"), total("")], ..operations(2) };
    let (_, text) = read(&printer, &named, "it");
    assert!(text.contains("paper-by-staff") && text.matches("Giulia").count() == 2, "{text}");
    assert!(read(&printer, &operations(0), "en").1.contains("paper-nothing"));
    // whose alone it is stands above the total, whatever they are called and however little they took
    let whole = read(&printer, &operations(2), "it").1;
    assert!(!whole.contains("Solo"), "{whole}");
    for count in [0, 2] {
        let narrowed = Operations { only: Some("Solo cassa: #[\"1\"] *_$".to_owned()), ..operations(count) };
        let (_, text) = read(&printer, &narrowed, "it");
        let place = text.find("Solocassa:#[\"1\"]*_$").unwrap_or_else(|| panic!("not said in {text}"));
        assert!(place < text.find("paper-total").unwrap(), "{text}");
    }
}

#[test]
fn a_claim_says_who_asks_whom_for_how_much() {
    let printer = Printer::new().unwrap();
    let (_, text) = read(&printer, &claim(Some("IT60X0542811101000000123456")), "it");
    for said in ["2026/17", "1.234,50€", "IT60X0542811101000000123456", "P.IVA01234567890", "9f3a77c01b2e"] {
        assert!(text.contains(said), "no {said} in {text}");
    }
    assert!(read(&printer, &claim(None), "en").1.contains("paper-no-iban"));
}

#[test]
fn a_missing_word_is_a_named_defect() {
    let error = Printer::new().unwrap().print(&claim(None), "it", &Words::new(), 0).unwrap_err();
    assert!(matches!(&error, PrintError::Template(why) if why.contains("paper-")), "{error}");
}
