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
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// What somebody does to the append-only folder.
#[derive(Clone, Copy, Debug)]
enum Damage {
    /// The last batch is gone, cut between two records.
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
        verified: "record",
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
    Expected {
        name: "AOF folder removed",
        damage: Damage::Removed,
        halted: Some("not_ready"),
        verified: "ends at record 0",
    },
];

/// The partition that is damaged, as it is called in keys.
const BATCHES: &str = "{p0}:batches";
const FENCE: &str = "{p0}:fence";

impl Damage {
    fn inflict(self, arena: &Arena, dice: &mut Dice) {
        let redis = arena.stores.redis.as_ref().unwrap();
        let path = redis.appended();
        let mut file = AppendOnly::read(&path);
        let batches = file.named("XADD", BATCHES);
        let flip = match self {
            Self::Cut => {
                let last = batches.last().unwrap().begins;
                let transaction =
                    file.named("MULTI", "").iter().rev().find(|multi| multi.begins < last).unwrap().begins;
                return std::fs::write(&path, &file.bytes[..transaction]).unwrap();
            }
            Self::Removed => return std::fs::remove_dir_all(redis.append_only()).unwrap(),
            Self::FlipLast => batches.last().unwrap().words.last().unwrap().clone(),
            Self::FlipEarlier => batches[batches.len() / 3].words.last().unwrap().clone(),
            // epoch, seq and chain by their names; the digit is one of seq's
            Self::FlipFence => file.named("HSET", FENCE).last().unwrap().words[5].clone(),
        };
        let at = dice.among(flip.start as u64..flip.end as u64) as usize;
        file.bytes[at] ^= 1;
        std::fs::write(&path, &file.bytes).unwrap();
    }
}

/// A voucher of the partition that is damaged, and one of another.
async fn two_vouchers(arena: &Arena) -> [usize; 2] {
    let (mut of_this, mut of_another) = (None, None);
    for at in 0.. {
        pay(arena, at, &format!("whose-is-it-{at:02}")).await;
        let file = AppendOnly::read(&arena.stores.redis.as_ref().unwrap().appended());
        let last = file.named("XADD", "").last().unwrap().begins;
        let ours = file.named("XADD", BATCHES).last().is_some_and(|ours| ours.begins == last);
        if ours {
            of_this = Some(at)
        } else {
            of_another = Some(at)
        }
        if let (Some(one), Some(other)) = (of_this, of_another) {
            return [one, other];
        }
    }
    unreachable!("a town has vouchers in all partitions")
}

fn kept(arena: &Arena) -> PathBuf {
    arena.data.path().join("kept")
}

fn copy(from: &Path, to: &Path) {
    let _ = std::fs::remove_dir_all(to);
    assert!(Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap().success());
}

/// What the node says to a till, which does not wait for long, and to its operator.
async fn ask(arena: &Arena, voucher: usize, key: &str) -> (StatusCode, String) {
    let client = reqwest::Client::new();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let (demo, base) = (&arena.node.demo, &arena.node.base_url);
    let body = json!({"voucher": text(&demo["vouchers"][voucher]["qr_text"]), "amount_cents": 1});
    let till = text(&demo["terminals"][0]["token"]);
    let pay =
        client.post(format!("{base}/v1/redemptions")).bearer_auth(till).header("Idempotency-Key", key).json(&body);
    let paid = pay.timeout(PATIENCE).send().await.map_or(StatusCode::GATEWAY_TIMEOUT, |paid| paid.status());
    let ready = client.get(format!("{base}/health/ready")).send().await.unwrap();
    (paid, ready.text().await.unwrap())
}

/// Pays under a key until it is done; what the operator is told then.
async fn pay(arena: &Arena, voucher: usize, key: &str) -> String {
    for _ in 0..TRIES_MAX {
        let (paid, ready) = ask(arena, voucher, key).await;
        if paid.is_success() {
            return ready;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{key} is not paid\n{}", arena.log());
}

/// Damages, brings the server back, and looks who notices. Gives a voucher of another partition.
async fn notice(arena: &mut Arena, dice: &mut Dice, expected: &Expected) -> usize {
    let [voucher, other] = two_vouchers(arena).await;
    for at in [other, voucher] {
        pay(arena, at, &format!("before-{at}-{:?}", expected.damage)).await;
    }
    arena.until_projected().await;
    let kept = kept(arena);
    let redis = arena.stores.redis.as_mut().unwrap();
    redis.crash();
    copy(&redis.append_only(), &kept);
    expected.damage.inflict(arena, dice);
    let Some(halt) = expected.halted else {
        // whoever serves does not read it again, and what was taken meanwhile would be missing from the copy
        arena.node.kill();
        arena.stores.redis.as_mut().unwrap().resume();
        return other;
    };
    let before = arena.log().len();
    arena.stores.redis.as_mut().unwrap().resume();
    let key = format!("damage-{:?}", expected.damage);
    let mut said = ask(arena, voucher, &key).await;
    for _ in 0..TRIES_MAX {
        assert!(!said.0.is_success(), "{}: money was taken: {said:?}", expected.name);
        if said.1.contains(halt) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        said = ask(arena, voucher, &key).await;
    }
    assert!(said.1.contains(halt), "{}: nobody noticed: {said:?}\n{}", expected.name, &arena.log()[before..]);
    println!("  {}: {}, {}", expected.name, said.0, said.1);
    other
}

/// What `buono verify` says of the damage; then the copy takes its place.
fn mend(arena: &mut Arena, expected: &Expected) -> String {
    arena.node.kill();
    // as an operator would, whom a server without the library is told of
    assert!(arena.run("migrate").status.success());
    let verified = arena.verify();
    let told = String::from_utf8_lossy(&verified.stdout).into_owned();
    assert!(!verified.status.success() && told.contains(expected.verified), "{}: {told}", expected.name);
    let kept = kept(arena);
    let redis = arena.stores.redis.as_mut().unwrap();
    redis.crash();
    copy(&kept, &redis.append_only());
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
        runtime.block_on(notice(&mut arena, &mut dice, expected));
        let told = mend(&mut arena, expected);
        runtime.block_on(arena.until_projected());
        assert!(arena.node.end());
        let whole = arena.verify();
        assert!(whole.status.success(), "{}", String::from_utf8_lossy(&whole.stdout));
        Row::damaged(expected.name, &verdict, told.trim(), seed)
    };
    let rows = ALL.iter().map(row).collect();
    // what other partitions take on a damaged journal is lost with it when a copy takes its place: so this is last
    arena.start();
    runtime.block_on(async {
        let other = notice(&mut arena, &mut dice, &ALL[0]).await;
        let ready = pay(&arena, other, "elsewhere").await;
        assert!(ready.contains("partition 0: "), "{ready}");
    });
    rows
}
