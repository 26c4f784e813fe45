//! A seeded world of tills, two owners and a journal that loses replies, delays bytes, runs out of
//! room and is taken over, driving the very [`Cell`] and [`Writer`] of production.
//!
//! Each seed is one history. What every till was told is compared with what the journal holds.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use domain::cents::Cents;
use domain::clock::Timestamp;
use domain::ids::{MunicipalityId, OperationId, PartitionId, ProgrammeId, ShopId, TerminalId, UserId, VoucherId};
use domain::keys::{OpKey, RequestHash};
use domain::record::{Body, NodeId};
use domain::voucher::{Action, Command, Credential, Entry, Event, Origin, Terms, Voucher};
use engine::cell::{Ask, Cell};
use engine::queue::Submission;
use engine::writer::{Io, IoResult, Phase, Writer};
use engine::{Answer, NotDone};
use std::collections::HashMap;
use std::sync::Arc;
use store::journal::{Batch, Head, Journal, JournalError, MemoryJournal};
use uuid::Uuid;

const P: PartitionId = PartitionId(0);
const VOUCHERS: u64 = 3;
const ISSUED: i64 = 1_000;

/// A small generator: the same seed is the same history on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.roll(100) < percent
    }
}

/// A rule of the protocol that is left out, to see that the simulator notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Without {
    Nothing,
    /// Refusals are answered at once, from speculative state.
    HeldRefusals,
    /// Successes are answered before they are durable.
    Durability,
    /// A failed append is called "not executed" without moving the fence.
    FenceBeforeReading,
    /// Keys are forgotten when a voucher is loaded again.
    DurableKeys,
    /// The journal takes any epoch.
    Epochs,
}

type Till = usize;

/// A request as a till sees it.
struct Request {
    voucher: VoucherId,
    key: u64,
    amount: i64,
    answers: Vec<(u64, Told)>,
    tries: u32,
    waiting: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Told {
    Done { balance: i64 },
    Declined,
    NotExecuted,
}

struct Node {
    id: NodeId,
    writer: Writer<(Till, u32)>,
    intake: Vec<Submission<(Till, u32)>>,
    cells: HashMap<VoucherId, Cell>,
    io: Option<Io>,
}

struct World {
    dice: Dice,
    without: Without,
    journal: MemoryJournal,
    /// Appends whose sender gave up: their bytes may land at any later time.
    limbo: Vec<(u64, Arc<Batch>)>,
    nodes: Vec<Node>,
    requests: Vec<Request>,
    now: u64,
    /// What a process found that cannot be.
    broken: Option<String>,
}

fn voucher(at: u64) -> VoucherId {
    VoucherId::new(Uuid::from_u128(u128::from(at + 1)))
}

fn till() -> Origin {
    Origin::Till { shop: ShopId::new(Uuid::from_u128(90)), terminal: TerminalId::new(Uuid::from_u128(91)) }
}

fn redeem(request: &Request, operation: u64) -> Command {
    let credential = Credential { generation: 1, pin: None };
    Command {
        operation: OperationId::new(Uuid::from_u128(u128::from(operation))),
        origin: till(),
        key: OpKey::of_shop(ShopId::new(Uuid::from_u128(90)), &request.key.to_string()),
        request_hash: RequestHash::of(&[&request.amount.to_le_bytes()]),
        action: Action::Redeem { amount: Cents::new(request.amount).unwrap(), credential, terms: Terms::OPEN },
    }
}

fn issue(voucher: VoucherId) -> Entry {
    let command = Command {
        operation: OperationId::new(Uuid::from_u128(u128::from(voucher.uuid().as_bytes()[15]) + (1 << 80))),
        origin: Origin::Staff(UserId::new(Uuid::from_u128(92))),
        key: OpKey::of(voucher.uuid(), "issue"),
        request_hash: RequestHash::of(&[]),
        action: Action::Issue {
            municipality: MunicipalityId::new(Uuid::from_u128(93)),
            programme: ProgrammeId::new(Uuid::from_u128(94)),
            amount: Cents::new(ISSUED).unwrap(),
            valid_from: Timestamp::EPOCH,
            expires_at: Timestamp::from_micros(i64::MAX / 2),
            pin: None,
        },
    };
    match domain::voucher::decide(&Voucher::new(voucher), &command, Timestamp::from_micros(1)) {
        domain::voucher::Decision::Record(entry) => entry,
        other => panic!("{other:?}"),
    }
}

impl World {
    fn new(seed: u64, without: Without) -> Self {
        let mut journal = MemoryJournal::default();
        journal.create(P).unwrap();
        let head = journal.open(P, NodeId(99), 0, Timestamp::EPOCH).unwrap().head;
        let bodies = (0..VOUCHERS).map(|at| Body::Entry(issue(voucher(at))));
        journal.append(P, head.seq, &Arc::new(Batch::encode(head.epoch, &head, bodies))).unwrap();
        let mut dice = Dice(seed);
        let requests = (0..10)
            .map(|key| Request {
                voucher: voucher(dice.roll(VOUCHERS)),
                key,
                amount: [100, 300, 500, 700][usize::try_from(dice.roll(4)).unwrap()],
                answers: Vec::new(),
                tries: 0,
                waiting: None,
            })
            .collect();
        let mut world =
            Self { dice, without, journal, limbo: Vec::new(), nodes: Vec::new(), requests, now: 10, broken: None };
        world.nodes.push(world.start(1));
        world
    }

    /// A process that just started, behind a ledger that holds nothing.
    fn start(&self, id: u64) -> Node {
        let writer = Writer::new(NodeId(id), Head::START);
        Node { id: NodeId(id), writer, intake: Vec::new(), cells: HashMap::new(), io: None }
    }

    fn entries(&mut self, upto: u64) -> Vec<Entry> {
        let batches = self.journal.read(P, 1, usize::MAX).unwrap();
        let records = batches.iter().flat_map(|batch| batch.records().to_vec());
        records
            .filter(|record| record.seq <= upto)
            .filter_map(|record| match record.body {
                Body::Entry(entry) => Some(entry),
                Body::Open { .. } => None,
            })
            .collect()
    }

    /// A till sends, for the first time or again.
    fn send(&mut self, at: Till) {
        let node_at = usize::try_from(self.dice.roll(self.nodes.len() as u64)).unwrap();
        let generation = self.nodes[node_at].writer.generation();
        if self.nodes[node_at].writer.phase() != Phase::Serving {
            return;
        }
        let voucher = self.requests[at].voucher;
        let stale = self.nodes[node_at].cells.get(&voucher).is_none_or(|cell| cell.generation() != generation);
        if stale {
            let upto = self.nodes[node_at].writer.head().seq;
            let mut entries = self.entries(upto);
            entries.retain(|entry| entry.voucher == voucher);
            if self.without == Without::DurableKeys {
                for (at, entry) in entries.iter_mut().enumerate() {
                    entry.key = OpKey([u8::try_from(at).unwrap(); 16]);
                }
            }
            match Cell::replay(Voucher::new(voucher), generation, &entries) {
                Ok(cell) => self.nodes[node_at].cells.insert(voucher, cell),
                Err(corrupt) => {
                    self.broken = Some(format!("a voucher does not replay: {corrupt}"));
                    return;
                }
            };
        }
        self.requests[at].tries += 1;
        self.requests[at].waiting = Some(self.now);
        let ticket = self.requests[at].tries;
        let operation = (at as u64 + 1) << 32 | u64::from(ticket);
        let ask = Ask::Execute(redeem(&self.requests[at], operation));
        let now = Timestamp::from_micros(i64::try_from(self.now).unwrap());
        let mut submitted = Vec::new();
        let node = &mut self.nodes[node_at];
        node.cells.get_mut(&voucher).unwrap().handle(&ask, now, (at, ticket), |s| submitted.push(s)).unwrap();
        for submission in &submitted {
            self.answer_early(at, submission);
        }
        self.nodes[node_at].intake.extend(submitted);
    }

    /// What the left-out rules would do.
    fn answer_early(&mut self, at: Till, submission: &Submission<(Till, u32)>) {
        let engine::queue::What::Fact(entry) = &submission.what else {
            return;
        };
        let declined = matches!(entry.event, Event::Decline { .. });
        if declined && self.without == Without::HeldRefusals {
            self.requests[at].answers.push((self.now, Told::Declined));
        }
        if !declined && self.without == Without::Durability {
            self.requests[at].answers.push((self.now, Told::Done { balance: entry.balance_after.get() }));
        }
    }

    /// One step of one process: it either begins to talk to the journal or hears from it.
    fn step(&mut self, at: usize) {
        let Some(io) = self.nodes[at].io.take() else {
            let now = Timestamp::from_micros(i64::try_from(self.now).unwrap());
            let node = &mut self.nodes[at];
            let io = node.writer.next(&mut node.intake, now);
            node.io = (!matches!(io, Io::Idle | Io::Pause)).then_some(io);
            self.deliver(at);
            return;
        };
        let result = self.perform(at, io);
        if self.without == Without::FenceBeforeReading
            && matches!(result, IoResult::Appended(Err(JournalError::Unknown(_))))
        {
            // the waiters are told at once that nothing happened
            for request in &mut self.requests {
                if request.waiting.take().is_some() {
                    request.answers.push((self.now, Told::NotExecuted));
                }
            }
        }
        self.nodes[at].writer.done(result);
        self.deliver(at);
    }

    fn lost<T>() -> Result<T, JournalError> {
        Err(JournalError::Unknown("the reply was lost".into()))
    }

    /// The journal as a network shows it: things happen and are not told, or happen later.
    fn perform(&mut self, at: usize, io: Io) -> IoResult {
        let (node, fault) = (self.nodes[at].id, self.dice.roll(100));
        let now = Timestamp::from_micros(i64::try_from(self.now).unwrap());
        match io {
            Io::Head => IoResult::Head(if fault < 3 { Self::lost() } else { self.journal.head(P) }),
            Io::Read { from_seq } => {
                IoResult::Read(if fault < 3 { Self::lost() } else { self.journal.read(P, from_seq, 500) })
            }
            Io::Check { epoch } => {
                IoResult::Checked(if fault < 3 { Self::lost() } else { self.journal.check(P, epoch) })
            }
            Io::Open { expected_epoch, at } => IoResult::Opened(match fault {
                0..4 => Self::lost(),
                4..8 => self.journal.open(P, node, expected_epoch, at).and_then(|_| Self::lost()),
                _ => self.journal.open(P, node, expected_epoch, at),
            }),
            Io::Append { previous_seq, batch } => IoResult::Appended(match fault {
                0..4 => Self::lost(),
                4..8 => {
                    self.limbo.push((previous_seq, batch));
                    Self::lost()
                }
                8..12 => self.append(previous_seq, &batch).and_then(|()| Self::lost()),
                _ => self.append(previous_seq, &batch),
            }),
            Io::Idle | Io::Pause => IoResult::Head(Ok(Head { seq: 0, epoch: 0, chain: [now.micros() as u8; 32] })),
        }
    }

    fn append(&mut self, previous_seq: u64, batch: &Arc<Batch>) -> Result<(), JournalError> {
        let done = self.journal.append(P, previous_seq, batch);
        if self.without != Without::Epochs || done.is_ok() {
            return done;
        }
        // written again behind whatever is there, as a plain log would
        let head = self.journal.head(P).unwrap();
        let bodies: Vec<Body> = batch.records().iter().map(|record| record.body).collect();
        self.journal.append(P, head.seq, &Arc::new(Batch::encode(head.epoch, &head, bodies.into_iter())))
    }

    fn deliver(&mut self, at: usize) {
        let released: Vec<_> = self.nodes[at].writer.drain().collect();
        for ((till, ticket), verdict) in released {
            let request = &mut self.requests[till];
            // a till that asked again no longer hears the first answer, but both are true
            let heard = ticket == request.tries && !self.dice.chance(8);
            let told = match verdict {
                Ok(Answer::Recorded { entry, .. }) => match entry.event {
                    Event::Decline { .. } => Told::Declined,
                    _ => Told::Done { balance: entry.balance_after.get() },
                },
                Ok(Answer::Known(outcome)) if outcome.decline.is_some() => Told::Declined,
                Ok(Answer::Known(outcome)) => Told::Done { balance: outcome.balance_after.get() },
                Err(NotDone::NotExecuted) => Told::NotExecuted,
                Ok(other) => panic!("{other:?}"),
                Err(NotDone::Stale | NotDone::Unknown | NotDone::Halted) => continue,
            };
            if heard {
                request.answers.push((self.now, told));
                request.waiting = None;
            }
        }
    }

    fn turn(&mut self) {
        self.now += 1;
        match self.dice.roll(100) {
            0..40 => {
                let at = usize::try_from(self.dice.roll(self.requests.len() as u64)).unwrap();
                let patient = self.requests[at].waiting.is_some_and(|since| self.now - since < 30);
                let settled = self.requests[at].answers.iter().any(|(_, told)| *told != Told::NotExecuted);
                if !patient && (!settled || self.dice.chance(20)) {
                    self.send(at);
                }
            }
            40..94 => {
                let at = usize::try_from(self.dice.roll(self.nodes.len() as u64)).unwrap();
                self.step(at);
            }
            94..97 => self.land(),
            // kill -9 and a new start: everything in memory is gone
            97 => {
                let at = usize::try_from(self.dice.roll(self.nodes.len() as u64)).unwrap();
                self.abandon(at);
                let id = self.now;
                self.nodes[at] = self.start(id);
            }
            // a second owner takes over while the first still lives
            98 if self.nodes.len() < 2 => {
                let node = self.start(self.now);
                self.nodes.push(node);
            }
            _ => {}
        }
    }

    /// A dead process' bytes may still be under way.
    fn abandon(&mut self, at: usize) {
        if let Some(Io::Append { previous_seq, batch }) = self.nodes[at].io.take()
            && self.dice.chance(50)
        {
            self.limbo.push((previous_seq, batch));
        }
    }

    fn land(&mut self) {
        if !self.limbo.is_empty() {
            let at = usize::try_from(self.dice.roll(self.limbo.len() as u64)).unwrap();
            let (previous_seq, batch) = self.limbo.swap_remove(at);
            let _ = self.append(previous_seq, &batch);
        }
    }

    /// The first thing that a till was told and that is not so.
    fn breach(&mut self) -> Option<String> {
        if self.broken.is_some() {
            return self.broken.take();
        }
        while !self.limbo.is_empty() {
            self.land();
        }
        let entries = self.entries(u64::MAX);
        let mut vouchers: HashMap<VoucherId, Voucher> = HashMap::new();
        for entry in &entries {
            let state = vouchers.entry(entry.voucher).or_insert_with(|| Voucher::new(entry.voucher));
            if let Err(corrupt) = state.apply(entry) {
                return Some(format!("the journal does not replay: {corrupt}"));
            }
        }
        for request in &self.requests {
            let key = redeem(request, 0).key;
            let held: Vec<&Entry> = entries.iter().filter(|entry| entry.key == key).collect();
            if held.len() > 1 {
                return Some(format!("key {} has {} outcomes", request.key, held.len()));
            }
            let outcome = held.first().map(|entry| match entry.event {
                Event::Decline { .. } => Told::Declined,
                _ => Told::Done { balance: entry.balance_after.get() },
            });
            let last = request.answers.last().map(|(_, told)| told);
            for (_, told) in &request.answers {
                match told {
                    Told::NotExecuted if last == Some(told) && request.waiting.is_none() && outcome.is_some() => {
                        return Some(format!("key {} was not executed and is there: {outcome:?}", request.key));
                    }
                    Told::NotExecuted => {}
                    told if Some(told) != outcome.as_ref() => {
                        return Some(format!("key {}: told {told:?}, holds {outcome:?}", request.key));
                    }
                    _ => {}
                }
            }
        }
        None
    }
}

fn history(seed: u64, without: Without) -> Option<String> {
    let mut world = World::new(seed, without);
    for _ in 0..400 {
        world.turn();
    }
    world.breach()
}

/// How many seeds: more with `make simulate`.
fn seeds() -> u64 {
    std::env::var("BUONO_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(4_000)
}

#[test]
fn the_protocol_keeps_every_promise() {
    let mut answered = 0;
    for seed in 0..seeds() {
        assert_eq!(history(seed, Without::Nothing), None, "seed {seed}");
        if seed % 100 == 0 {
            let mut world = World::new(seed, Without::Nothing);
            (0..400).for_each(|_| world.turn());
            answered += world.requests.iter().filter(|request| !request.answers.is_empty()).count();
        }
    }
    assert!(answered > 0, "the world answers nobody: it proves nothing");
}

#[test]
fn without_any_one_rule_money_is_lost() {
    for without in
        [Without::HeldRefusals, Without::Durability, Without::FenceBeforeReading, Without::DurableKeys, Without::Epochs]
    {
        let found = (0..seeds()).find_map(|seed| history(seed, without));
        assert!(found.is_some(), "{without:?} was left out and nothing was noticed");
    }
}
