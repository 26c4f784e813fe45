//! What the writer makes of everything that a journal can say to it.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::commands::{facts, issue, redeem, voucher};
use domain::clock::Timestamp;
use domain::record::{Body, NodeId};
use domain::voucher::Entry;
use engine::queue::{Submission, What};
use engine::writer::{BATCH_LEN_MAX, Io, IoResult, Phase, Writer};
use engine::{Answer, Halt, NotDone, Proof};
use std::sync::Arc;
use store::journal::{Batch, Head, JournalError, Opened};

const NODE: NodeId = NodeId(7);
const OTHER: NodeId = NodeId(8);

/// A writer, and a journal that says what the test wants.
struct Bench {
    writer: Writer<u32>,
    intake: Vec<Submission<u32>>,
}

fn opening(previous: &Head, node: NodeId, epoch: u64) -> Arc<Batch> {
    let open = Body::Open { node, at: Timestamp::from_micros(1) };
    Arc::new(Batch::encode(epoch, previous, std::iter::once(open)))
}

fn written(previous: &Head, entries: &[Entry]) -> Arc<Batch> {
    Arc::new(Batch::encode(previous.epoch, previous, entries.iter().map(|entry| Body::Entry(*entry))))
}

fn unknown<T>() -> Result<T, JournalError> {
    Err(JournalError::Unknown("no answer".to_owned()))
}

fn entries(count: u128) -> Vec<Entry> {
    let commands: Vec<_> = std::iter::once(issue(1, 5_000)).chain((2..=count).map(|n| redeem(n, 1))).collect();
    facts(voucher(1), &commands)
}

impl Bench {
    /// It knows nothing yet.
    fn new() -> Self {
        Self { writer: Writer::new(NODE, Head::START), intake: Vec::new() }
    }

    /// It serves behind its own opening, record 1 in epoch 1.
    fn serving() -> Self {
        let mut bench = Self::new();
        bench.hears(IoResult::Head(Ok(Head::START)));
        bench.opens(&Head::START, 1);
        bench
    }

    fn opens(&mut self, previous: &Head, epoch: u64) {
        let open = opening(previous, NODE, epoch);
        self.hears(IoResult::Opened(Ok(Opened { head: open.head() })));
        assert_eq!(self.hears(IoResult::Read(Ok(vec![open]))), Phase::Serving);
    }

    fn submit(&mut self, ticket: u32, what: What) {
        let generation = self.writer.generation();
        self.intake.push(Submission { generation, what, reply: Some(ticket) });
    }

    fn next(&mut self) -> Io {
        self.writer.next(&mut self.intake, Timestamp::from_micros(1))
    }

    /// Does what is next, hears this of it, and says where the writer is then.
    fn hears(&mut self, result: IoResult) -> Phase {
        self.next();
        self.writer.done(result);
        self.writer.phase()
    }

    /// Who was answered what.
    fn said(&mut self) -> Vec<(u32, Result<u64, NotDone>)> {
        let place = |answer: Answer| match answer {
            Answer::Recorded { entry, proof: Proof::Batch(batch, index) } => {
                assert_eq!(batch.records()[index].body, Body::Entry(*entry), "the receipt would prove something else");
                batch.records()[index].seq
            }
            _ => 0,
        };
        self.writer.drain().map(|(ticket, verdict)| (ticket, verdict.map(place))).collect()
    }
}

/// Two facts and a look at the voucher, on their way to the journal.
fn under_way() -> (Bench, Arc<Batch>) {
    let mut bench = Bench::serving();
    for (ticket, entry) in (1..).zip(entries(2)) {
        bench.submit(ticket, What::Fact(Box::new(entry)));
    }
    bench.submit(3, What::Answer(Answer::Unchanged));
    match bench.next() {
        Io::Append { previous_seq: 1, batch } => (bench, batch),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_cannot_be_halts_the_partition() {
    let damaged = || JournalError::Corrupt("a bit".to_owned());
    let halted = |bench: &mut Bench, result| bench.hears(result);
    let newer = (JournalError::UnknownForm(2), Halt::UnknownForm);
    for (error, why) in [(JournalError::NoFence, Halt::NoFence), (damaged(), Halt::DamagedJournal), newer] {
        assert_eq!(halted(&mut Bench::new(), IoResult::Head(Err(error.clone()))), Phase::Halted(why));
        let mut asking = Bench::new();
        asking.hears(IoResult::Head(Ok(Head::START)));
        assert_eq!(halted(&mut asking, IoResult::Opened(Err(error.clone()))), Phase::Halted(why));
        let mut serving = Bench::serving();
        serving.submit(1, What::Fact(Box::new(entries(1)[0])));
        assert_eq!(halted(&mut serving, IoResult::Appended(Err(error.clone()))), Phase::Halted(why));
        assert_eq!(serving.said(), [(1, Err(NotDone::Unknown))]);
        let mut reading = Bench::serving();
        reading.submit(1, What::Answer(Answer::Unchanged));
        assert_eq!(halted(&mut reading, IoResult::Checked(Err(error))), Phase::Halted(why));
        assert_eq!(reading.said(), [(1, Err(NotDone::Halted))]);
        reading.submit(2, What::Answer(Answer::Unchanged));
        assert!(matches!(reading.next(), Io::Idle), "nothing is done to a journal that only an operator can judge");
        assert_eq!(reading.said(), [(2, Err(NotDone::Halted))]);
    }
}

#[test]
fn a_journal_that_does_not_chain_halts_the_partition() {
    let alien = opening(&Head { chain: [9; 32], ..Head::START }, OTHER, 1);
    let mut bench = Bench::new();
    bench.hears(IoResult::Head(Ok(alien.head())));
    bench.hears(IoResult::Opened(Ok(Opened { head: opening(&alien.head(), NODE, 2).head() })));
    assert_eq!(bench.hears(IoResult::Read(Ok(vec![alien]))), Phase::Halted(Halt::DamagedJournal));
    // it chains, and leads to another end than the one that was acknowledged
    let mut bench = Bench::new();
    bench.hears(IoResult::Head(Ok(Head::START)));
    bench.hears(IoResult::Opened(Ok(Opened { head: opening(&Head::START, NODE, 1).head() })));
    let other = opening(&Head::START, OTHER, 1);
    assert_eq!(bench.hears(IoResult::Read(Ok(vec![other]))), Phase::Halted(Halt::DamagedJournal));
}

#[test]
fn an_old_copy_of_the_journal_halts_the_partition() {
    let checkpoint = Head { epoch: 2, seq: 9, chain: [1; 32] };
    let mut behind = Bench { writer: Writer::new(NODE, checkpoint), intake: Vec::new() };
    let shorter = Head { epoch: 2, seq: 8, chain: [1; 32] };
    assert_eq!(behind.hears(IoResult::Head(Ok(shorter))), Phase::Halted(Halt::JournalBehindLedger));
    // the copy takes the place of the journal while it is in use
    let (mut bench, batch) = under_way();
    bench.writer.done(IoResult::Appended(Ok(())));
    bench.said();
    bench.submit(4, What::Answer(Answer::Unchanged));
    bench.hears(IoResult::Checked(unknown()));
    let open = opening(&Head { epoch: 1, ..Head::START }, NODE, 2);
    assert!(open.head().seq < batch.head().seq, "two records that were answered are gone");
    let phase = bench.hears(IoResult::Opened(Ok(Opened { head: open.head() })));
    assert_eq!(phase, Phase::Halted(Halt::JournalBehindLedger));
    assert_eq!(bench.said(), [(4, Err(NotDone::Halted))]);
}

#[test]
fn an_old_copy_that_comes_while_the_partition_catches_up_halts_it() {
    let catching_up = |seen: Head| {
        let mut bench = Bench::new();
        bench.hears(IoResult::Head(Ok(Head::START)));
        bench.hears(IoResult::Opened(Ok(Opened { head: opening(&Head::START, NODE, 1).head() })));
        assert_eq!(bench.hears(IoResult::Read(Ok(vec![]))), Phase::Asking, "its own opening is not there");
        assert!(matches!(bench.next(), Io::Pause), "it is not asked without end");
        bench.hears(IoResult::Head(Ok(seen)))
    };
    assert_eq!(catching_up(Head::START), Phase::Halted(Halt::JournalBehindLedger));
    assert_eq!(catching_up(opening(&Head::START, NODE, 1).head()), Phase::Opening, "it was there after all");
}

#[test]
fn after_an_unknown_outcome_the_journal_decides() {
    for landed in [true, false] {
        let (mut bench, batch) = under_way();
        bench.writer.done(IoResult::Appended(unknown()));
        assert_eq!(
            (bench.writer.phase(), bench.said()),
            (Phase::Opening, vec![]),
            "nobody is told before the fence moved"
        );
        bench.submit(4, What::Answer(Answer::Unchanged));
        let before = if landed { batch.head() } else { opening(&Head::START, NODE, 1).head() };
        let open = opening(&before, NODE, 2);
        bench.hears(IoResult::Opened(Ok(Opened { head: open.head() })));
        assert_eq!(bench.said(), [(4, Err(NotDone::Stale))], "it was never under way");
        let read = if landed { vec![batch, open] } else { vec![open] };
        assert_eq!(bench.hears(IoResult::Read(Ok(read))), Phase::Serving);
        let told = if landed { [Ok(2), Ok(3)] } else { [Err(NotDone::NotExecuted); 2] };
        assert_eq!(bench.said(), [(1, told[0]), (2, told[1]), (3, Err(NotDone::Stale))]);
    }
}

#[test]
fn another_fact_in_the_same_place_is_not_taken_for_the_own_one() {
    let (mut bench, _) = under_way();
    bench.writer.done(IoResult::Appended(unknown()));
    // somebody else issued the voucher in the meantime, under another key
    let other = facts(voucher(1), &[issue(9, 7_000)]);
    let taken_over = opening(&opening(&Head::START, NODE, 1).head(), OTHER, 2);
    let theirs = written(&taken_over.head(), &other);
    let open = opening(&theirs.head(), NODE, 3);
    bench.hears(IoResult::Opened(Ok(Opened { head: open.head() })));
    assert_eq!(bench.hears(IoResult::Read(Ok(vec![taken_over, theirs, open]))), Phase::Serving);
    let nothing = Err(NotDone::NotExecuted);
    assert_eq!(bench.said(), [(1, nothing), (2, nothing), (3, Err(NotDone::Stale))]);
}

#[test]
fn a_fenced_owner_steps_down_and_claims_nothing() {
    let (mut bench, _) = under_way();
    bench.writer.done(IoResult::Appended(Err(JournalError::Fenced)));
    assert_eq!(bench.writer.phase(), Phase::SteppedDown);
    assert_eq!(bench.said(), [(1, Err(NotDone::Unknown)), (2, Err(NotDone::Unknown)), (3, Err(NotDone::Moved))]);
    bench.submit(4, What::Fact(Box::new(entries(1)[0])));
    assert!(matches!(bench.next(), Io::Idle));
    assert_eq!(bench.said(), [(4, Err(NotDone::Moved))]);
}

#[test]
fn a_partition_is_laid_down_between_batches_and_taken_up_behind_what_others_wrote() {
    let (mut bench, batch) = under_way();
    assert!(!bench.writer.lay_down(), "somebody waits");
    bench.writer.done(IoResult::Appended(unknown()));
    assert!(!bench.writer.lay_down(), "nobody knows yet what became of it");
    let (mut bench, _) = under_way();
    bench.writer.done(IoResult::Appended(Ok(())));
    bench.said();
    let generation = bench.writer.generation();
    assert!(bench.writer.lay_down() && bench.writer.lay_down());
    assert_eq!((bench.writer.phase(), bench.writer.generation()), (Phase::SteppedDown, generation + 1));
    bench.submit(5, What::Fact(Box::new(entries(1)[0])));
    assert!(matches!(bench.next(), Io::Idle));
    assert_eq!(bench.said(), [(5, Err(NotDone::Moved))], "it was never on its way");
    // another node had it meanwhile, and the ledger holds some of what that one wrote
    let theirs = opening(&batch.head(), OTHER, 2);
    let more = written(&theirs.head(), &facts(voucher(2), &[issue(9, 7_000)]));
    assert!(bench.writer.take_up(theirs.head(), theirs.head().seq));
    assert_eq!((bench.writer.phase(), bench.writer.generation()), (Phase::Asking, generation + 2));
    bench.hears(IoResult::Head(Ok(more.head())));
    assert!(matches!(bench.next(), Io::Open { expected_epoch: 2, .. }));
    let open = opening(&more.head(), NODE, 3);
    bench.writer.done(IoResult::Opened(Ok(Opened { head: open.head() })));
    assert!(matches!(bench.next(), Io::Read { from_seq: 5 }), "it reads behind the ledger, not behind itself");
    bench.writer.done(IoResult::Read(Ok(vec![more, open])));
    assert_eq!(bench.writer.phase(), Phase::Serving);
    assert!(bench.writer.take_up(Head::START, 0) && bench.writer.phase() == Phase::Serving, "it is up already");
}

/// Journal and ledger of one database are exchanged together, and then agree with each other.
#[test]
fn a_journal_that_ends_before_what_this_node_once_saw_is_an_old_copy() {
    let end = opening(&Head::START, OTHER, 1).head();
    for (seen_seq, expected) in [(end.seq, Phase::Opening), (end.seq + 1, Phase::Halted(Halt::JournalBehindLedger))] {
        let mut bench = Bench { writer: Writer::resting(NODE), intake: Vec::new() };
        assert!(bench.writer.take_up(Head::START, seen_seq));
        assert_eq!(bench.hears(IoResult::Head(Ok(end))), expected);
    }
}

#[test]
fn what_is_halted_stays_so_whoever_has_it() {
    let (mut bench, _) = under_way();
    bench.writer.done(IoResult::Appended(Err(JournalError::NoFence)));
    assert!(bench.writer.lay_down() && bench.writer.take_up(Head::START, 0));
    assert_eq!(bench.writer.phase(), Phase::Halted(Halt::NoFence));
}

#[test]
fn an_opening_whose_reply_was_lost_is_recognised_however_much_lies_before_it() {
    for (opener, expected) in [(NODE, Phase::Opening), (OTHER, Phase::SteppedDown)] {
        let (mut bench, batch) = under_way();
        bench.writer.done(IoResult::Appended(unknown()));
        bench.hears(IoResult::Opened(Err(JournalError::Race { current: 4 })));
        // three more openings, of which only the last counts, one read at a time
        let second = opening(&batch.head(), OTHER, 2);
        let third = opening(&second.head(), NODE, 3);
        let last = opening(&third.head(), opener, 4);
        for read in [batch, second, third] {
            let from = read.first_seq();
            assert!(matches!(bench.next(), Io::Read { from_seq } if from_seq == from), "it reads on from {from}");
            bench.writer.done(IoResult::Read(Ok(vec![read])));
            assert!(matches!(bench.writer.phase(), Phase::Inspecting { .. }), "{:?}", bench.writer.phase());
        }
        assert_eq!(bench.hears(IoResult::Read(Ok(vec![last]))), expected);
    }
}

#[test]
fn an_opening_of_another_that_a_power_cut_took_back_is_nobodys() {
    let (mut bench, _) = under_way();
    bench.writer.done(IoResult::Appended(unknown()));
    bench.hears(IoResult::Opened(Err(JournalError::Race { current: 2 })));
    assert_eq!(bench.hears(IoResult::Read(Ok(Vec::new()))), Phase::Opening);
    assert!(matches!(bench.next(), Io::Open { expected_epoch: 1, .. }), "it opens behind its own epoch, and no other");
}

#[test]
fn an_own_opening_that_a_power_cut_took_back_is_made_again() {
    let (mut bench, batch) = under_way();
    bench.writer.done(IoResult::Appended(unknown()));
    bench.hears(IoResult::Opened(Err(JournalError::Race { current: 2 })));
    let own = opening(&batch.head(), NODE, 2);
    assert_eq!(bench.hears(IoResult::Read(Ok(vec![batch, own]))), Phase::Opening);
    assert!(matches!(bench.next(), Io::Open { expected_epoch: 2, .. }), "it opens behind what it has seen");
    bench.hears(IoResult::Opened(Err(JournalError::Race { current: 1 })));
    assert_eq!(bench.hears(IoResult::Read(Ok(Vec::new()))), Phase::Opening);
    assert!(matches!(bench.next(), Io::Open { expected_epoch: 1, .. }), "and now behind what is there");
}

#[test]
fn an_epoch_that_went_back_is_a_journal_that_lost_records() {
    let (mut bench, _) = under_way();
    bench.writer.done(IoResult::Appended(unknown()));
    let phase = bench.hears(IoResult::Opened(Err(JournalError::Race { current: 0 })));
    assert_eq!(phase, Phase::Halted(Halt::JournalBehindLedger));
}

#[test]
fn a_batch_is_bounded_and_answers_keep_their_order() {
    let mut bench = Bench::serving();
    let count = BATCH_LEN_MAX as u32 + 10;
    for (ticket, entry) in (0..count).zip(entries(u128::from(count))) {
        bench.submit(ticket, What::Fact(Box::new(entry)));
        if ticket % 1_000 == 0 {
            bench.submit(count + ticket, What::Answer(Answer::Unchanged));
        }
    }
    let mut told = Vec::new();
    for expected in [BATCH_LEN_MAX, 10] {
        let Io::Append { batch, .. } = bench.next() else { panic!("nothing to append") };
        assert_eq!(batch.len(), expected);
        bench.writer.done(IoResult::Appended(Ok(())));
        told.extend(bench.said());
    }
    let recorded: Vec<u32> = told.iter().map(|(ticket, _)| *ticket).filter(|ticket| *ticket < count).collect();
    assert_eq!(recorded, (0..count).collect::<Vec<_>>());
    let (place, _) = told.iter().enumerate().find(|(_, (ticket, _))| *ticket == count + 1_000).unwrap();
    assert_eq!(told[place - 1].0, 1_000, "a look is answered right behind what it was decided on");
}

#[test]
fn what_was_decided_in_an_earlier_life_is_void() {
    let mut bench = Bench::serving();
    for (ticket, entry) in (1..).zip(entries(2)) {
        bench.submit(ticket, What::Fact(Box::new(entry)));
    }
    bench.intake[0].generation -= 1;
    let Io::Append { batch, .. } = bench.next() else { panic!("nothing to append") };
    assert_eq!(batch.len(), 1);
    assert_eq!(bench.said(), [(1, Err(NotDone::Stale))]);
}
