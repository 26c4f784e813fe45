//! What nodes say to each other, and how it is signed.
//!
//! A connection begins with both sides' greeting, `BUONO` and the newest form of messages that each speaks, and a
//! number used once. The older side's form is the one they speak, if the newer one still does. From then on each
//! direction is a row of frames, `length u32 ‖ message ‖ tag 16`: the tag is a BLAKE3 over the frame's place in the
//! row and the message, with a key that follows from the nodes' secret and both numbers. Nothing can be changed, left
//! out, repeated or sent back. Messages are not secret: they carry ids and amounts, no names.

use crate::answer::{Answer, NotDone, Proof};
use crate::cell::Ask;
use crate::recent::{Found, Sought};
use domain::ids::{PartitionId, VoucherId};
use domain::voucher::{Entry, Outcome, Refusal, View};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::io;
use store::receipt::{Receipt, Signer};
use tokio::io::{AsyncRead, AsyncReadExt};

/// What a connection begins with, before the newest form that a node speaks.
const WORD: [u8; 5] = *b"BUONO";
/// The forms that this version speaks, from the one of the version before it on (docs/decisions/0019).
const OLDEST: u8 = 1;
const NEWEST: u8 = 2;
pub(super) const GREETING: [u8; 6] = [WORD[0], WORD[1], WORD[2], WORD[3], WORD[4], NEWEST];
pub(super) const NONCE_LEN: usize = 16;
const TAG_LEN: usize = 16;
/// The longest message is a voucher with all its holds.
const FRAME_LEN_MAX: usize = 1 << 20;

/// The form that is spoken with a node that greets so: the newest that both know.
pub(super) fn form_with(greeting: [u8; 6]) -> io::Result<u8> {
    let (word, newest) = (&greeting[..WORD.len()], greeting[WORD.len()]);
    if word != WORD {
        return Err(io::Error::other("the other side is no node"));
    }
    if newest < OLDEST {
        return Err(io::Error::other(format!(
            "the other node speaks form {newest} at most, and this one {OLDEST} at least: no roll may skip a version"
        )));
    }
    Ok(newest.min(NEWEST))
}

/// What one node asks of another.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) enum Request {
    /// Of a voucher, which must be there.
    Ask { voucher: VoucherId, ask: Ask },
    /// How far its partitions are durable.
    Barrier,
    /// Where it has this.
    Find(Sought),
    /// The leases have changed.
    Look,
    /// Something has changed that every node keeps in memory.
    Changed,
    /// How far the ledger must be so that it has what its partitions let go. From form 2 on.
    Left,
}

impl Request {
    /// The same in words that the other side knows.
    pub const fn in_form(self, form: u8) -> Self {
        match self {
            // a ledger that holds everything durable has that, too
            Self::Left if form < 2 => Self::Barrier,
            known => known,
        }
    }
}

/// What comes back.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Response {
    Told(Told),
    Durable(Vec<(PartitionId, u64)>),
    Found(Found),
    Heard,
}

/// An [`Answer`] that can travel.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Told {
    Recorded(Box<Entry>, Box<Receipt<'static>>),
    Known(Box<Outcome>),
    Refused(Refusal),
    Unchanged,
    Viewed(Option<Box<View>>),
}

/// A request with the number that its response carries, and how long its caller waits.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Call {
    pub id: u64,
    pub patience_us: u64,
    pub request: Request,
}

/// The response to a call.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Reply {
    pub id: u64,
    pub result: Result<Response, NotDone>,
}

impl Response {
    /// The answer of a voucher, made here of a true one.
    pub fn of(answer: Answer, partition: PartitionId, signer: &Signer) -> Result<Self, NotDone> {
        Ok(Self::Told(match answer {
            Answer::Recorded { entry, proof: Proof::Batch(batch, index) } => {
                Told::Recorded(entry, Box::new(signer.receipt(partition, &batch, index).into_owned()))
            }
            Answer::Recorded { entry, proof: Proof::Receipt(receipt) } => Told::Recorded(entry, receipt),
            Answer::Known(outcome) => Told::Known(outcome),
            Answer::Refused(refusal) => Told::Refused(refusal),
            Answer::Unchanged => Told::Unchanged,
            Answer::Viewed(view) => Told::Viewed(view),
            Answer::Durable { .. } => return Err(NotDone::Unknown),
        }))
    }

    /// The same answer where it was asked for.
    pub fn answer(self) -> Result<Answer, NotDone> {
        let Self::Told(told) = self else { return Err(NotDone::Unknown) };
        Ok(match told {
            Told::Recorded(entry, receipt) => Answer::Recorded { entry, proof: Proof::Receipt(receipt) },
            Told::Known(outcome) => Answer::Known(outcome),
            Told::Refused(refusal) => Answer::Refused(refusal),
            Told::Unchanged => Answer::Unchanged,
            Told::Viewed(view) => Answer::Viewed(view),
        })
    }
}

/// Which way a row of frames goes.
#[derive(Clone, Copy)]
pub(super) enum Direction {
    Calls,
    Replies,
}

/// Signs or checks one direction of one connection.
pub(super) struct Seal {
    key: [u8; 32],
    place: u64,
}

impl Seal {
    pub fn new(secret: &[u8; 32], direction: Direction, nonces: [&[u8; NONCE_LEN]; 2]) -> Self {
        let mut hasher = blake3::Hasher::new_keyed(secret);
        hasher.update(&[direction as u8]).update(nonces[0]).update(nonces[1]);
        Self { key: *hasher.finalize().as_bytes(), place: 0 }
    }

    fn tag(&mut self, message: &[u8]) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(&self.place.to_le_bytes()).update(message);
        self.place += 1;
        hasher.finalize()
    }

    /// Adds a frame to what is to be sent.
    pub fn write(&mut self, message: &impl Serialize, out: &mut Vec<u8>) -> Result<(), postcard::Error> {
        let message = postcard::to_allocvec(message)?;
        let len = u32::try_from(message.len() + TAG_LEN).unwrap_or(u32::MAX);
        out.extend_from_slice(&len.to_le_bytes());
        out.extend_from_slice(&message);
        out.extend_from_slice(&self.tag(&message).as_bytes()[..TAG_LEN]);
        Ok(())
    }

    /// Reads the next frame; `None` at the end of the row.
    pub async fn read<T: DeserializeOwned>(
        &mut self,
        from: &mut (impl AsyncRead + Unpin),
        buffer: &mut Vec<u8>,
    ) -> io::Result<Option<T>> {
        let mut len = [0; 4];
        match from.read_exact(&mut len).await {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            read => read?,
        };
        let len = u32::from_le_bytes(len) as usize;
        if !(TAG_LEN..=FRAME_LEN_MAX).contains(&len) {
            return Err(io::Error::other(format!("a frame of {len} bytes")));
        }
        buffer.resize(len, 0);
        from.read_exact(buffer).await?;
        let (message, tag) = buffer.split_at(len - TAG_LEN);
        let expected = self.tag(message);
        let mut found = *expected.as_bytes();
        found[..TAG_LEN].copy_from_slice(tag);
        // compared in constant time, as hashes are
        if expected != found {
            return Err(io::Error::other("a frame that the other side did not sign"));
        }
        postcard::from_bytes(message).map(Some).map_err(io::Error::other)
    }
}

#[cfg(test)]
mod golden;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_of_the_version_before_is_asked_what_it_understands() {
        assert!(matches!(Request::Left.in_form(1), Request::Barrier));
        assert!(matches!(Request::Left.in_form(2), Request::Left));
        assert!(matches!(Request::Look.in_form(1), Request::Look));
    }

    #[test]
    fn nodes_speak_the_newest_form_that_both_know() {
        let with = |form: u8| form_with([b'B', b'U', b'O', b'N', b'O', form]);
        assert_eq!(with(NEWEST).unwrap(), NEWEST);
        assert_eq!(with(NEWEST + 1).unwrap(), NEWEST, "a newer node speaks as this one does");
        assert_eq!(with(u8::MAX).unwrap(), NEWEST);
        assert!(with(OLDEST - 1).unwrap_err().to_string().contains("no roll may skip a version"));
        assert!(form_with(*b"HTTP/1").unwrap_err().to_string().contains("is no node"));
    }

    fn seals(secret: &[u8; 32], direction: Direction) -> [Seal; 2] {
        [0, 1].map(|_| Seal::new(secret, direction, [&[1; NONCE_LEN], &[2; NONCE_LEN]]))
    }

    async fn read(seal: &mut Seal, mut bytes: &[u8]) -> io::Result<Option<u64>> {
        seal.read(&mut bytes, &mut Vec::new()).await
    }

    #[tokio::test]
    async fn a_frame_is_read_once_in_its_place_by_whoever_shares_the_secret() {
        let [mut writer, mut reader] = seals(&[7; 32], Direction::Calls);
        let (mut first, mut second) = (Vec::new(), Vec::new());
        writer.write(&5_u64, &mut first).unwrap();
        writer.write(&6_u64, &mut second).unwrap();
        assert!(read(&mut seals(&[7; 32], Direction::Calls)[0], &second).await.is_err(), "one was left out");
        assert_eq!(read(&mut reader, &first).await.unwrap(), Some(5));
        assert!(read(&mut reader, &first).await.is_err(), "it was repeated");
        assert!(read(&mut seals(&[8; 32], Direction::Calls)[0], &first).await.is_err(), "another secret");
        assert!(read(&mut seals(&[7; 32], Direction::Replies)[0], &first).await.is_err(), "sent back");
        assert_eq!(read(&mut reader, &[]).await.unwrap(), None);
    }

    #[tokio::test]
    async fn no_bit_can_be_changed() {
        let mut frame = Vec::new();
        seals(&[7; 32], Direction::Calls)[0].write(&0x1234_5678_u64, &mut frame).unwrap();
        for bit in 0..frame.len() * 8 {
            let mut changed = frame.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let told = read(&mut seals(&[7; 32], Direction::Calls)[0], &changed).await;
            assert!(told.is_err(), "bit {bit}: {told:?}");
        }
    }
}
