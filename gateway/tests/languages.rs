//! What citizens read is there in every language: neither less nor more, with the same values in it.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use gateway::texts::{Lang, Texts, day, euro};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use workers::sms::segments;

/// Templates of pages that citizens see.
const TEMPLATES: [&str; 11] = [
    "base.html",
    "home.html",
    "accessibility.html",
    "door.html",
    "trouble.html",
    "voucher/page.html",
    "voucher/balance.html",
    "voucher/code.html",
    "voucher/movements.html",
    "../../documents/templates/sheets.typ",
    "../../documents/templates/card.typ",
];
/// Code that words something for citizens.
const CODE: [&str; 5] = ["pages/answer.rs", "pages/words.rs", "pages/voucher.rs", "paper/sheet.rs", "messages.rs"];
/// Problems that calls of a citizen's page end with, but for what is ours to mend.
const PROBLEMS: [&str; 9] = [
    "bad-request",
    "unauthorized",
    "voucher-not-found",
    "voucher-expired",
    "voucher-closed",
    "voucher-reissued",
    "pin-required",
    "pin-wrong",
    "too-many-requests",
];
/// What moves money, as a voucher's page lists it.
const KINDS: [&str; 7] = ["issue", "top-up", "redemption", "capture", "reversal", "expire", "close"];
const STATUSES: [&str; 7] = ["active", "blocked", "expired", "closed", "not-yet-valid", "reissued", "suspended"];
const MESSAGES: [&str; 4] = ["voucher-link", "voucher-link-pin", "purchase", "reversal"];

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// The messages of a language, by key.
fn catalogue(lang: Lang) -> BTreeMap<String, String> {
    let mut messages: BTreeMap<String, String> = BTreeMap::new();
    let mut last = None;
    for line in read(&format!("locales/{}.ftl", lang.tag())).lines() {
        match line.split_once(" =") {
            Some((key, text)) if key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') => {
                assert!(messages.insert(key.to_owned(), text.to_owned()).is_none(), "{lang:?}: {key} twice");
                last = Some(key.to_owned());
            }
            _ if line.starts_with([' ', '}']) => messages.get_mut(last.as_ref().unwrap()).unwrap().push_str(line),
            _ => {}
        }
    }
    messages
}

/// Every key that something for citizens uses.
fn read_by_citizens() -> BTreeSet<String> {
    let family = |prefix: &str, names: &[&str]| names.iter().map(|name| format!("{prefix}{name}")).collect::<Vec<_>>();
    let problems = family("problem-", &PROBLEMS);
    let parts = problems.iter().flat_map(|key| [format!("{key}-title"), format!("{key}-detail")]);
    let mut keys: BTreeSet<String> = parts.collect();
    keys.extend(family("kind-", &KINDS));
    keys.extend(family("status-", &STATUSES));
    keys.extend(family("sms-", &MESSAGES));
    let known = catalogue(Lang::It);
    let templates = TEMPLATES.map(|name| format!("templates/{name}"));
    let code = CODE.map(|name| format!("src/{name}"));
    for path in templates.iter().chain(&code) {
        keys.extend(read(path).split('"').filter(|text| known.contains_key(*text)).map(str::to_owned));
    }
    keys
}

/// The values that a text has places for.
fn values(text: &str) -> BTreeSet<&str> {
    let names = text.split("{ $").skip(1).map(|rest| rest.split([' ', '}']).next().unwrap());
    names.collect()
}

#[test]
fn each_language_has_what_citizens_read_and_nothing_else() {
    let (keys, whole) = (read_by_citizens(), [catalogue(Lang::It), catalogue(Lang::En)]);
    assert!(keys.len() > 100, "only {} keys found", keys.len());
    for lang in Lang::ALL.into_iter().filter(|lang| !Lang::WHOLE.contains(lang)) {
        let own = catalogue(lang);
        assert_eq!(own.keys().cloned().collect::<BTreeSet<_>>(), keys, "{lang:?}");
        for (key, text) in &own {
            assert_eq!(values(text), values(&whole[0][key]), "{lang:?}: {key}");
            let copied = whole.iter().any(|other| other[key] == *text);
            let words = text.split_whitespace().filter(|word| word.chars().all(char::is_alphabetic)).count();
            assert!(!copied || words < 3, "{lang:?}: {key} is not translated");
        }
        assert!(read(&format!("locales/{}.ftl", lang.tag())).contains("not checked by a native speaker"), "{lang:?}");
    }
}

#[test]
fn no_text_shows_the_bones_of_the_catalogue() {
    let texts = Texts::default();
    let (keys, italian) = (read_by_citizens(), catalogue(Lang::It));
    for (lang, key) in Lang::ALL.into_iter().flat_map(|lang| keys.iter().map(move |key| (lang, key))) {
        let given: Vec<_> = values(&italian[key]).into_iter().map(|name| (name, 3.into())).collect();
        let text = texts.get(lang, key, &given);
        assert!(!text.contains(['{', '}', '$']) && text != *key, "{lang:?}: {key} is {text}");
    }
}

/// What a message costs a municipality: one SMS for a purchase wherever the alphabet allows it.
#[test]
fn messages_are_short_in_every_language() {
    let texts = Texts::default();
    for lang in Lang::ALL {
        let values = [
            ("municipality", "Comune di Borgo San Rocco".into()),
            ("amount", euro(lang, 50_000).into()),
            ("balance", euro(lang, 45_000).into()),
            ("threshold", euro(lang, 2_000).into()),
            ("shop", "Alimentari e Gastronomia Forlì".into()),
            ("expires", day(lang, 1_830_000_000_000_000).into()),
            ("pin", "12345".into()),
            ("link", format!("https://buoni.comune.example.it/v#{}", "7".repeat(26)).into()),
        ];
        // letters outside the GSM alphabet leave 67 to a part instead of 153
        let wide = matches!(lang, Lang::Ar | Lang::Uk);
        let most = if wide { [3, 4, 2, 2] } else { [2, 2, 1, 1] };
        for (name, most) in MESSAGES.iter().zip(most) {
            let text = texts.get(lang, &format!("sms-{name}"), &values);
            assert!(segments(&text) <= most, "{lang:?}: {} SMS: {text}", segments(&text));
        }
    }
}
