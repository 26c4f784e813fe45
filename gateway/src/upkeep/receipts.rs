//! Receipts out of a file: what shops were given, in whatever they kept it.

use super::replay::{Known, Witness};
use domain::ids::PartitionId;
use serde_json::Value;
use std::path::Path;
use store::receipt::{Proven, Receipt, verify};

/// Reads every receipt in a file: alone, in lists, in whole answers, in one JSON document or many.
///
/// # Errors
/// In words, which name the file: one that is not by this key proves nothing.
pub(super) fn read(path: &Path, public_key: &[u8; 32]) -> Result<Vec<Proven>, String> {
    let said = |why: &dyn std::fmt::Display| format!("{}: {why}", path.display());
    let bytes = std::fs::read(path).map_err(|error| said(&error))?;
    let mut receipts = Vec::new();
    for document in serde_json::Deserializer::from_slice(&bytes).into_iter::<Value>() {
        gather(document.map_err(|error| said(&error))?, &mut receipts).map_err(|error| said(&error))?;
    }
    if receipts.is_empty() {
        return Err(said(&"there is no receipt in it"));
    }
    let proven = |(nth, receipt): (usize, &Receipt<'_>)| {
        verify(receipt, public_key).map_err(|error| said(&format!("receipt {}: {error}", nth + 1)))
    };
    receipts.iter().enumerate().map(proven).collect()
}

/// Finds receipts wherever they are; one that is not whole proves nothing, and must not pass for checked.
fn gather(value: Value, found: &mut Vec<Receipt<'_>>) -> Result<(), String> {
    match value {
        Value::Array(values) => values.into_iter().try_for_each(|value| gather(value, found)),
        Value::Object(fields) if fields.contains_key("root_signature") => {
            let receipt = serde_json::from_value(Value::Object(fields));
            found.push(receipt.map_err(|error| format!("receipt {} is not whole: {error}", found.len() + 1))?);
            Ok(())
        }
        Value::Object(fields) => fields.into_iter().try_for_each(|(_, value)| gather(value, found)),
        _ => Ok(()),
    }
}

/// What the receipts know of a partition.
pub(super) fn witnesses(proven: &[Proven], partition: PartitionId) -> impl Iterator<Item = Witness> {
    let own = proven.iter().filter(move |proven| proven.partition == partition);
    own.flat_map(|proven| {
        let (seq, from) = (proven.record.seq, "a receipt".to_owned());
        let chain = Witness { seq, known: Known::Chain(proven.chain), from: from.clone() };
        [chain, Witness { seq, known: Known::Record(proven.bytes.clone()), from }]
    })
}
