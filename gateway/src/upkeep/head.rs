//! Exported heads: where each partition ended once, kept elsewhere, signed. Nobody can change a record before it
//! unnoticed, not even who can write to both stores and makes every chain anew.

use super::replay::{Known, Witness};
use data_encoding::HEXLOWER;
use domain::ids::PartitionId;
use serde::{Deserialize, Serialize};
use std::path::Path;
use store::journal::Chain;
use store::receipt::Signer;

const PURPOSE: &str = "buono exported head v1";
const FORMAT: u32 = 1;
/// How many places along the way are kept of a partition, to say where a difference begins.
const MARKS_MAX: usize = 4_096;

/// A file with exported heads.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HeadFile {
    heads: Heads,
    key_id: String,
    signature: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Heads {
    format: u32,
    /// RFC 3339.
    taken_at: String,
    partitions: Vec<PartitionHead>,
}

/// Where one partition ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PartitionHead {
    pub partition: PartitionId,
    pub epoch: u64,
    pub seq: u64,
    #[serde(with = "hex")]
    pub chain: Chain,
    /// The chain over the facts alone, without openings: the ledger keeps them for ever, so this can be checked
    /// also when the journal was trimmed.
    #[serde(with = "hex")]
    pub facts: Chain,
    pub marks: Marks,
}

/// How the chain over the facts began at every `every`-th record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Marks {
    every: u64,
    begins: Vec<String>,
}

impl Default for Marks {
    fn default() -> Self {
        Self { every: 1, begins: Vec::new() }
    }
}

impl Marks {
    /// All records up to `seq` are replayed, and no fact since the place before led elsewhere.
    pub fn pass(&mut self, seq: u64, facts: &Chain) {
        while self.every * (self.begins.len() as u64 + 1) <= seq {
            self.begins.push(HEXLOWER.encode(&facts[..8]));
            if self.begins.len() == MARKS_MAX {
                // half as many, twice as far apart
                self.begins = self.begins.iter().skip(1).step_by(2).cloned().collect();
                self.every *= 2;
            }
        }
    }
}

mod hex {
    use data_encoding::HEXLOWER;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};
    use store::journal::Chain;

    pub(super) fn serialize<S: Serializer>(chain: &Chain, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(&HEXLOWER.encode(chain))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Chain, D::Error> {
        let text = String::deserialize(from)?;
        let bytes = HEXLOWER.decode(text.as_bytes()).map_err(D::Error::custom)?;
        Chain::try_from(bytes).map_err(|_| D::Error::custom("a chain has 32 bytes"))
    }
}

impl HeadFile {
    /// Signs what was verified.
    pub fn sign(partitions: Vec<PartitionHead>, taken_at: String, signer: &Signer) -> Result<Self, serde_json::Error> {
        let heads = Heads { format: FORMAT, taken_at, partitions };
        let signature = signer.sign_document(PURPOSE, &serde_json::to_vec(&heads)?);
        Ok(Self { heads, key_id: signer.key_id().to_owned(), signature })
    }

    /// Reads a file.
    ///
    /// # Errors
    /// In words, which name the file.
    pub fn read(path: &Path, signer: &Signer) -> Result<Self, String> {
        let said = |why: &dyn std::fmt::Display| format!("{}: {why}", path.display());
        let bytes = std::fs::read(path).map_err(|error| said(&error))?;
        let file: Self = serde_json::from_slice(&bytes).map_err(|error| {
            said(&format!("it is no exported head, as `buono verify --export-head` makes them: {error}"))
        })?;
        file.check(signer).map_err(|why| said(&why))?;
        Ok(file)
    }

    /// That the heads are as they were signed, with this key.
    pub fn check(&self, signer: &Signer) -> Result<(), String> {
        if self.heads.format != FORMAT {
            return Err(format!("it has format {}, and this program reads {FORMAT}", self.heads.format));
        }
        let heads = serde_json::to_vec(&self.heads).map_err(|error| error.to_string())?;
        if signer.signed(PURPOSE, &heads, &self.signature) {
            return Ok(());
        }
        Err(if self.key_id == signer.key_id() {
            "it was changed after it was signed".to_owned()
        } else {
            format!("it was signed with the key {}, and the key file here is {}", self.key_id, signer.key_id())
        })
    }

    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    pub fn partitions(&self) -> &[PartitionHead] {
        &self.heads.partitions
    }

    /// What the heads know of a partition.
    pub fn witnesses(&self, partition: PartitionId) -> Vec<Witness> {
        let mut all = Vec::new();
        for head in self.partitions().iter().filter(|head| head.partition == partition) {
            let from = format!("the head exported on {}", self.heads.taken_at);
            let witness = |seq, known| Witness { seq, known, from: from.clone() };
            all.push(witness(head.seq, Known::Chain(head.chain)));
            all.push(witness(head.seq, Known::Facts(head.facts)));
            for (nth, begin) in (1..).zip(&head.marks.begins) {
                // one that cannot be read locates nothing; the whole chain still decides
                let begin = HEXLOWER.decode(begin.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
                all.extend(begin.map(|begin| witness(head.marks.every * nth, Known::FactsBegin(begin))));
            }
        }
        all
    }
}
