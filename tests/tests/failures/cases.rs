//! Everything that is tried, as a list.

use crate::arena::Kind::{self, Files, PostgresAlone, PostgresWithStandbys, RedisAndPostgres};
use crate::faults::Fault::Silence;
use crate::faults::Fault::{self, Any, CallFails, Clock, Freeze, FullDisk, FullMemory, Kill, Late, LoseAnswers};
use crate::faults::Fault::{LosePrimary, LoseRequests, NoStandby, OldLedger, OtherNode, PowerCut, Racing, SameFolder};
use crate::faults::Part::{Journal, Ledger, Node};
use crate::faults::Span;

const A_WHILE: Span = Span { short: (100, 1_500), long: (1_000, 60_000) };
/// Longer than an answer of the journal's server is waited for.
const TWENTY: Span = Span { short: (5_500, 6_000), long: (20_000, 20_000) };
const THIRTY: Span = Span { short: (500, 1_000), long: (30_000, 30_000) };
const CUT: Span = Span { short: (100, 1_000), long: (1_000, 30_000) };
/// Longer than a commit is waited for.
const AWAY: Span = Span { short: (5_500, 6_000), long: (6_000, 30_000) };
const DAY: i64 = 86_400;
const HOUR: i64 = 3_600;

#[derive(Clone, Copy)]
pub struct Case {
    pub name: &'static str,
    pub on: Kind,
    pub fault: Fault,
    pub times: u32,
}

impl Case {
    /// Kills have everyday tests of their own.
    pub const fn is_for_everyday(&self) -> bool {
        !matches!(self.fault, Kill(Node | Journal))
    }
}

const fn case(on: Kind, times: u32, fault: Fault, name: &'static str) -> Case {
    Case { name, on, fault, times }
}

pub const EVERYTHING: &[Case] = &[
    case(RedisAndPostgres, 10, Kill(Node), "kill -9 of the node"),
    case(RedisAndPostgres, 10, Kill(Journal), "kill -9 of Redis"),
    case(RedisAndPostgres, 5, Kill(Ledger), "kill -9 of Postgres"),
    case(RedisAndPostgres, 2, Freeze(Node, A_WHILE), "the node frozen for 1 to 60 s"),
    case(RedisAndPostgres, 2, Freeze(Journal, A_WHILE), "Redis frozen for 1 to 60 s"),
    case(RedisAndPostgres, 2, Freeze(Ledger, A_WHILE), "Postgres frozen for 1 to 60 s"),
    case(RedisAndPostgres, 1, Freeze(Journal, TWENTY), "Redis frozen for 20 s"),
    case(RedisAndPostgres, 1, Late(THIRTY), "an append delayed by 30 s, the node replaced meanwhile"),
    case(RedisAndPostgres, 2, LoseRequests(CUT), "the wire to Redis cut for 1 to 30 s: requests lost"),
    case(RedisAndPostgres, 2, LoseAnswers(CUT), "the wire to Redis cut for 1 to 30 s: answers lost"),
    case(RedisAndPostgres, 3, FullDisk(Journal), "the disk full under Redis"),
    case(RedisAndPostgres, 3, CallFails("fdatasync"), "fdatasync of Redis fails once (EIO)"),
    case(RedisAndPostgres, 5, PowerCut, "power cut: what Redis had not synced is gone"),
    case(RedisAndPostgres, 3, FullMemory, "Redis at maxmemory"),
    case(RedisAndPostgres, 1, Racing(2, 20), "two projectors more, Postgres killed 20 times"),
    case(RedisAndPostgres, 2, OldLedger, "Postgres restored from an earlier copy"),
    case(RedisAndPostgres, 2, SameFolder, "a second node on the same data folder"),
    case(RedisAndPostgres, 3, OtherNode, "a second node on the same stores"),
    case(RedisAndPostgres, 2, Clock(DAY), "the clock jumps a day forward"),
    case(RedisAndPostgres, 2, Clock(-HOUR), "the clock jumps an hour back"),
    case(RedisAndPostgres, 15, Any, "any of these, mixed"),
    case(PostgresAlone, 10, Kill(Node), "kill -9 of the node"),
    case(PostgresAlone, 10, Kill(Journal), "kill -9 of Postgres"),
    case(PostgresAlone, 2, Freeze(Journal, A_WHILE), "Postgres frozen for 1 to 60 s"),
    case(PostgresAlone, 1, Late(THIRTY), "an append delayed by 30 s, the node replaced meanwhile"),
    case(PostgresAlone, 2, LoseRequests(CUT), "the wire to Postgres cut for 1 to 30 s: requests lost"),
    case(PostgresAlone, 2, LoseAnswers(CUT), "the wire to Postgres cut for 1 to 30 s: answers lost"),
    case(PostgresAlone, 3, Silence, "nothing comes any more on the connections to Postgres that were there"),
    case(PostgresAlone, 3, OtherNode, "a second node on the same stores"),
    case(PostgresAlone, 15, Any, "any of these, mixed"),
    case(PostgresWithStandbys, 3, LosePrimary(CUT), "the primary lost for good, a standby promoted, the primary back"),
    case(PostgresWithStandbys, 3, Kill(Journal), "kill -9 of the primary, which comes back"),
    case(PostgresWithStandbys, 2, NoStandby(AWAY), "both standbys away for 6 to 30 s"),
    case(Files, 10, Kill(Node), "kill -9 of the node"),
    case(Files, 2, Freeze(Node, A_WHILE), "the node frozen for 1 to 60 s"),
    case(Files, 5, FullDisk(Node), "the disk full under the journal's file"),
    case(Files, 5, CallFails("fdatasync"), "fdatasync of the journal's log fails once (EIO)"),
    case(Files, 5, CallFails("pwrite64"), "a write to the journal's log fails once (EIO)"),
    case(Files, 2, SameFolder, "a second node on the same data folder"),
    case(Files, 2, Clock(DAY), "the clock jumps a day forward"),
    case(Files, 2, Clock(-HOUR), "the clock jumps an hour back"),
];
