//! A ledger, a clock and commands for the benches.
#![allow(dead_code, reason = "each bench uses its own part")]

use domain::cents::Cents;
use domain::clock::{Clock, Timestamp};
use domain::ids::{MunicipalityId, OperationId, PartitionId, ProgrammeId, ShopId, TerminalId, VoucherId};
use domain::keys::{OpKey, RequestHash};
use domain::record::NodeId;
use domain::voucher::{Action, Command, Credential, Origin, Terms};
use engine::source::{Facts, Pending};
use engine::{Options, Primary, Source, Vouchers};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use store::journal::{Head, Journal, SqliteJournal};
use uuid::Uuid;

/// As in production.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

pub const P: PartitionId = PartitionId(0);
/// A deadline that never comes.
pub const FAR: Timestamp = Timestamp::from_micros(i64::MAX / 4);

struct Machine;

impl Clock for Machine {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap())
    }
}

/// A ledger that is always there and knows nobody: vouchers come to be in the run itself.
struct Nobody;

impl Source for Nobody {
    fn facts(&self, _: PartitionId, _: VoucherId) -> Pending<'_, Facts> {
        Box::pin(async { Ok(Facts { through: u64::MAX, entries: Vec::new() }) })
    }

    fn checkpoint(&self, _: PartitionId) -> Pending<'_, Head> {
        Box::pin(async { Ok(Head { seq: u64::MAX, ..Head::START }) })
    }

    fn seen_seq(&self, _: PartitionId) -> u64 {
        0
    }
}

fn command(number: u128, action: Action) -> Command {
    Command {
        operation: OperationId::new(Uuid::from_u128(number)),
        origin: Origin::Till { shop: ShopId::new(Uuid::from_u128(1)), terminal: TerminalId::new(Uuid::from_u128(2)) },
        key: OpKey(number.to_le_bytes()),
        request_hash: RequestHash([7; 16]),
        action,
    }
}

pub fn issue(number: u128) -> Command {
    let action = Action::Issue {
        municipality: MunicipalityId::new(Uuid::from_u128(3)),
        programme: ProgrammeId::new(Uuid::from_u128(4)),
        amount: Cents::MAX,
        valid_from: Timestamp::EPOCH,
        expires_at: Timestamp::from_micros(i64::MAX / 2),
        pin: None,
    };
    command(number, action)
}

pub fn redeem(number: u128) -> Command {
    let credential = Credential { generation: 1, pin: None };
    let amount = Cents::new(1).unwrap();
    command(number, Action::Redeem { amount, credential, terms: Terms::OPEN })
}

pub fn voucher(at: u64) -> VoucherId {
    // the ends of an id are random: spread over threads as production's are
    let mixed = (at + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    VoucherId::new(Uuid::from_u128(u128::from(at) << 64 | u128::from(mixed)))
}

pub fn journal(folder: &Path) -> SqliteJournal {
    let mut journal = SqliteJournal::open(&folder.join("journal.db")).unwrap();
    journal.create(P).unwrap();
    journal
}

/// The engine over a SQLite journal in this folder.
pub fn start(folder: &Path) -> Vouchers {
    let (source, clock): (Arc<dyn Source>, Arc<dyn Clock>) = (Arc::new(Nobody), Arc::new(Machine));
    let options = Options { node: NodeId(1), idle: Duration::from_secs(900) };
    let primary = Primary { journal: Box::new(journal(folder)), partitions: vec![(P, Head::START)] };
    Vouchers::start(&options, vec![primary], &source, &clock, None).unwrap()
}

/// Brings vouchers into being, and into memory.
pub async fn issue_all(vouchers: &Vouchers, count: u64) {
    let all: Vec<_> = (0..count).collect();
    for some in all.chunks(10_000) {
        let issued = some.iter().map(|at| vouchers.execute(voucher(*at), issue(u128::from(*at)), FAR));
        for answer in futures_util::future::join_all(issued).await {
            answer.unwrap();
        }
        settle(vouchers).await;
    }
}

/// The ledger has caught up: what it holds is no longer remembered as news.
pub async fn settle(vouchers: &Vouchers) {
    for (partition, seq) in vouchers.barrier(FAR).await.unwrap() {
        vouchers.projected(partition, seq);
    }
}
