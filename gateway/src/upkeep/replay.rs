//! A partition from its first record to its end, each against all that is known of it: the record before, the
//! ledger's row, what its voucher was, and whoever can testify from elsewhere.

use super::head::Marks;
use super::{Finding, damaged};
use domain::ids::{PartitionId, VoucherId};
use domain::record::{Body, Record};
use domain::voucher::{Entry, Event, Voucher};
use std::collections::{HashMap, VecDeque};
use store::journal::{Batch, Chain, GENESIS, Head, decode_record, link};
use store::ledger::{KeptRow, OperationRow};
use uuid::Uuid;

/// What somebody knows of a partition at a record.
pub(super) struct Witness {
    pub seq: u64,
    pub known: Known,
    /// Who knows it, for the operator.
    pub from: String,
}

/// In the order in which those of one record are heard: whoever can tell where it began first.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Known {
    /// How the chain over the facts alone begins.
    FactsBegin([u8; 8]),
    /// That whole chain.
    Facts(Chain),
    /// The chain over all records.
    Chain(Chain),
    /// The record itself.
    Record(Vec<u8>),
}

/// What the records so far led to.
pub(super) struct Replay {
    partition: PartitionId,
    checkpoint: Head,
    witnesses: VecDeque<Witness>,
    /// The last place at which a witness agreed with the facts.
    agreed: u64,
    pub head: Head,
    pub facts: Chain,
    pub marks: Marks,
    pub vouchers: HashMap<VoucherId, Voucher>,
    /// What rows say was reversed of an operation, less what reversals said: nothing in the end.
    reversed: HashMap<Uuid, i64>,
    /// Rows of the ledger that were held to their records.
    pub rows: u64,
}

impl Replay {
    pub fn new(partition: PartitionId, checkpoint: Head, mut witnesses: Vec<Witness>) -> Self {
        witnesses.sort_by(|one, two| (one.seq, &one.known).cmp(&(two.seq, &two.known)));
        Self {
            partition,
            checkpoint,
            witnesses: witnesses.into(),
            agreed: 0,
            head: Head::START,
            facts: GENESIS,
            marks: Marks::default(),
            vouchers: HashMap::new(),
            reversed: HashMap::new(),
            rows: 0,
        }
    }

    fn bad(&self, seq: u64, why: impl std::fmt::Display) -> Finding {
        damaged(format!("partition {}, record {seq}: {why}", self.partition))
    }

    /// Takes a record that only the ledger still has; openings are in the journal alone.
    pub fn kept(&mut self, row: &KeptRow) -> Result<(), Finding> {
        let seq = row.operation.seq.unsigned_abs();
        let record = decode_record(&row.record).map_err(|error| self.bad(seq, error))?;
        let Body::Entry(entry) = record.body else {
            return Err(self.bad(seq, "an opening stands among the facts"));
        };
        if record.seq != seq {
            return Err(self.bad(seq, format!("the record itself says that it is {}", record.seq)));
        }
        self.settle(seq - 1, None, None)?;
        self.fact(seq, &entry, &row.record)?;
        self.row(row, &entry)?;
        self.settle(seq, None, Some(&row.record))
    }

    /// The first batch that is still there begins behind `previous`.
    pub fn begin(&mut self, previous: Head) -> Result<(), Finding> {
        self.settle(previous.seq, Some(&previous.chain), None)?;
        self.head = previous;
        Ok(())
    }

    /// Takes a batch, and the rows that the ledger has of it.
    pub fn batch(&mut self, batch: &Batch, kept: &mut impl Iterator<Item = KeptRow>) -> Result<(), Finding> {
        batch.follows(&self.head).map_err(|error| self.bad(batch.first_seq(), error))?;
        for (index, &Record { seq, body, .. }) in batch.records().iter().enumerate() {
            let bytes = batch.record_bytes(index);
            if let Body::Entry(entry) = body {
                self.fact(seq, &entry, bytes)?;
                if seq <= self.checkpoint.seq {
                    let row = kept.next().filter(|row| row.operation.seq.unsigned_abs() == seq && row.record == bytes);
                    let row = row.ok_or_else(|| self.bad(seq, "it is not in the ledger as it is in the journal"))?;
                    self.row(&row, &entry)?;
                }
            }
            self.settle(seq, Some(batch.chain(index)), Some(bytes))?;
        }
        self.head = batch.head();
        let passed = batch.first_seq() <= self.checkpoint.seq && self.checkpoint.seq <= self.head.seq;
        if passed && self.head != self.checkpoint {
            return Err(self.bad(self.checkpoint.seq, "the ledger's chain is another one"));
        }
        Ok(())
    }

    fn fact(&mut self, seq: u64, entry: &Entry, bytes: &[u8]) -> Result<(), Finding> {
        let voucher = self.vouchers.entry(entry.voucher).or_insert_with(|| Voucher::new(entry.voucher));
        let applied = voucher.apply(entry);
        applied.map_err(|error| self.bad(seq, error))?;
        self.facts = link(&self.facts, bytes);
        Ok(())
    }

    /// Every column must say what the record says.
    fn row(&mut self, row: &KeptRow, entry: &Entry) -> Result<(), Finding> {
        let seq = row.operation.seq.unsigned_abs();
        let expected = OperationRow {
            reversed_cents: row.operation.reversed_cents,
            ..OperationRow::of(self.partition, seq, entry)
        };
        if row.operation != expected {
            return Err(self.bad(seq, "the ledger's columns do not say what the record says"));
        }
        self.rows += 1;
        if row.operation.reversed_cents != 0 {
            *self.reversed.entry(row.operation.id).or_default() += row.operation.reversed_cents;
        }
        if let Event::Reverse { target_operation, amount, .. } = entry.event {
            *self.reversed.entry(target_operation.uuid()).or_default() -= amount.get();
        }
        Ok(())
    }

    /// Hears everybody who knows something of the records up to here.
    fn settle(&mut self, seq: u64, chain: Option<&Chain>, bytes: Option<&[u8]>) -> Result<(), Finding> {
        self.marks.pass(seq, &self.facts);
        while let Some(witness) = self.witnesses.pop_front_if(|witness| witness.seq <= seq) {
            let here = witness.seq == seq;
            let agrees = match &witness.known {
                Known::FactsBegin(begin) => self.facts.starts_with(begin),
                Known::Facts(facts) => self.facts == *facts,
                // of records that were trimmed the chain is not known any more; that of the facts is
                Known::Chain(known) => !here || chain.is_none_or(|chain| chain == known),
                Known::Record(known) => here && bytes == Some(known.as_slice()),
            };
            match (agrees, &witness.known) {
                (true, Known::FactsBegin(_) | Known::Facts(_)) => self.agreed = witness.seq,
                (true, _) => {}
                (false, Known::FactsBegin(_) | Known::Facts(_)) => return Err(self.changed(&witness)),
                (false, Known::Chain(_)) => {
                    let why = format!("its chain is not the one in {}: an opening before it was changed", witness.from);
                    return Err(self.bad(witness.seq, why));
                }
                (false, Known::Record(_)) => {
                    return Err(self.bad(witness.seq, format!("it is not the one in {}", witness.from)));
                }
            }
        }
        Ok(())
    }

    fn changed(&self, witness: &Witness) -> Finding {
        let (partition, first, last, from) = (self.partition, self.agreed + 1, witness.seq, &witness.from);
        damaged(if first == last {
            format!("partition {partition} differs from {from} from record {first} on")
        } else {
            format!("partition {partition} differs from {from} from a record between {first} and {last} on")
        })
    }

    /// Everything is read.
    pub fn end(&self) -> Result<(), Finding> {
        if let Some(witness) = self.witnesses.front() {
            let why = format!("{} knows of it, and the journal ends at record {}", witness.from, self.head.seq);
            return Err(self.bad(witness.seq, why));
        }
        if let Some((operation, cents)) = self.reversed.iter().find(|(_, cents)| **cents != 0) {
            let why = format!("operation {operation}: its row says that {cents} cents more were reversed than were");
            return Err(damaged(format!("partition {}: {why}", self.partition)));
        }
        Ok(())
    }
}
