//! `buono verify`: the whole journal, and the ledger against it.
#![allow(clippy::print_stdout, reason = "commands answer on standard output")]

use crate::serve::{Settings, StartError, lock, open_ledger};
use domain::ids::{PartitionId, VoucherId};
use domain::record::Body;
use domain::voucher::Voucher;
use std::collections::HashMap;
use std::process::ExitCode;
use store::journal::{Head, Journal, SqliteJournal};
use store::ledger::Db;

const READ_BYTES: usize = 8 << 20;

/// Checks chain, checksums, order, arithmetic, and that the ledger holds exactly these records;
/// names the first bad one and exits 1.
///
/// # Errors
/// When the stores cannot be read at all.
pub async fn run(settings: &Settings) -> Result<ExitCode, StartError> {
    let _lock = lock(&settings.data)?;
    let db = open_ledger(settings).await?;
    let mut journal = SqliteJournal::open(&settings.data.join("journal.db"))?;
    match partition(&db, &mut journal, PartitionId(0)).await {
        Ok(head) => {
            println!("{} records verified; head {}", head.seq, data_encoding::HEXLOWER.encode(&head.chain));
            Ok(ExitCode::SUCCESS)
        }
        Err(why) => {
            println!("damaged: {why}");
            Ok(ExitCode::FAILURE)
        }
    }
}

/// Replays a partition from its first record.
async fn partition(db: &Db, journal: &mut SqliteJournal, partition: PartitionId) -> Result<Head, String> {
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let end = journal.head(partition).map_err(|error| text(&error))?;
    let checkpoint = db.checkpoint(partition).await.map_err(|error| text(&error))?;
    if checkpoint.seq > end.seq {
        return Err(format!("the ledger ends at record {}, the journal at {}", checkpoint.seq, end.seq));
    }
    let mut head = Head::START;
    let mut vouchers: HashMap<VoucherId, Voucher> = HashMap::new();
    while head.seq < end.seq {
        let batches = journal.read(partition, head.seq + 1, READ_BYTES).map_err(|error| text(&error))?;
        if batches.is_empty() {
            return Err(format!("record {} is missing", head.seq + 1));
        }
        for batch in batches {
            batch.follows(&head).map_err(|error| text(&error))?;
            let limit = i64::try_from(batch.len()).unwrap_or(i64::MAX);
            let mut kept =
                db.kept_records(partition.0, head.seq, limit).await.map_err(|error| text(&error))?.into_iter();
            for index in 0..batch.len() {
                let record = batch.record(index);
                let Body::Entry(entry) = record.body else {
                    continue;
                };
                let voucher = vouchers.entry(entry.voucher).or_insert_with(|| Voucher::new(entry.voucher));
                voucher.apply(&entry).map_err(|error| format!("record {}: {error}", record.seq))?;
                if record.seq <= checkpoint.seq && kept.next() != Some((record.seq, batch.record_bytes(index).to_vec()))
                {
                    return Err(format!("record {} is not in the ledger as it is in the journal", record.seq));
                }
            }
            head = batch.head();
            if head.seq == checkpoint.seq && head != checkpoint {
                return Err(format!("the ledger's chain differs at record {}", head.seq));
            }
        }
    }
    if head != end {
        return Err("the journal's fence and its last record differ".to_owned());
    }
    if checkpoint.seq == end.seq {
        sums(db, &vouchers).await?;
    }
    Ok(head)
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
