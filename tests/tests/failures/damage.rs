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
use domain::ids::PartitionId;
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use store::journal::Batch;
use tests::payments::partition_of;
use uuid::Uuid;

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

const ALL: [(&str, Damage); 5] = [
    ("AOF cut at a record boundary", Damage::Cut),
    ("one bit flipped in the last batch of the AOF", Damage::FlipLast),
    ("one digit flipped in the AOF's last fence", Damage::FlipFence),
    ("one bit flipped in an earlier batch of the AOF", Damage::FlipEarlier),
    ("AOF folder removed", Damage::Removed),
];

/// Who must notice what was done, and in which words.
struct Expected {
    /// The reason in `/health/ready`, where the node must stop taking money.
    halted: Option<String>,
    /// In those of `buono verify`: partition and record.
    verified: String,
}

const DAMAGED: &str = "the journal is damaged";
const JOURNAL: &str = "the journal of partition 0";
/// The partition that is damaged, as it is called in keys.
const BATCHES: &str = "{p0}:batches";
const FENCE: &str = "{p0}:fence";

impl Damage {
    /// Does it, and says what must be noticed.
    fn inflict(self, arena: &Arena, dice: &mut Dice) -> Expected {
        let redis = arena.stores.redis.as_ref().unwrap();
        let path = redis.appended();
        let mut file = AppendOnly::read(&path);
        let batches: Vec<Batch> = file.named("XADD", BATCHES).iter().map(|added| file.batch(added)).collect();
        let end = batches.last().unwrap().head().seq;
        let (halted, verified) = match self {
            Self::Cut => {
                let last = file.named("XADD", BATCHES).last().unwrap().begins;
                let multi = file.named("MULTI", "").into_iter().rev().find(|multi| multi.begins < last).unwrap();
                file.bytes.truncate(multi.begins);
                (Some("the journal ends before records that were durable"), cut_before(batches.last().unwrap()))
            }
            Self::FlipLast => (Some(DAMAGED), flip(&mut file, &batches, batches.len() - 1, dice)),
            Self::FlipEarlier => (None, flip(&mut file, &batches, batches.len() / 3, dice)),
            Self::FlipFence => (Some(DAMAGED), flip_fence(&mut file, end, dice)),
            Self::Removed => {
                (Some(""), format!("{JOURNAL} ends at record 0, and the ledger knows records up to {end}"))
            }
        };
        if let Self::Removed = self {
            std::fs::remove_dir_all(redis.append_only()).unwrap();
        } else {
            std::fs::write(&path, &file.bytes).unwrap();
        }
        let halted = halted.map(|why| match self {
            // there is nothing left that could say what is wrong: no library, no lease, no fence
            Self::Removed => "partition 0: ".to_owned(),
            _ => format!("partition 0: {why}; record {end} was still whole"),
        });
        Expected { halted, verified }
    }
}

/// The node's own opening takes the place of what was cut away, before it sees that it lies too early.
fn cut_before(batch: &Batch) -> String {
    let (first, end) = (batch.first_seq(), batch.head().seq);
    if first == end {
        format!("partition 0, record {end}: the ledger's chain is another one")
    } else {
        format!("{JOURNAL} ends at record {first}, and the ledger knows records up to {end}")
    }
}

/// Flips a bit of a record in the batch at this place among all.
fn flip(file: &mut AppendOnly, batches: &[Batch], at: usize, dice: &mut Dice) -> String {
    let batch = &batches[at];
    let index = dice.among(0..batch.len() as u64) as usize;
    let len = batch.record_bytes(index).len() as u64;
    // neither its form, which might be a newer one, nor its number, by which it would be called
    let (early, late) = (dice.among(1..6), dice.among(14..len));
    let byte = dice.one_of(&[early, late]) as usize;
    // version, count and chain stand before the records, and a length before each
    let before: usize = (0..index).map(|before| 2 + batch.record_bytes(before).len()).sum();
    let stored = file.named("XADD", BATCHES)[at].words.last().unwrap().start;
    file.bytes[stored + 1 + 4 + 32 + before + 2 + byte] ^= 1;
    let (whole, seq) = (batch.first_seq() - 1, batch.first_seq() + index as u64);
    format!("partition 0, behind record {whole}: {DAMAGED}: the checksum of record {seq} does not match")
}

/// Flips a digit of the record at which the fence stands.
fn flip_fence(file: &mut AppendOnly, end: u64, dice: &mut Dice) -> String {
    // epoch, seq and chain by their names
    let digits = file.named("HSET", FENCE).last().unwrap().words[5].clone();
    assert_eq!(file.bytes[digits.clone()], *end.to_string().as_bytes());
    let at = dice.among(digits.start as u64..digits.end as u64) as usize;
    file.bytes[at] ^= 1;
    let now = str::from_utf8(&file.bytes[digits]).unwrap();
    match now.parse::<u64>().unwrap() {
        _ if now.starts_with('0') => format!("partition 0: {DAMAGED}: the fence's record cannot be"),
        earlier if earlier < end => {
            format!("{JOURNAL} ends at record {earlier}, and the ledger knows records up to {end}")
        }
        _ => format!("partition 0: record {} is missing", end + 1),
    }
}

/// A voucher of the partition that is damaged, and one of another.
fn two_vouchers(arena: &Arena) -> [usize; 2] {
    let vouchers = arena.node.demo["vouchers"].as_array().unwrap();
    let first =
        |damaged: bool| vouchers.iter().position(|voucher| (partition_of(voucher) == PartitionId(0)) == damaged);
    [first(true), first(false)].map(|at| at.expect("a town has vouchers in all partitions"))
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

/// Damages, brings the server back, and looks who notices. Gives a voucher of another partition, and what `verify`
/// must say.
async fn notice(arena: &mut Arena, dice: &mut Dice, (name, damage): (&str, Damage)) -> (usize, String) {
    let [voucher, other] = two_vouchers(arena);
    for at in [other, voucher] {
        // under a key of its own: a payment that was made before is only told again, and writes nothing
        pay(arena, at, &Uuid::now_v7().to_string()).await;
    }
    arena.until_projected().await;
    let kept = kept(arena);
    let redis = arena.stores.redis.as_mut().unwrap();
    redis.crash();
    copy(&redis.append_only(), &kept);
    let Expected { halted, verified } = damage.inflict(arena, dice);
    let Some(halt) = halted else {
        // whoever serves does not read it again, and what was taken meanwhile would be missing from the copy
        arena.node.kill();
        arena.stores.redis.as_mut().unwrap().resume();
        return (other, verified);
    };
    let before = arena.log().len();
    arena.stores.redis.as_mut().unwrap().resume();
    let key = format!("damage-{damage:?}");
    let mut said = ask(arena, voucher, &key).await;
    for _ in 0..TRIES_MAX {
        assert!(!said.0.is_success(), "{name}: money was taken: {said:?}");
        if said.1.contains(&halt) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        said = ask(arena, voucher, &key).await;
    }
    assert!(said.1.contains(&halt), "{name}: nobody noticed: {said:?}, not {halt}\n{}", &arena.log()[before..]);
    println!("  {name}: {}, {}", said.0, said.1);
    (other, verified)
}

/// What `buono verify` says of the damage; then the copy takes its place.
fn mend(arena: &mut Arena, name: &str, expected: &str) -> String {
    arena.node.kill();
    // as an operator would, whom a server without the library is told of
    assert!(arena.run("migrate").status.success());
    let verified = arena.verify();
    let told = String::from_utf8_lossy(&verified.stdout).into_owned();
    assert!(!verified.status.success() && told.contains(expected), "{name}: {told}: not {expected}");
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
    let row = |(name, damage): &(&str, Damage)| {
        arena.start();
        let (_, expected) = runtime.block_on(notice(&mut arena, &mut dice, (name, *damage)));
        let told = mend(&mut arena, name, &expected);
        runtime.block_on(arena.until_projected());
        arena.node.end();
        let whole = arena.verify();
        assert!(whole.status.success(), "{}", String::from_utf8_lossy(&whole.stdout));
        // what it lists behind that is of no table
        Row::damaged(name, &verdict, told.lines().next().unwrap_or_default().trim_end_matches(':'), seed)
    };
    let rows = ALL.iter().map(row).collect();
    // what other partitions take on a damaged journal is lost with it when a copy takes its place: so this is last
    arena.start();
    runtime.block_on(async {
        let (other, _) = notice(&mut arena, &mut dice, ALL[0]).await;
        let ready = pay(&arena, other, "elsewhere").await;
        assert!(ready.contains("partition 0: "), "{ready}");
    });
    // and whoever serves the others ends well
    arena.node.end();
    rows
}
