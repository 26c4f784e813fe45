//! Changes of bytes: the small ones that a disk makes, and the rude ones that an attacker tries.

use proptest::prelude::*;
use proptest::sample::{Index, select};

/// Numbers at which something may turn over.
const EDGES: [u64; 10] =
    [0, 1, 0x7f, 0xff, 0xffff, 0x7fff_ffff, 0xffff_ffff, 1 << 62, i64::MAX.unsigned_abs(), u64::MAX];

/// One change; places are relative, so that they mean something after others.
#[derive(Clone, Debug)]
pub enum Edit {
    /// One bit the other way round.
    Flip(Index, u8),
    /// Another byte.
    Set(Index, u8),
    /// A number, so many bytes of it.
    Number(Index, u64, usize),
    /// More bytes.
    Insert(Index, Vec<u8>),
    /// Fewer bytes.
    Remove(Index, usize),
    /// The same again, so many times.
    Repeat(Index, usize, usize),
    /// Nothing from here on.
    Cut(Index),
}

impl Edit {
    fn apply(&self, bytes: &mut Vec<u8>) {
        let place = |index: &Index, bytes: &[u8]| index.index(bytes.len() + 1);
        match self {
            Self::Flip(at, bit) => set(bytes, at, |byte| byte ^ (1 << (bit % 8))),
            Self::Set(at, to) => set(bytes, at, |_| *to),
            Self::Number(at, number, len) => {
                let at = place(at, bytes);
                bytes.iter_mut().skip(at).zip(number.to_le_bytes()).take(*len).for_each(|(byte, to)| *byte = to);
            }
            Self::Insert(at, more) => {
                let at = place(at, bytes);
                bytes.splice(at..at, more.iter().copied());
            }
            Self::Remove(at, len) => {
                let at = place(at, bytes);
                bytes.drain(at..bytes.len().min(at + len));
            }
            Self::Repeat(at, len, times) => {
                let at = place(at, bytes);
                let piece = bytes[at..bytes.len().min(at + len)].repeat(*times);
                bytes.splice(at..at, piece);
            }
            Self::Cut(at) => bytes.truncate(place(at, bytes)),
        }
    }
}

fn set(bytes: &mut [u8], at: &Index, change: impl Fn(u8) -> u8) {
    if !bytes.is_empty() {
        let at = at.index(bytes.len());
        bytes[at] = change(bytes[at]);
    }
}

fn edit(words: Vec<Vec<u8>>) -> impl Strategy<Value = Edit> {
    let at = any::<Index>;
    prop_oneof![
        4 => (at(), any::<u8>()).prop_map(|(at, bit)| Edit::Flip(at, bit)),
        4 => (at(), any::<u8>()).prop_map(|(at, to)| Edit::Set(at, to)),
        2 => (at(), select(&EDGES[..]), select(vec![1, 2, 4, 8])).prop_map(|(at, number, len)| Edit::Number(at, number, len)),
        4 => (at(), select(words)).prop_map(|(at, word)| Edit::Insert(at, word)),
        1 => (at(), prop::collection::vec(any::<u8>(), 1..40)).prop_map(|(at, more)| Edit::Insert(at, more)),
        2 => (at(), 1_usize..40).prop_map(|(at, len)| Edit::Remove(at, len)),
        2 => (at(), 1_usize..40, 1_usize..60).prop_map(|(at, len, times)| Edit::Repeat(at, len, times)),
        1 => at().prop_map(Edit::Cut),
    ]
}

/// A seed after up to eight changes; `words` are what the format gives a meaning to.
pub fn changed(seeds: Vec<Vec<u8>>, words: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let edits = prop::collection::vec(edit(words), 0..8);
    (select(seeds), edits).prop_map(|(mut bytes, edits)| {
        edits.iter().for_each(|edit| edit.apply(&mut bytes));
        bytes
    })
}
