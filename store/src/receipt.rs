//! Receipts: a shop can prove what it was told.
//!
//! A signature costs as much as a whole redemption, so one covers a batch: the root of a Merkle
//! tree over its records is signed once, and each receipt carries the path from its own record up
//! to that root. Everything is deterministic, so a repeated answer carries the same receipt.

use crate::journal::{Batch, Chain, DecodeError, decode_record, link};
use data_encoding::BASE64URL_NOPAD as BASE64;
use domain::ids::PartitionId;
use domain::record::Record;
use ed25519_dalek::{Signature, Signer as _, SigningKey, Verifier as _, VerifyingKey};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use utoipa::ToSchema;

const LABEL: &[u8] = b"buono receipt root v1";
/// Keys of the two hashes, so that a leaf is never taken for a node: a byte in front would cost a
/// second block.
const LEAF: [u8; 32] = *b"buono receipt leaf v1           ";
const NODE: [u8; 32] = *b"buono receipt node v1           ";
/// `partition u16 ‖ chain before` in front of the record's own bytes.
const PREFIX_LEN: usize = 2 + 32;

/// Characters of one step of a path: its side and a hash.
const STEP_LEN: usize = 1 + 43;

type Hash = [u8; 32];

/// Proof that a record is in the journal; all fields are base64url without padding.
// what many receipts of a batch have in common they borrow from it
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Receipt<'a> {
    /// `partition u16 ‖ chain before ‖ record`, little-endian, the record as in `record-v1.md`. The
    /// leaf is a BLAKE3, keyed with `buono receipt leaf v1`, over the partition and the chain with the
    /// record, which follows from these; a node one keyed with `buono receipt node v1` over its two
    /// children. Keys are filled up with spaces to 32 bytes.
    pub payload: String,
    /// The hashes from the leaf to the root, each with `L` or `R` in front: the side it stands on.
    pub path: Vec<Cow<'a, str>>,
    /// Ed25519 over the label and the root.
    pub root_signature: Cow<'a, str>,
    /// Which of the keys at `/v1/keys` signed.
    pub key_id: Cow<'a, str>,
}

impl Receipt<'_> {
    /// The same apart from its batch.
    #[must_use]
    pub fn into_owned(self) -> Receipt<'static> {
        let own = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        Receipt {
            payload: self.payload,
            path: self.path.into_iter().map(own).collect(),
            root_signature: own(self.root_signature),
            key_id: own(self.key_id),
        }
    }
}

/// What a receipt proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven {
    /// Whose journal.
    pub partition: PartitionId,
    /// The record.
    pub record: Record,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// The chain up to and with it.
    pub chain: Chain,
}

/// Why a receipt proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// It is not even well-formed.
    #[error("the receipt is malformed")]
    Malformed,
    /// The signature is not by this key over this tree.
    #[error("the signature does not match")]
    Signature,
    /// The record is not one.
    #[error("the record cannot be read: {0}")]
    Record(#[from] DecodeError),
}

/// A batch's tree, as its receipts show it.
#[derive(Debug)]
pub(crate) struct SignedTree {
    /// The steps that lead past the nodes of each level, leaves first: many paths have the same ones.
    levels: Vec<String>,
    signature: String,
    key_id: String,
}

/// Signs the roots of batches.
pub struct Signer {
    key: SigningKey,
    key_id: String,
}

impl Signer {
    /// From the installation's secret.
    #[must_use]
    pub fn new(secret: &[u8; 32]) -> Self {
        let key = SigningKey::from_bytes(secret);
        let hash = blake3::hash(key.verifying_key().as_bytes());
        Self { key, key_id: data_encoding::HEXLOWER.encode(&hash.as_bytes()[..8]) }
    }

    /// The name of the key.
    #[must_use]
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// The public key, 32 bytes.
    #[must_use]
    pub fn public_key(&self) -> [u8; 32] {
        self.key.verifying_key().to_bytes()
    }

    /// The receipt of the record at `index` of a durable batch.
    #[must_use]
    pub fn receipt<'a>(&self, partition: PartitionId, batch: &'a Batch, index: usize) -> Receipt<'a> {
        let tree = batch.tree_or(|| self.sign(partition, batch));
        let record = batch.record_bytes(index);
        let base64 = BASE64;
        let mut payload = String::with_capacity(base64.encode_len(PREFIX_LEN + record.len()));
        let mut encoder = base64.new_encoder(&mut payload);
        encoder.append(&partition.0.to_le_bytes());
        encoder.append(batch.chain_before(index));
        encoder.append(record);
        encoder.finalize();
        Receipt {
            payload,
            path: path(&tree.levels, index),
            root_signature: Cow::Borrowed(&tree.signature),
            key_id: Cow::Borrowed(&tree.key_id),
        }
    }

    /// Signs a document for a purpose, which no signature of another purpose stands for.
    #[must_use]
    pub fn sign_document(&self, purpose: &str, document: &[u8]) -> String {
        BASE64.encode(&self.key.sign(&[purpose.as_bytes(), b"\0", document].concat()).to_bytes())
    }

    /// Whether this key signed the document for this purpose.
    #[must_use]
    pub fn signed(&self, purpose: &str, document: &[u8], signature: &str) -> bool {
        let signature = BASE64.decode(signature.as_bytes()).ok().and_then(|bytes| Signature::from_slice(&bytes).ok());
        let text = [purpose.as_bytes(), b"\0", document].concat();
        signature.is_some_and(|signature| self.key.verifying_key().verify(&text, &signature).is_ok())
    }

    fn sign(&self, partition: PartitionId, batch: &Batch) -> SignedTree {
        let leaves = (0..batch.len()).map(|index| leaf(partition, batch.chain(index))).collect();
        let levels = grow(leaves);
        let root = levels.last().and_then(|level| level.first()).copied().unwrap_or_default();
        let signature = self.key.sign(&[LABEL, &root].concat());
        let levels = levels.iter().map(|level| steps(level)).collect();
        SignedTree { levels, signature: BASE64.encode(&signature.to_bytes()), key_id: self.key_id.clone() }
    }
}

/// The chain binds the record and everything before it.
fn leaf(partition: PartitionId, chain: &Chain) -> Hash {
    let mut place = [0; 2 + 32];
    place[..2].copy_from_slice(&partition.0.to_le_bytes());
    place[2..].copy_from_slice(chain);
    *blake3::keyed_hash(&LEAF, &place).as_bytes()
}

fn node(left: &Hash, right: &Hash) -> Hash {
    let mut both = [0; 64];
    both[..32].copy_from_slice(left);
    both[32..].copy_from_slice(right);
    *blake3::keyed_hash(&NODE, &both).as_bytes()
}

/// All levels over the leaves; a last odd one moves up as it is.
fn grow(leaves: Vec<Hash>) -> Vec<Vec<Hash>> {
    let mut levels = vec![leaves];
    while let Some(level) = levels.last().filter(|level| level.len() > 1) {
        let above = level.chunks(2).map(|pair| match pair {
            [left, right] => node(left, right),
            odd => odd[0],
        });
        let above = above.collect();
        levels.push(above);
    }
    levels
}

/// The steps past each node of a level, each [`STEP_LEN`] long: the side on which the node stands, and its hash.
fn steps(level: &[Hash]) -> String {
    let mut steps = String::with_capacity(level.len() * STEP_LEN);
    for (index, hash) in level.iter().enumerate() {
        steps.push(if index.is_multiple_of(2) { 'L' } else { 'R' });
        BASE64.encode_append(hash, &mut steps);
    }
    steps
}

fn path(levels: &[String], index: usize) -> Vec<Cow<'_, str>> {
    let mut path = Vec::with_capacity(levels.len());
    for (height, level) in levels.iter().enumerate() {
        let sibling = ((index >> height) ^ 1) * STEP_LEN;
        // the last node of a level may have none, and the root never has
        path.extend(level.get(sibling..sibling + STEP_LEN).map(Cow::Borrowed));
    }
    path
}

/// Checks a receipt against a public key and gives the record that it proves.
///
/// # Errors
/// [`ReceiptError`].
pub fn verify(receipt: &Receipt<'_>, public_key: &[u8; 32]) -> Result<Proven, ReceiptError> {
    let malformed = |_| ReceiptError::Malformed;
    let payload = BASE64.decode(receipt.payload.as_bytes()).map_err(malformed)?;
    let (prefix, record) = payload.split_at_checked(PREFIX_LEN).ok_or(ReceiptError::Malformed)?;
    let partition = PartitionId(u16::from_le_bytes([prefix[0], prefix[1]]));
    let before = Chain::try_from(&prefix[2..]).map_err(|_| ReceiptError::Malformed)?;
    let chain = link(&before, record);
    let mut root = leaf(partition, &chain);
    for step in &receipt.path {
        let (side, hash) = step.split_at_checked(1).ok_or(ReceiptError::Malformed)?;
        let hash = BASE64.decode(hash.as_bytes()).map_err(malformed)?;
        let sibling = Hash::try_from(hash).map_err(|_| ReceiptError::Malformed)?;
        root = if side == "L" { node(&sibling, &root) } else { node(&root, &sibling) };
    }
    let signature = BASE64.decode(receipt.root_signature.as_bytes()).map_err(malformed)?;
    let signature = Signature::from_slice(&signature).map_err(|_| ReceiptError::Malformed)?;
    let key = VerifyingKey::from_bytes(public_key).map_err(|_| ReceiptError::Malformed)?;
    key.verify(&[LABEL, &root[..]].concat(), &signature).map_err(|_| ReceiptError::Signature)?;
    Ok(Proven { partition, record: decode_record(record)?, bytes: record.to_vec(), chain })
}
