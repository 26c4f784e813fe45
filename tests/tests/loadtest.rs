//! `buono-loadtest` over the real binary in each of its modes, against servers that lie, and against
//! servers that are not there.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "loadtest/liar.rs"]
mod liar;

use liar::{Lie, SLEEP, Town};
use serde_json::Value;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tests::{Server, built};

struct Ended {
    code: Option<i32>,
    /// What it printed: the result, then what went to standard error.
    said: String,
    json: Value,
}

fn spawn(arguments: &str, result: &Path) -> Child {
    let arguments = arguments.split_whitespace();
    let mut command = Command::new(built("buono-loadtest", "loadtest"));
    command.args(arguments).arg("--json").arg(result);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn end(child: Child, result: &Path) -> Ended {
    let output = child.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
    let json = std::fs::read_to_string(result).map_or(Value::Null, |text| serde_json::from_str(&text).unwrap());
    Ended { code: output.status.code(), said, json }
}

fn load(arguments: &str) -> Ended {
    let folder = tempfile::tempdir().unwrap();
    let result = folder.path().join("result.json");
    end(spawn(arguments, &result), &result)
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is no number"))
}

/// A run that kept every promise and whose figures hang together.
fn is_plausible(ended: &Ended) {
    let Ended { code, said, json } = ended;
    assert_eq!(*code, Some(0), "{said}");
    assert!(said.contains("No promise was broken."), "{said}");
    let verdict = &json["verdict"];
    assert_eq!((number(&verdict["breaches_count"]), number(&verdict["open_keys_count"])), (0, 0), "{said}");
    let (answers, operations) = (number(&verdict["answers_count"]), number(&verdict["operations_count"]));
    assert!(answers > operations && operations > 50, "{said}");
    assert!(number(&verdict["ledger_rows_count"]) >= operations, "{said}");
    let all = &json["all"];
    let [p50, p99, max] = ["p50", "p99", "max"].map(|part| all[format!("latency_us_{part}")].as_u64());
    assert!(p50.is_none_or(|us| us > 0) && p99.is_none_or(|us| p50 <= Some(us) && max.is_none_or(|max| us <= max)));
    let done: u64 = json["kinds"].as_array().unwrap().iter().map(|kind| number(&kind["done"])).sum();
    assert_eq!(done, number(&all["done"]), "the kinds add up");
}

fn kinds(ended: &Ended) -> Vec<&str> {
    ended.json["kinds"].as_array().unwrap().iter().map(|kind| kind["kind"].as_str().unwrap()).collect()
}

fn demo_of(data: &Path) -> String {
    format!("--demo {}", data.join("demo.json").display())
}

#[test]
fn every_mode_against_the_real_server() {
    let data = tempfile::tempdir().unwrap();
    let mut server = Server::start(data.path());
    let demo = demo_of(data.path());

    let mixed = load(&format!("{demo} --mix --connections 8 --threads 2 --warm-up 0.5 --duration 6 --seed 7"));
    is_plausible(&mixed);
    assert_eq!(kinds(&mixed), ["redemption", "duplicate", "refusal", "reversal", "lookup", "link", "page"]);
    let refusals = &mixed.json["kinds"][2];
    assert!(number(&refusals["declined"]) > 0 && number(&refusals["done"]) == 0, "{refusals}");
    assert!(mixed.said.contains("--seed 7") && mixed.said.contains("Full speed"), "{}", mixed.said);

    let open = load(&format!("{demo} --mix lookups=20,reversals=5 --rate 100 --warm-up 0 --duration 3"));
    is_plausible(&open);
    let sent = number(&open.json["all"]["done"]) + number(&open.json["unsent_count"]);
    assert!((200..400).contains(&sent), "300 are due on average: {sent}");

    let hot = load(&format!("{demo} --vouchers one --fund-cents 100000000 --connections 16 --warm-up 0 --duration 2"));
    is_plausible(&hot);
    assert_eq!((&hot.json["setting"]["vouchers_count"], &hot.json["all"]["declined"]), (&1.into(), &0.into()));

    let lists = tempfile::tempdir().unwrap();
    let [tills, vouchers] = ["tills", "vouchers"].map(|name| lists.path().join(name));
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    std::fs::write(&tills, format!("# Forno\n{}\n", text(&server.demo["terminals"][3]["token"]))).unwrap();
    let codes =
        [1, 2].map(|at| &server.demo["vouchers"][at]).map(|v| format!("{} {}\n", text(&v["code"]), text(&v["link"])));
    std::fs::write(&vouchers, codes.concat()).unwrap();
    let by_list =
        format!("--url {} --terminals {} --vouchers-file {}", server.base_url, tills.display(), vouchers.display());
    let listed = load(&format!("{by_list} --mix links=50 --connections 4 --warm-up 0 --duration 2"));
    is_plausible(&listed);
    assert_eq!((&listed.json["setting"]["vouchers_count"], kinds(&listed).len()), (&2.into(), 3));

    let unchecked = load(&format!("{demo} --no-check --connections 4 --warm-up 0 --duration 1"));
    assert_eq!((unchecked.code, &unchecked.json["verdict"]), (Some(0), &Value::Null), "{}", unchecked.said);
    server.end();
}

/// Waits until the load has gone on for a second; before it, all shops and vouchers are looked up.
fn under_load(server: &Server) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let text = async || reqwest::get(format!("{}/metrics", server.base_url)).await.unwrap().text().await.unwrap();
    let paid = |line: &str| line.starts_with("buono_http_requests_total") && line.contains("/v1/redemptions\"");
    while !runtime.block_on(text()).lines().any(paid) {
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_secs(1));
}

#[test]
fn a_server_that_dies_in_the_middle_and_comes_back_has_kept_its_promises() {
    let data = tempfile::tempdir().unwrap();
    let mut server = Server::start(data.path());
    let port = server.base_url.rsplit(':').next().unwrap().parse().unwrap();
    let result = data.path().join("result.json");
    let child = spawn(&format!("{} --mix --connections 16 --warm-up 0 --duration 8", demo_of(data.path())), &result);
    under_load(&server);
    server.kill();
    let _again = Server::start_at(data.path(), port);
    let ended = end(child, &result);
    is_plausible(&ended);
    assert!(number(&ended.json["all"]["lost"]) > 0, "{}", ended.said);
}

#[test]
fn a_server_that_stays_away_gives_no_verdict() {
    let data = tempfile::tempdir().unwrap();
    let mut server = Server::start(data.path());
    let result = data.path().join("result.json");
    let arguments = format!("{} --connections 4 --warm-up 0 --duration 8 --patience 1", demo_of(data.path()));
    let child = spawn(&arguments, &result);
    under_load(&server);
    server.kill();
    let ended = end(child, &result);
    assert_eq!(ended.code, Some(2), "{}", ended.said);
    assert!(ended.said.contains("within 1 s") && ended.said.contains("not the shops' lists"), "{}", ended.said);
}

#[test]
fn lies_are_found_and_named() {
    for (lie, invariant, words) in [
        (Lie::None, "", ""),
        (Lie::ChargesTwice, "I3", "the balance does not add up"),
        (Lie::DoesWhatItDeclined, "I5", "two answers to one key"),
        (Lie::TakesAgainWhatWasSentAgain, "I5", "two answers to one key"),
        (Lie::ChargesWhatItDeclined, "I4", "holds what no answer told of"),
        (Lie::ForgetsWhatItAnswered, "I4", "answered and not in the shop's list"),
        (Lie::ShowsOldBalances, "I7", "answered first and yet later in the voucher's life"),
    ] {
        let data = tempfile::tempdir().unwrap();
        Town::start(lie, data.path());
        let mix = "lookups=20,duplicates=20,refusals=10";
        let ended = load(&format!("{} --mix {mix} --connections 4 --warm-up 0 --duration 1", demo_of(data.path())));
        if lie == Lie::None {
            is_plausible(&ended);
            continue;
        }
        assert_eq!(ended.code, Some(1), "{lie:?}: {}", ended.said);
        let breaches = ended.json["verdict"]["breaches"].as_array().unwrap();
        let found =
            |breach: &Value| breach["invariant"] == invariant && breach["what"].as_str().unwrap().contains(words);
        assert!(breaches.iter().any(found), "{lie:?}: {}", ended.said);
        assert!(ended.said.contains("BREACHES") && ended.said.contains(words), "{lie:?}: {}", ended.said);
    }
}

/// One request of some hundred is slow, and yet a good part of all tills wait: those who came meanwhile.
#[test]
fn a_stall_is_felt_by_all_who_were_due() {
    let data = tempfile::tempdir().unwrap();
    Town::start(Lie::FallsAsleep, data.path());
    let open = load(&format!("{} --rate 100 --connections 1 --warm-up 0 --duration 3", demo_of(data.path())));
    is_plausible(&open);
    let p90 = number(&open.json["all"]["latency_us_p90"]);
    assert!(p90 > u64::try_from(SLEEP.as_micros()).unwrap() / 4, "{}", open.said);

    let flooded = load(&format!("{} --rate 1000000 --connections 1 --warm-up 0 --duration 1", demo_of(data.path())));
    is_plausible(&flooded);
    assert!(number(&flooded.json["unsent_count"]) > 0 && flooded.said.contains("DID NOT KEEP UP"), "{}", flooded.said);
    assert!(flooded.json["all"]["latency_us_p99"].is_null(), "what could not be sent was not fast");
}

#[test]
fn what_cannot_be_run_is_refused_in_words() {
    let data = tempfile::tempdir().unwrap();
    Town::start(Lie::None, data.path());
    let demo = demo_of(data.path());
    let write = |name: &str, text: &str| {
        std::fs::write(data.path().join(name), text).unwrap();
        data.path().join(name).display().to_string()
    };
    let (empty, broken, wrong) = (write("empty.json", "{}"), write("broken.json", "{"), write("wrong", "no-token"));
    for (arguments, words) in [
        ("--url http://127.0.0.1:1".to_owned(), "no terminals: give"),
        (format!("{demo} --url http://127.0.0.1:1"), "is the server running?"),
        (format!("{demo} --url https://127.0.0.1"), "TLS is not spoken here"),
        (format!("--demo {empty}"), "no server: give"),
        (format!("--demo {empty} --url http://127.0.0.1:1"), "no terminals: give"),
        (format!("--demo {broken}"), "not a demo.json"),
        ("--demo /nowhere.json".to_owned(), "/nowhere.json: No such file"),
        (format!("{demo} --rate 0"), "--rate: more than 0"),
        (format!("{demo} --duration 0"), "--duration: more than 0"),
        (format!("{demo} --connections 0"), "at least one for each thread"),
        (format!("{demo} --mix links=101"), "100 at most together"),
        (format!("{demo} --mix tips=1"), "tips: there are lookups"),
        (format!("{demo} --mix"), "no voucher has a link"),
        (format!("{demo} --mix reversals=1 --no-check"), "cannot reverse"),
        (format!("{demo} --fund-cents 100"), "nobody who may top up"),
        (format!("{demo} --terminals {wrong}"), "terminal 1: the terminal's token is not accepted (401)"),
    ] {
        let ended = load(&arguments);
        assert_eq!((ended.code, ended.said.contains(words)), (Some(2), true), "{arguments}: {}", ended.said);
    }
}
