//! `buono verify`: the whole journal, and the ledger against it.
#![allow(clippy::print_stdout, reason = "commands answer on standard output")]

use crate::serve::{Settings, StartError, lock, open_ledger};
use data_encoding::HEXLOWER;
use domain::ids::{PartitionId, VoucherId};
use domain::record::{Body, Record};
use domain::voucher::Voucher;
use std::collections::HashMap;
use std::process::ExitCode;
use store::journal::{Batch, Chain, Head, Journal};
use store::ledger::Db;

const READ_BYTES: usize = 8 << 20;

/// A head that an earlier run printed and somebody kept elsewhere: the proof that nothing before it
/// was exchanged since, not even by who could write to both stores.
#[derive(Clone, Debug)]
pub struct ExportedHead {
    seq: u64,
    chain: Chain,
}

/// Reads `<record>:<chain in hexadecimal>`.
///
/// # Errors
/// In words.
pub fn parse_head(text: &str) -> Result<ExportedHead, String> {
    let wrong = || format!("{text} is not <record>:<chain>, as an earlier run printed it");
    let (seq, chain) = text.split_once(':').ok_or_else(wrong)?;
    let chain = HEXLOWER.decode(chain.as_bytes()).ok().and_then(|bytes| Chain::try_from(bytes).ok());
    Ok(ExportedHead { seq: seq.parse().map_err(|_| wrong())?, chain: chain.ok_or_else(wrong)? })
}

/// Checks chain, checksums, order, arithmetic, and that the ledger holds exactly these records;
/// names the first bad one and exits 1.
///
/// # Errors
/// When the stores cannot be read at all.
pub async fn run(settings: &Settings, exported: Option<&ExportedHead>) -> Result<ExitCode, StartError> {
    let _lock = lock(&settings.data)?;
    let db = open_ledger(settings).await?;
    let mut journal = settings.journal.reader()?;
    match partition(&db, journal.as_mut(), PartitionId(0), exported).await {
        Ok(head) => {
            println!("{} records verified; head {}:{}", head.seq, head.seq, HEXLOWER.encode(&head.chain));
            Ok(ExitCode::SUCCESS)
        }
        Err(why) => {
            println!("damaged: {why}");
            Ok(ExitCode::FAILURE)
        }
    }
}

/// Replays a partition from its first record.
async fn partition(
    db: &Db,
    journal: &mut dyn Journal,
    partition: PartitionId,
    exported: Option<&ExportedHead>,
) -> Result<Head, String> {
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let end = journal.head(partition).map_err(|error| text(&error))?;
    let checkpoint = db.checkpoint(partition).await.map_err(|error| text(&error))?;
    if checkpoint.seq > end.seq {
        return Err(format!("the ledger ends at record {}, the journal at {}", checkpoint.seq, end.seq));
    }
    if let Some(exported) = exported.filter(|exported| exported.seq > end.seq) {
        return Err(format!("the exported head is record {}, the journal ends at {}", exported.seq, end.seq));
    }
    let mut replay = Replay { checkpoint, exported, head: Head::START, vouchers: HashMap::new() };
    while replay.head.seq < end.seq {
        let batches = journal.read(partition, replay.head.seq + 1, READ_BYTES).map_err(|error| text(&error))?;
        if batches.is_empty() {
            return Err(format!("record {} is missing", replay.head.seq + 1));
        }
        for batch in batches {
            let limit = i64::try_from(batch.len()).unwrap_or(i64::MAX);
            let kept = db.kept_records(partition.0, replay.head.seq, limit).await.map_err(|error| text(&error))?;
            replay.batch(&batch, kept)?;
        }
    }
    if replay.head != end {
        return Err("the journal's fence and its last record differ".to_owned());
    }
    if checkpoint.seq == end.seq {
        sums(db, &replay.vouchers).await?;
    }
    Ok(replay.head)
}

/// What the records up to `head` lead to.
struct Replay<'a> {
    checkpoint: Head,
    exported: Option<&'a ExportedHead>,
    head: Head,
    vouchers: HashMap<VoucherId, Voucher>,
}

impl Replay<'_> {
    /// Checks a batch against what came before it, and against the records that the ledger keeps.
    fn batch(&mut self, batch: &Batch, kept: Vec<(u64, Vec<u8>)>) -> Result<(), String> {
        batch.follows(&self.head).map_err(|error| error.to_string())?;
        let mut kept = kept.into_iter();
        for (index, &Record { seq, body, .. }) in batch.records().iter().enumerate() {
            if self.exported.is_some_and(|head| head.seq == seq && head.chain != *batch.chain(index)) {
                return Err(format!("record {seq} is not the one that the exported head names"));
            }
            let Body::Entry(entry) = body else {
                continue;
            };
            let voucher = self.vouchers.entry(entry.voucher).or_insert_with(|| Voucher::new(entry.voucher));
            voucher.apply(&entry).map_err(|error| format!("record {seq}: {error}"))?;
            let in_ledger = seq <= self.checkpoint.seq;
            if in_ledger && kept.next().is_none_or(|kept| kept != (seq, batch.record_bytes(index).to_vec())) {
                return Err(format!("record {seq} is not in the ledger as it is in the journal"));
            }
        }
        self.head = batch.head();
        if self.head.seq == self.checkpoint.seq && self.head != self.checkpoint {
            return Err(format!("the ledger's chain differs at record {}", self.head.seq));
        }
        Ok(())
    }
}

/// The ledger's vouchers against the replayed ones.
async fn sums(db: &Db, vouchers: &HashMap<VoucherId, Voucher>) -> Result<(), String> {
    for (id, voucher) in vouchers {
        let Some(view) = voucher.view() else { continue };
        let row =
            db.voucher(view.municipality.uuid(), id.uuid()).await.map_err(|error| format!("voucher {id}: {error}"))?;
        let totals = view.totals;
        let replayed = [
            view.balance,
            view.held,
            totals.issued,
            totals.topped_up,
            totals.redeemed,
            totals.reversed,
            totals.expired,
        ];
        let kept = [
            row.balance_cents,
            row.held_cents,
            row.issued_cents,
            row.topped_up_cents,
            row.redeemed_cents,
            row.reversed_cents,
            row.expired_cents,
        ];
        if replayed.map(domain::cents::Cents::get) != kept || row.status != view.life.code() {
            return Err(format!("voucher {id} is not in the ledger as its records say"));
        }
    }
    Ok(())
}
