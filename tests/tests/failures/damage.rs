//! Damage to the journal that no fault of a process leaves: who notices, and what is said.
//!
//! The payments are judged before, while everything is whole. Then the journal's server stops under a running
//! node, its files are damaged, and it comes back: the node must take no money on such a journal, unless what is
//! damaged is long in the ledger; `buono verify` must name the record. With a copy of the files all is well again.

use crate::aof::AppendOnly;
use crate::arena::{Arena, Kind};
use crate::dice::Dice;
use crate::scene::{Form, Scene};
use crate::table::Row;
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// What somebody does to the append-only folder.
#[derive(Clone, Copy, Debug)]
enum Damage {
    /// The last batches are gone, cut between two records.
    Cut,
    /// A bit of the last batch is another one.
    FlipLast,
    /// A digit of the fence's record is another one.
    FlipFence,
    /// A bit of a batch that the ledger has had for long.
    FlipEarlier,
    /// The folder is gone.
    Removed,
}

/// How often a till and the operator ask before it is clear that nobody notices.
const TRIES_MAX: usize = 50;

/// A till that hears nothing for so long asks again.
const PATIENCE: Duration = Duration::from_secs(1);

/// Who must notice, and how.
struct Expected {
    name: &'static str,
    damage: Damage,
    /// The reason in `/health/ready`, where the node must stop taking money.
    halted: Option<&'static str>,
    /// In the words of `buono verify`.
    verified: &'static str,
}

const ALL: [Expected; 5] = [
    Expected {
        name: "AOF cut at a record boundary",
        damage: Damage::Cut,
        halted: Some("the journal ends before records that were durable; record"),
        verified: "the ledger ends at record",
    },
    Expected {
        name: "one bit flipped in the last batch of the AOF",
        damage: Damage::FlipLast,
        halted: Some("the journal is damaged; record"),
        verified: "record",
    },
    Expected {
        name: "one digit flipped in the AOF's last fence",
        damage: Damage::FlipFence,
        halted: Some("the journal is damaged; record"),
        verified: "record",
    },
    Expected {
        name: "one bit flipped in an earlier batch of the AOF",
        damage: Damage::FlipEarlier,
        halted: None,
        verified: "record",
    },
    Expected { name: "AOF folder removed", damage: Damage::Removed, halted: Some("Opening"), verified: "has no fence" },
];

impl Damage {
    fn inflict(self, arena: &Arena, dice: &mut Dice) {
        let redis = arena.stores.redis.as_ref().unwrap();
        let path = redis.appended();
        let mut file = AppendOnly::read(&path);
        let batches = file.named("XADD");
        let is_fence = |command: &&&crate::aof::Command| file.word(command, 1).ends_with(b":fence");
        let flip = match self {
            Self::Cut => {
                let transactions = file.named("MULTI");
                let gone = dice.among(1..20) as usize;
                let end = transactions[transactions.len() - gone].begins;
                return std::fs::write(&path, &file.bytes[..end]).unwrap();
            }
            Self::Removed => return std::fs::remove_dir_all(redis.append_only()).unwrap(),
            Self::FlipLast => batches.last().unwrap().words.last().unwrap().clone(),
            Self::FlipEarlier => batches[batches.len() / 3].words.last().unwrap().clone(),
            // epoch, seq and chain by their names; the digit is one of seq's
            Self::FlipFence => file.named("HSET").iter().rev().find(is_fence).unwrap().words[5].clone(),
        };
        let at = dice.among(flip.start as u64..flip.end as u64) as usize;
        file.bytes[at] ^= 1;
        std::fs::write(&path, &file.bytes).unwrap();
    }
}

fn copy(from: &Path, to: &Path) {
    let _ = std::fs::remove_dir_all(to);
    assert!(Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap().success());
}

/// What the node says to a till, which does not wait for long, and to its operator.
async fn ask(arena: &Arena, key: &str) -> (StatusCode, String) {
    let client = reqwest::Client::new();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let (demo, base) = (&arena.node.demo, &arena.node.base_url);
    let body = json!({"voucher": text(&demo["vouchers"][0]["qr_text"]), "amount_cents": 1});
    let till = text(&demo["terminals"][0]["token"]);
    let pay =
        client.post(format!("{base}/v1/redemptions")).bearer_auth(till).header("Idempotency-Key", key).json(&body);
    let paid = pay.timeout(PATIENCE).send().await.map_or(StatusCode::GATEWAY_TIMEOUT, |paid| paid.status());
    let ready = client.get(format!("{base}/health/ready")).send().await.unwrap();
    (paid, ready.text().await.unwrap())
}

/// Whether the ledger holds all that the journal does.
async fn is_projected(arena: &Arena) -> bool {
    let figures = reqwest::get(format!("{}/metrics", arena.node.base_url)).await.unwrap().text().await.unwrap();
    let figure = |name: &str| {
        let line = figures.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
    };
    let (journal, ledger) = (figure("buono_journal_durable_seq"), figure("buono_projector_seq"));
    journal.is_some() && journal == ledger
}

/// Damages, brings the server back, looks who notices, and puts the copy in place.
async fn try_one(arena: &mut Arena, dice: &mut Dice, expected: &Expected) -> String {
    let fine = ask(arena, &format!("before-{:?}", expected.damage)).await;
    assert!(fine.0.is_success(), "{fine:?}");
    while !is_projected(arena).await {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let redis = arena.stores.redis.as_mut().unwrap();
    redis.crash();
    let (folder, kept) = (redis.append_only(), arena.data.path().join("kept"));
    copy(&folder, &kept);
    expected.damage.inflict(arena, dice);
    let before = arena.log().len();
    arena.stores.redis.as_mut().unwrap().resume();
    let key = format!("damage-{:?}", expected.damage);
    let mut said = ask(arena, &key).await;
    for _ in 0..TRIES_MAX {
        assert!(!said.0.is_success() || expected.halted.is_none(), "{}: money was taken: {said:?}", expected.name);
        if expected.halted.is_none_or(|halt| said.1.contains(halt)) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        said = ask(arena, &key).await;
    }
    let halted = expected.halted.is_none_or(|halt| said.1.contains(halt));
    assert!(halted, "{}: nobody noticed: {said:?}\n{}", expected.name, &arena.log()[before..]);
    let log = arena.log()[before..].to_owned();
    println!("  {}: {}, {}\n{log}", expected.name, said.0, said.1);
    arena.node.kill();
    // as an operator would, whom a server without the library is told of
    assert!(arena.run("migrate").status.success());
    let verified = arena.verify();
    let told = String::from_utf8_lossy(&verified.stdout).into_owned();
    assert!(!verified.status.success() && told.contains(expected.verified), "{}: {told}", expected.name);
    let redis = arena.stores.redis.as_mut().unwrap();
    redis.crash();
    copy(&kept, &folder);
    redis.resume();
    arena.start();
    told
}

/// Every damage, to one journal.
pub fn run(seed: u64) -> Vec<Row> {
    let scene = Scene::new(Form::Short, seed, Kind::RedisAndPostgres);
    let (verdict, mut arena, mut dice) = scene.judge();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let row = |expected: &Expected| {
        arena.start();
        let told = runtime.block_on(try_one(&mut arena, &mut dice, expected));
        assert!(arena.node.end());
        let whole = arena.verify();
        assert!(whole.status.success(), "{}", String::from_utf8_lossy(&whole.stdout));
        Row::damaged(expected.name, &verdict, told.trim(), seed)
    };
    ALL.iter().map(row).collect()
}
