//! How a history is told, a line for each event.

use crate::common::history::Told;
use domain::record::Body;
use domain::voucher::{Entry, View};
use engine::cell::Ask;
use engine::writer::{Io, IoResult};

pub fn request(io: &Io) -> String {
    match io {
        Io::Append { previous_seq, batch } => {
            let facts: Vec<String> = (0..batch.len()).map(|at| body(&batch.records()[at].body)).collect();
            format!("append behind {previous_seq} in epoch {}: {}", batch.epoch(), facts.join(", "))
        }
        Io::Open { expected_epoch, .. } => format!("open behind epoch {expected_epoch}"),
        Io::Read { from_seq } => format!("read from {from_seq}"),
        Io::Check { epoch } => format!("check of epoch {epoch}"),
        Io::Head | Io::Idle | Io::Pause => format!("{io:?}").to_lowercase(),
    }
}

pub fn reply(result: &IoResult) -> String {
    match result {
        IoResult::Head(Ok(head)) => format!("the end is {} in epoch {}", head.seq, head.epoch),
        IoResult::Opened(Ok(opened)) => {
            format!("opened with record {} in epoch {}", opened.head.seq, opened.head.epoch)
        }
        IoResult::Read(Ok(batches)) => {
            let seqs: Vec<u64> = batches.iter().map(|batch| batch.head().seq).collect();
            format!("batches up to {seqs:?}")
        }
        IoResult::Appended(Ok(())) => "appended".to_owned(),
        IoResult::Checked(Ok(())) => "still the owner".to_owned(),
        IoResult::Head(Err(error))
        | IoResult::Opened(Err(error))
        | IoResult::Read(Err(error))
        | IoResult::Appended(Err(error))
        | IoResult::Checked(Err(error)) => error.to_string(),
    }
}

pub fn question(ask: &Ask) -> String {
    match ask {
        Ask::View => "view".to_owned(),
        Ask::Execute(command) => format!("{:?}", command.action).split(", credential").next().unwrap().to_owned(),
    }
}

pub fn told(told: &Told) -> String {
    match told {
        Told::Recorded(entry) => format!("recorded {}", fact(entry)),
        Told::Known(outcome) => {
            format!("known {} {} at place {}", outcome.kind.code(), outcome.amount, outcome.voucher_seq)
        }
        Told::Refused(refusal) => format!("refused, {refusal}"),
        Told::Unchanged => "unchanged".to_owned(),
        Told::Viewed(Some(view)) => seen(view),
        Told::Viewed(None) => "no such voucher".to_owned(),
        Told::NotExecuted => "not executed".to_owned(),
    }
}

fn seen(view: &View) -> String {
    format!("balance {} of which {} held at place {}", view.balance, view.held, view.voucher_seq)
}

fn body(body: &Body) -> String {
    match body {
        Body::Open { node, .. } => format!("open by owner {}", node.0),
        Body::Entry(entry) => fact(entry),
    }
}

/// The operation's low half is the number of its question.
fn fact(entry: &Entry) -> String {
    let (kind, amount, question) =
        (entry.event.kind().code(), entry.event.amount(), entry.operation.uuid().as_u128() as u64);
    let voucher = entry.voucher.uuid().as_u128();
    format!(
        "{kind} {amount} (question {question}, place {} of voucher {voucher}, left {})",
        entry.voucher_seq, entry.balance_after
    )
}
