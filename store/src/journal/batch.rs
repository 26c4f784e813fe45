//! Many records as one immutable piece of bytes: the unit of append.
//!
//! A row for each debit costs two to thirty times as much in every store as a batch of them does.

use super::encoding::{DecodeError, decode_record, encode_record};
use super::{Chain, Head};
use crate::receipt::SignedTree;
use domain::record::{Body, Record};
use std::sync::OnceLock;

/// The first byte of every batch.
const VERSION: u8 = 1;
const HEADER_LEN: usize = 1 + 4 + 32;
/// A guess at the length of a record, to reserve space with.
const RECORD_LEN_TYPICAL: usize = 192;

/// A batch, encoded and decoded: never empty, immutable, shared by everyone whose answer it carries.
///
/// `version u8 ‖ count u32 ‖ chain before ‖ count × (length u16 ‖ record) ‖ chain after`
#[derive(Debug)]
pub struct Batch {
    bytes: Vec<u8>,
    items: Vec<Item>,
    before: Chain,
    tree: OnceLock<SignedTree>,
}

#[derive(Debug)]
struct Item {
    record: Record,
    start: usize,
    end: usize,
    chain: Chain,
}

fn link(before: &Chain, record: &[u8]) -> Chain {
    let mut hasher = blake3::Hasher::new();
    hasher.update(before);
    hasher.update(record);
    *hasher.finalize().as_bytes()
}

impl Batch {
    /// Encodes the bodies as the records that follow `previous`, in `epoch`.
    pub fn encode(epoch: u64, previous: &Head, bodies: impl Iterator<Item = Body>) -> Self {
        let expected = bodies.size_hint().1.unwrap_or(1);
        let mut bytes = Vec::with_capacity(HEADER_LEN + 32 + expected * RECORD_LEN_TYPICAL);
        bytes.push(VERSION);
        bytes.extend_from_slice(&[0; 4]);
        bytes.extend_from_slice(&previous.chain);
        let mut items = Vec::with_capacity(expected);
        let (mut seq, mut chain) = (previous.seq, previous.chain);
        for body in bodies {
            seq += 1;
            let record = Record { seq, epoch, body };
            bytes.extend_from_slice(&[0; 2]);
            let start = bytes.len();
            encode_record(&record, &mut bytes);
            let end = bytes.len();
            // a record is some two hundred bytes, whatever it says
            let len = u16::try_from(end - start).unwrap_or(u16::MAX);
            bytes[start - 2..start].copy_from_slice(&len.to_le_bytes());
            chain = link(&chain, &bytes[start..end]);
            items.push(Item { record, start, end, chain });
        }
        let count = u32::try_from(items.len()).unwrap_or(u32::MAX);
        bytes[1..5].copy_from_slice(&count.to_le_bytes());
        bytes.extend_from_slice(&chain);
        Self { bytes, items, before: previous.chain, tree: OnceLock::new() }
    }

    /// Reads a batch and checks everything that can be checked without its neighbours.
    ///
    /// # Errors
    /// [`DecodeError`]; no bytes make it panic.
    pub fn decode(bytes: Vec<u8>) -> Result<Self, DecodeError> {
        let version = *bytes.first().ok_or(DecodeError::Short)?;
        if version != VERSION {
            return Err(DecodeError::Version(version));
        }
        let count = u32::from_le_bytes(chunk(&bytes, 1)?);
        let before: Chain = chunk(&bytes, 5)?;
        if count == 0 {
            return Err(DecodeError::Field("count"));
        }
        let mut items: Vec<Item> = Vec::new();
        let (mut at, mut chain) = (HEADER_LEN, before);
        for _ in 0..count {
            let start = at + 2;
            let end = start + usize::from(u16::from_le_bytes(chunk(&bytes, at)?));
            let raw = bytes.get(start..end).ok_or(DecodeError::Short)?;
            let record = decode_record(raw)?;
            if items.last().is_some_and(|last| last.record.seq + 1 != record.seq || last.record.epoch != record.epoch) {
                return Err(DecodeError::Order { seq: record.seq });
            }
            chain = link(&chain, raw);
            items.push(Item { record, start, end, chain });
            at = end;
        }
        if chunk::<32>(&bytes, at)? != chain {
            return Err(DecodeError::Chain { seq: items.first().map_or(0, |item| item.record.seq) });
        }
        if bytes.len() != at + 32 {
            return Err(DecodeError::Long);
        }
        Ok(Self { bytes, items, before, tree: OnceLock::new() })
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
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// The place of the first record.
    #[must_use]
    pub fn first_seq(&self) -> u64 {
        self.items.first().map_or(0, |item| item.record.seq)
    }

    /// The epoch that wrote it.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.items.first().map_or(0, |item| item.record.epoch)
    }

    /// The last record, as the place where the next batch begins.
    #[must_use]
    pub fn head(&self) -> Head {
        self.items.last().map_or(Head::START, |item| Head {
            epoch: item.record.epoch,
            seq: item.record.seq,
            chain: item.chain,
        })
    }

    /// The record at `index`, which must be less than [`len`](Self::len).
    #[must_use]
    pub fn record(&self, index: usize) -> &Record {
        &self.items[index].record
    }

    /// Its bytes.
    #[must_use]
    pub fn record_bytes(&self, index: usize) -> &[u8] {
        &self.bytes[self.items[index].start..self.items[index].end]
    }

    /// The chain up to and with it.
    #[must_use]
    pub fn chain(&self, index: usize) -> &Chain {
        &self.items[index].chain
    }

    /// The signed tree over the records, made once for all the answers that share the batch.
    pub(crate) fn tree_or(&self, make: impl FnOnce() -> SignedTree) -> &SignedTree {
        self.tree.get_or_init(make)
    }
}

fn chunk<const N: usize>(bytes: &[u8], at: usize) -> Result<[u8; N], DecodeError> {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).copied().ok_or(DecodeError::Short)
}
