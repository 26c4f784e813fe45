//! Claims against the operations that they are made of.

use super::{Finding, damaged};
use store::ledger::{ClaimRow, Db, seal_of};
use uuid::Uuid;

/// Rows read at once.
const PAGE: i64 = 1_000;

/// Every claim has the lines and the sum that were sealed, and every line is what its shop's operation says; gives how
/// many claims there are.
pub(super) async fn check(db: &Db) -> Result<usize, Finding> {
    if let Some(broken) = db.broken_claim().await? {
        return Err(damaged(format!("claim {broken} is not made of its shop's operations")));
    }
    let (mut after, mut count) = (Uuid::nil(), 0);
    loop {
        let claims = db.claims_after(after, PAGE).await?;
        let Some(last) = claims.last() else { return Ok(count) };
        (after, count) = (last.id, count + claims.len());
        for claim in &claims {
            unbroken(db, claim).await?;
        }
    }
}

async fn unbroken(db: &Db, claim: &ClaimRow) -> Result<(), Finding> {
    let (mut after, mut lines) = (Uuid::nil(), Vec::new());
    loop {
        let page = db.claim_lines(claim.id, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.operation_id;
        lines.extend(page.iter().map(|line| (line.operation_id, line.amount_cents)));
    }
    if seal_of(lines.into_iter())[..] == claim.seal[..] {
        return Ok(());
    }
    Err(damaged(format!("claim {} does not have the lines that were sealed", claim.id)))
}
