//! Many records as one immutable piece of bytes: the unit of append.
//!
//! A row for each debit costs two to thirty times as much in every store as a batch of them does.

use super::encoding::{DecodeError, decode_record, encode_record};
use super::{Chain, Head, JournalError};
use crate::receipt::SignedTree;
use domain::clock::Timestamp;
use domain::record::{Body, NodeId, Record};
use std::sync::{Arc, OnceLock};

/// The first byte of every batch.
const VERSION: u8 = 1;
const HEADER_LEN: usize = 1 + 4 + 32;
/// A guess at the length of a record, to reserve space with.
const RECORD_LEN_TYPICAL: usize = 192;

/// A batch: never empty, immutable, shared by everyone whose answer it carries.
///
/// `version u8 ‖ count u32 ‖ chain before ‖ count × (length u16 ‖ record) ‖ chain after`
#[derive(Debug)]
pub struct Batch {
    bytes: Vec<u8>,
    first_seq: u64,
    epoch: u64,
    before: Chain,
    places: Vec<Place>,
    /// Read once they are asked for: whoever wrote the batch rarely does.
    records: OnceLock<Vec<Record>>,
    tree: OnceLock<SignedTree>,
}

/// Where a record ends, and the chain up to it. It begins behind the one before and two bytes of length.
#[derive(Debug)]
struct Place {
    end: usize,
    chain: Chain,
}

/// The chain up to and with a record.
#[must_use]
pub fn link(before: &Chain, record: &[u8]) -> Chain {
    let mut hasher = blake3::Hasher::new();
    hasher.update(before);
    hasher.update(record);
    *hasher.finalize().as_bytes()
}

/// Whether the fence stands where the last batch ends: otherwise one of them is not what was written.
pub(super) fn vouched_for(last: Option<&Batch>, fence: &Head) -> Result<(), JournalError> {
    let end = last.map_or(Head::START, Batch::head);
    if end == *fence {
        return Ok(());
    }
    Err(JournalError::Corrupt(format!("the fence stands at record {}, the last batch ends at {}", fence.seq, end.seq)))
}

/// Whether the batches follow each other, and what is stored, if anything is, and end no later than `end`.
pub(super) fn continues(stored: Option<Head>, batches: &[Arc<Batch>], end: &Head) -> bool {
    let mut at = stored;
    let linked = batches.iter().all(|batch| {
        let follows = at.is_none_or(|at| batch.follows(&at).is_ok());
        at = Some(batch.head());
        follows
    });
    linked && at.is_none_or(|at| at.seq < end.seq || at == *end)
}

impl Batch {
    /// Encodes the bodies as the records that follow `previous`, in `epoch`.
    pub fn encode(epoch: u64, previous: &Head, bodies: impl Iterator<Item = Body>) -> Self {
        let expected = bodies.size_hint().1.unwrap_or(1);
        let mut bytes = Vec::with_capacity(HEADER_LEN + 32 + expected * RECORD_LEN_TYPICAL);
        bytes.push(VERSION);
        bytes.extend_from_slice(&[0; 4]);
        bytes.extend_from_slice(&previous.chain);
        let mut places = Vec::with_capacity(expected);
        let (mut seq, mut chain) = (previous.seq, previous.chain);
        for body in bodies {
            seq += 1;
            bytes.extend_from_slice(&[0; 2]);
            let start = bytes.len();
            encode_record(&Record { seq, epoch, body }, &mut bytes);
            let end = bytes.len();
            // a record is some two hundred bytes, whatever it says
            let len = u16::try_from(end - start).unwrap_or(u16::MAX);
            bytes[start - 2..start].copy_from_slice(&len.to_le_bytes());
            chain = link(&chain, &bytes[start..end]);
            places.push(Place { end, chain });
        }
        let count = u32::try_from(places.len()).unwrap_or(u32::MAX);
        bytes[1..5].copy_from_slice(&count.to_le_bytes());
        bytes.extend_from_slice(&chain);
        let (records, tree) = (OnceLock::new(), OnceLock::new());
        Self { bytes, first_seq: previous.seq + 1, epoch, before: previous.chain, places, records, tree }
    }

    /// The one record by which `node` begins the epoch after `previous`.
    pub(super) fn opening(previous: &Head, node: NodeId, at: Timestamp) -> Self {
        Self::encode(previous.epoch + 1, previous, std::iter::once(Body::Open { node, at }))
    }

    /// Reads a batch and checks everything that can be checked without its neighbours.
    ///
    /// # Errors
    /// [`DecodeError`]; no bytes make it panic.
    pub fn decode(bytes: Vec<u8>) -> Result<Self, DecodeError> {
        let version = *bytes.first().ok_or(DecodeError::Short)?;
        if version != VERSION {
            return Err(DecodeError::Form(version));
        }
        let count = u32::from_le_bytes(chunk(&bytes, 1)?);
        let before: Chain = chunk(&bytes, 5)?;
        if count == 0 {
            return Err(DecodeError::Field("count"));
        }
        let (mut places, mut records) = (Vec::new(), Vec::<Record>::new());
        let (mut at, mut chain) = (HEADER_LEN, before);
        for _ in 0..count {
            let start = at + 2;
            let end = start + usize::from(u16::from_le_bytes(chunk(&bytes, at)?));
            let raw = bytes.get(start..end).ok_or(DecodeError::Short)?;
            let record = decode_record(raw)?;
            if records.last().is_some_and(|last| last.seq + 1 != record.seq || last.epoch != record.epoch) {
                return Err(DecodeError::Order { seq: record.seq });
            }
            chain = link(&chain, raw);
            places.push(Place { end, chain });
            records.push(record);
            at = end;
        }
        let (first_seq, epoch) = records.first().map_or((0, 0), |first| (first.seq, first.epoch));
        if chunk::<32>(&bytes, at)? != chain {
            return Err(DecodeError::Chain { seq: first_seq });
        }
        if bytes.len() != at + 32 {
            return Err(DecodeError::Long);
        }
        Ok(Self { bytes, first_seq, epoch, before, places, records: records.into(), tree: OnceLock::new() })
    }

    /// Whether the batch continues the journal behind `previous`.
    ///
    /// # Errors
    /// [`DecodeError::Order`] or [`DecodeError::Chain`].
    pub fn follows(&self, previous: &Head) -> Result<(), DecodeError> {
        let seq = self.first_seq();
        if seq != previous.seq + 1 || self.epoch() < previous.epoch {
            return Err(DecodeError::Order { seq });
        }
        if self.before != previous.chain { Err(DecodeError::Chain { seq }) } else { Ok(()) }
    }

    /// The bytes to store.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// How many records there are; at least one.
    #[must_use]
    #[allow(clippy::len_without_is_empty, reason = "a batch is never empty")]
    pub const fn len(&self) -> usize {
        self.places.len()
    }

    /// The place of the first record.
    #[must_use]
    pub const fn first_seq(&self) -> u64 {
        self.first_seq
    }

    /// The epoch that wrote it.
    #[must_use]
    pub const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The place that it was encoded to follow. Its epoch is the batch's own: only an open record begins one.
    #[must_use]
    pub const fn previous(&self) -> Head {
        Head { epoch: self.epoch, seq: self.first_seq - 1, chain: self.before }
    }

    /// The last record, as the place where the next batch begins.
    #[must_use]
    pub fn head(&self) -> Head {
        let seq = self.first_seq + self.len() as u64 - 1;
        self.places.last().map_or(Head::START, |last| Head { epoch: self.epoch, seq, chain: last.chain })
    }

    /// The records, in order.
    pub fn records(&self) -> &[Record] {
        self.records.get_or_init(|| {
            let read = |index| match decode_record(self.record_bytes(index)) {
                Ok(record) => record,
                // bytes from elsewhere were read when they came in
                Err(error) => unreachable!("a record that was just written cannot be read: {error}"),
            };
            (0..self.len()).map(read).collect()
        })
    }

    /// The bytes of the record at `index`, which must be less than [`len`](Self::len).
    #[must_use]
    pub fn record_bytes(&self, index: usize) -> &[u8] {
        let before = index.checked_sub(1).map_or(HEADER_LEN, |before| self.places[before].end);
        &self.bytes[before + 2..self.places[index].end]
    }

    /// The chain up to the record before it.
    pub(crate) fn chain_before(&self, index: usize) -> &Chain {
        index.checked_sub(1).map_or(&self.before, |before| self.chain(before))
    }

    /// The chain up to and with it.
    #[must_use]
    pub fn chain(&self, index: usize) -> &Chain {
        &self.places[index].chain
    }

    /// The signed tree over the records, made once for all the answers that share the batch.
    pub(crate) fn tree_or(&self, make: impl FnOnce() -> SignedTree) -> &SignedTree {
        self.tree.get_or_init(make)
    }
}

fn chunk<const N: usize>(bytes: &[u8], at: usize) -> Result<[u8; N], DecodeError> {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).copied().ok_or(DecodeError::Short)
}
