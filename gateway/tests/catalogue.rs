//! Everything that people read on pages comes from the catalogue, and everything in it is read.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use domain::voucher::Kind;
use gateway::problem::TABLE;
use gateway::wire::kind_name;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Keys that begin so are written out wherever they are used, and nothing else looks like them.
const WRITTEN_OUT: [&str; 9] =
    ["site-", "home-", "accessibility-", "trouble-", "door-", "page-", "till-", "console-", "paper-"];

/// Names of the web's own standards, which are the same in every language, and of our own styles.
const STANDARD: [&str; 19] = [
    "Content-Type",
    "Accept-Language",
    "Idempotency-Key",
    "Bearer ",
    "Europe/Rome",
    "Backspace",
    "Enter",
    "Escape",
    "Tab",
    "AbortController",
    "AudioContext",
    "BroadcastChannel",
    "NotAllowedError",
    "NotFoundError",
    "PluralRules",
    "InvalidStateError",
    "UnknownError",
    "row fields",
    "rules answer",
];

/// Attributes that people see or hear.
const HUMAN: [&str; 5] = ["alt", "title", "placeholder", "aria-label", "aria-description"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn files(folder: &str, extension: &str) -> Vec<(PathBuf, String)> {
    let (mut found, mut open) = (Vec::new(), vec![root().join(folder)]);
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                found.push((path.clone(), fs::read_to_string(&path).unwrap()));
            }
        }
    }
    assert!(!found.is_empty(), "no {extension} in {folder}");
    found
}

fn catalogue() -> BTreeSet<String> {
    let source = fs::read_to_string(root().join("gateway/locales/it.ftl")).unwrap();
    let keys = source.lines().filter_map(|line| line.split_once(" =")).map(|(key, _)| key.to_owned());
    keys.filter(|key| key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')).collect()
}

/// The string literals of Rust, TypeScript or a template; of a template literal the parts between
/// its values, each on its own. Comments that begin a line, or follow code and a space, are left out.
fn literals(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in source.lines().map(str::trim_start).filter(|line| !line.starts_with("//") && !line.starts_with('*')) {
        let line = line.split(" // ").next().unwrap();
        let mut rest = line;
        while let Some(at) = rest.find(['"', '`']) {
            let quote = char::from(rest.as_bytes()[at]);
            let Some(length) = rest[at + 1..].find(quote) else { break };
            let text = &rest[at + 1..at + 1 + length];
            match quote {
                '"' => found.push(text.to_owned()),
                _ => found.extend(
                    text.split("${").map(|part| part.split_once('}').map_or(part, |(_, after)| after).to_owned()),
                ),
            }
            rest = &rest[at + 2 + length..];
        }
    }
    found
}

/// Whether people would read this as language.
fn reads(text: &str) -> bool {
    if STANDARD.contains(&text) || text.starts_with(['.', '#', '[', '<']) {
        return false;
    }
    let words: Vec<&str> = text.split_whitespace().filter(|word| word.chars().all(char::is_alphabetic)).collect();
    let long = |word: &&&str| word.chars().count() > 1;
    let sentence = words.iter().filter(long).count() > 1;
    let mut letters = text.chars();
    let named = letters.next().is_some_and(char::is_uppercase) && letters.next().is_some_and(char::is_lowercase);
    sentence || named || text.chars().any(|c| c.is_alphabetic() && !c.is_ascii())
}

fn stray_in_script(source: &str) -> Vec<String> {
    literals(source).into_iter().filter(|text| reads(text)).collect()
}

/// Takes everything from `open` to `close` out.
fn without(source: &str, open: &str, close: &str) -> String {
    let mut kept = String::new();
    let mut rest = source;
    while let Some((before, after)) = rest.split_once(open) {
        kept.push_str(before);
        rest = after.split_once(close).map_or("", |(_, after)| after);
    }
    kept + rest
}

/// What stands in a template between its tags and in attributes for people, but for the catalogue's.
fn stray_in_template(source: &str) -> Vec<String> {
    let mut source = source.to_owned();
    for (open, close) in [("{#", "#}"), ("{{", "}}"), ("{%", "%}"), ("<!--", "-->")] {
        source = without(&source, open, close);
    }
    let mut found = Vec::new();
    for tag in source.split('<').skip(1).filter_map(|part| part.split('>').next()) {
        for (before, after) in tag.match_indices("=\"").map(|(at, _)| (&tag[..at], &tag[at + 2..])) {
            let name = before.rsplit(char::is_whitespace).next().unwrap();
            let value = after.split('"').next().unwrap();
            if HUMAN.contains(&name) && value.chars().any(char::is_alphabetic) {
                found.push(value.to_owned());
            }
        }
    }
    let text = without(&source, "<", ">");
    let lines = text.lines().map(str::trim).filter(|line| line.chars().any(char::is_alphabetic));
    // a page's own address stands in a block of its own
    found.extend(lines.filter(|line| !line.starts_with('/') || line.contains(' ')).map(str::to_owned));
    found
}

/// Pages that only programmers read, in the language of the code.
const FOR_PROGRAMMERS: [&str; 2] = ["docs.html", "problems.html"];

/// What a template asks of the code, without its HTML.
fn expressions(source: &str) -> String {
    let parts = source.split(['{', '}']).filter(|part| part.starts_with(' ') || part.starts_with('%'));
    parts.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_detectors_see_what_they_are_for() {
    for text in ["Annulla", "premi il tasto", "è", "Sì, prendi", "ask for cash"] {
        assert!(reads(text), "{text}");
        assert_eq!(stray_in_script(&format!("show(t(\"till-x\"), \"{text}\");")), [text]);
        assert_eq!(stray_in_template(&format!("<p class=\"x\">{text}</p>")), [text]);
        assert_eq!(stray_in_template(&format!("<img alt=\"{text}\">")), [text]);
    }
    assert_eq!(stray_in_script("const x = `${amount} di resto a ${name}`;"), [" di resto a "]);
    for fine in ["click", "btn-primary", "application/json", "POST", "#result .done", "Content-Type", "buono.token", ""]
    {
        assert!(!reads(fine), "{fine}");
    }
    assert!(stray_in_script("// Una frase intera.\n  * altra frase\nlet x = 1; // e una terza").is_empty());
    let fine =
        "{# note #}<p title=\"{{ w.t(\"page-x\") }}\">{{ w.t(\"page-y\") }} · {% if x %}1{% endif %}</p><!-- npm -->";
    assert!(stray_in_template(fine).is_empty());
}

#[test]
fn pages_and_scripts_have_no_text_of_their_own() {
    for (path, source) in files("gateway/templates", "html") {
        if FOR_PROGRAMMERS.iter().any(|name| path.ends_with(name)) {
            continue;
        }
        assert_eq!(stray_in_template(&source), Vec::<String>::new(), "{}", path.display());
    }
    let scripts = files("web/src", "ts");
    let stray =
        scripts.iter().flat_map(|(path, source)| stray_in_script(source).into_iter().map(move |text| (path, text)));
    assert_eq!(stray.collect::<Vec<_>>(), []);
}

/// Keys that are put together where they are used.
fn families() -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    let mut family = |prefix: &str, names: &[&str], suffixes: &[&str]| {
        for name in names {
            keys.extend(suffixes.iter().map(|suffix| format!("{prefix}{}{suffix}", name.replace('_', "-"))));
        }
    };
    let problems: Vec<&str> = TABLE.iter().map(|(code, _)| *code).collect();
    family("problem-", &problems, &["-title", "-detail"]);
    let kinds: Vec<&str> = Kind::ALL.iter().map(|kind| kind_name(*kind)).collect();
    family("kind-", &kinds, &[""]);
    family("status-", &["active", "blocked", "expired", "closed", "not_yet_valid", "reissued", "suspended"], &[""]);
    family("role-", &["operator", "municipal_admin", "clerk", "auditor"], &[""]);
    family("programme-", &["active", "suspended", "closed"], &[""]);
    family("shop-", &["enabled", "suspended"], &[""]);
    family("channel-", &["sms", "email", "paper"], &[""]);
    family("user-", &["enabled", "disabled"], &[""]);
    family("import-", &["dry_run", "applying", "applied", "undone"], &[""]);
    family("message-", &["voucher_link", "purchase", "reversal"], &[""]);
    family("sms-", &["voucher_link", "voucher_link_pin", "purchase", "reversal"], &[""]);
    let columns = ["day", "time", "kind", "amount", "reversed", "balance", "till", "receipt", "operation", "voucher"];
    family("list-", &columns, &[""]);
    family("list-", &["staff", "voucher_seq", "operations", "totals", "count", "total"], &[""]);
    family("message-state-", &["pending", "sent", "failed", "suppressed"], &[""]);
    family("till-claim-", &["sealed", "approved"], &[""]);
    family("console-claim-", &["sealed", "approved", "paid"], &[""]);
    family("till-go-", &["pay", "operations", "claims", "training", "help", "till"], &["-text"]);
    family(
        "till-",
        &["mistyped", "foreign", "training-code", "real-code", "empty", "held", "day-over"],
        &["", "-text"],
    );
    family("till-help-", &["1", "2", "3", "4"], &["", "-text"]);
    family("till-ask-", &["offline", "twice", "wrong", "cash", "home"], &["", "-text"]);
    family("till-period-", &["today", "week", "month", "range"], &[""]);
    family("till-training-", &["1", "2", "3", "4", "5", "6"], &[""]);
    family("till-step-", &["1", "2", "3", "4"], &[""]);
    family("till-reason-", &["mistake", "customer", "goods", "other"], &[""]);
    family("till-camera-", &["refused", "missing", "broken", "unable", "reader", "ended"], &[""]);
    family("action-", &["block", "unblock", "reissue", "top-up", "expiry"], &["", "-text"]);
    keys
}

/// Codes of import reports: whatever the readers and the domain may say of a cell.
fn import_problems() -> BTreeSet<String> {
    let sources = [files("gateway/src/imports", "rs"), files("domain/src", "rs")].concat();
    let code = |text: &String| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    let said = sources.iter().flat_map(|(_, source)| literals(source)).filter(code);
    said.map(|code| format!("import-problem-{}", code.replace('_', "-"))).collect()
}

#[test]
fn every_key_in_use_has_its_text_and_every_text_is_in_use() {
    let (catalogue, families, imports) = (catalogue(), families(), import_problems());
    for key in &families {
        assert!(catalogue.contains(key), "{key} has no text");
    }
    let pages = [files("gateway/templates", "html"), files("documents/templates", "typ")].concat();
    let sources = [pages, files("web/src", "ts"), files("gateway/src", "rs")].concat();
    let mut used: BTreeSet<String> = BTreeSet::new();
    for (path, source) in &sources {
        let template = path.extension().is_some_and(|extension| extension == "html");
        for literal in literals(&if template { expressions(source) } else { source.clone() }) {
            let written = WRITTEN_OUT.iter().any(|prefix| literal.starts_with(prefix) && literal.len() > prefix.len());
            let begun = literal.ends_with('-') && families.iter().any(|key| key.starts_with(&literal));
            assert!(!written || begun || catalogue.contains(&literal), "{}: {literal} has no text", path.display());
            used.insert(literal);
        }
    }
    for key in &catalogue {
        let known = used.contains(key) || families.contains(key) || imports.contains(key);
        assert!(known, "nobody uses {key}");
    }
}

/// A red at a till that says only what is wrong leaves two people standing there.
#[test]
fn every_refusal_says_what_to_do() {
    let acts = ["chiami", "chiama", "fai pagare", "scrivi", "riprova", "chiedi"];
    let source = fs::read_to_string(root().join("gateway/locales/it.ftl")).unwrap();
    for code in [
        "voucher-expired",
        "voucher-closed",
        "voucher-not-yet-valid",
        "voucher-blocked",
        "amount-over-limit",
        "programme-suspended",
        "shop-not-enabled",
        "velocity",
        "operation-sealed",
        "insufficient-balance",
    ] {
        let key = format!("problem-{code}-detail = ");
        let text = source.lines().find_map(|line| line.strip_prefix(&key)).unwrap().to_lowercase();
        assert!(acts.iter().any(|act| text.contains(act)), "{code}: {text}");
    }
}

/// The codes that readers of uploads write out where they find a problem.
#[test]
fn every_import_problem_has_its_text() {
    let catalogue = catalogue();
    let mut seen = 0;
    for (path, source) in files("gateway/src/imports", "rs") {
        let source = source.split("#[cfg(test)]").next().unwrap().to_owned();
        for call in source.split("RowProblem::new(").skip(1) {
            let arguments = call.split(')').next().unwrap();
            let Some(code) = arguments.rsplit(", ").next().and_then(|last| last.trim().strip_prefix('"')) else {
                continue;
            };
            let key = format!("import-problem-{}", code.trim_end_matches('"').replace('_', "-"));
            assert!(catalogue.contains(&key), "{}: {key} has no text", path.display());
            seen += 1;
        }
    }
    assert!(seen > 10, "only {seen} problems seen");
}
