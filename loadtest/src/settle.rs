//! After the load: asks the server for all that it holds, so that it can be compared.

use crate::Failure;
use crate::asker::{Asker, spread};
use crate::figures::micros;
use crate::forms::compose;
use crate::history::{Act, Listed, Outcome, Record, key_text};
use crate::run::Plan;
use crate::survey::{Survey, greet, look};
use domain::ids::{OperationId, TerminalId, VoucherId};
use domain::voucher::Decline;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;

/// Of the keys whose outcome is known, about this many are asked about too.
const SAMPLE: usize = 500;
/// Rows in one part of a shop's list, about: the gateway adds up a whole part for its first page.
const ROWS_PER_PART: u64 = 400;

#[derive(Deserialize)]
struct Row<'a> {
    operation_id: OperationId,
    kind: &'a str,
    voucher_id: VoucherId,
    voucher_seq: u32,
    terminal_id: Option<TerminalId>,
    amount_cents: u32,
    balance_cents: i64,
    decline: Option<&'a str>,
}

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow)]
    items: Vec<Row<'a>>,
    next_cursor: Option<OperationId>,
}

/// A part of a shop's list.
struct Part {
    terminal: u16,
    shop: u16,
    from: Timestamp,
    to: Timestamp,
}

/// Asks what became of the open keys, looks at every voucher, and reads the shops' lists.
pub async fn settle(plan: &Plan, survey: &Survey, records: &mut Vec<Record>) -> Result<Vec<Listed>, Failure> {
    let asked = to_ask(records);
    records.extend(spread(plan, &asked, async |asker, tried| by_key(plan, asker, survey, tried).await).await?);
    let all: Vec<u32> = (0..).take(survey.vouchers.len()).collect();
    let looks = spread(plan, &all, async |asker, voucher| look(plan, asker, *voucher).await);
    records.extend(looks.await?.into_iter().map(|(_, look)| look));
    let slack = SignedDuration::from_secs(plan.options.clock_slack.into());
    // a clock that was set back ends before it began
    let ended = greet(plan).await?.max(survey.began);
    let parts = parts(survey, records, survey.began - slack..ended + slack);
    let index: HashMap<VoucherId, u32> = survey.vouchers.iter().copied().zip(0..).collect();
    let ours: HashSet<TerminalId> = survey.terminal_ids.iter().copied().collect();
    let rows = spread(plan, &parts, async |asker, part| {
        let (mut listed, mut cursor) = (Vec::new(), String::new());
        loop {
            let each = |row: &Row<'_>| {
                // only what these terminals did to these vouchers
                let voucher = row.terminal_id.filter(|id| ours.contains(id)).and(index.get(&row.voucher_id));
                listed.extend(voucher.and_then(|voucher| row.listed(*voucher, part.shop)));
            };
            match page(plan, asker, part, &cursor, each).await? {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Ok(listed),
            }
        }
    });
    Ok(rows.await?.into_iter().flatten().collect())
}

/// One request of each key that nobody knows the outcome of, and of some others.
fn to_ask(records: &mut [Record]) -> Vec<Record> {
    records.sort_unstable_by_key(|record| record.key);
    let step = u32::try_from(records.len() / SAMPLE).unwrap_or(u32::MAX).max(1);
    let keys = records.chunk_by(|a, b| a.key == b.key).filter(|tries| tries[0].act != Act::Read);
    let asked = keys.filter(|tries| {
        let told = tries.iter().any(|record| matches!(record.outcome, Outcome::Done | Outcome::Declined(_)));
        let open = !told && tries.iter().any(|record| record.outcome.is_open());
        open || tries[0].key.is_multiple_of(step)
    });
    asked.map(|tries| tries[0]).collect()
}

async fn by_key(plan: &Plan, asker: &mut Asker<'_>, survey: &Survey, tried: &Record) -> Result<Record, Failure> {
    let start = format!("GET /v1/operations/by-key/{}", key_text(&plan.forms.keys, tried.key));
    let sent = plan.clock.now();
    let told = asker.ask(
        |out| compose(out, &start, &[plan.forms.till(tried.terminal)], None),
        |reply| match (reply.status, serde_json::from_slice::<Row<'_>>(reply.body)) {
            (200, Ok(row)) => Ok(row.record(tried, survey.vouchers[tried.voucher as usize])),
            (404, _) => Ok(Record { outcome: Outcome::Never, ..*tried }),
            (status, _) => Err(Failure(format!("asked what became of a key, the server answered with {status}"))),
        },
    );
    let record = told.await??;
    let took_us = u32::try_from(micros(plan.clock.now() - sent) + 1).unwrap_or(u32::MAX);
    Ok(Record { sent_us: micros(sent), took_us, body_crc: 0, ..record })
}

/// Reads a page; what the next one begins with.
async fn page(
    plan: &Plan,
    asker: &mut Asker<'_>,
    part: &Part,
    cursor: &str,
    each: impl FnMut(&Row<'_>),
) -> Result<Option<OperationId>, Failure> {
    let start = format!("GET /v1/operations?limit=500&from={}&to={}{cursor}", part.from, part.to);
    let told = asker.ask(
        |out| compose(out, &start, &[plan.forms.till(part.terminal)], None),
        |reply| match (reply.status, serde_json::from_slice::<Page<'_>>(reply.body)) {
            (200, Ok(page)) => {
                page.items.iter().for_each(each);
                Ok(page.next_cursor)
            }
            (status, _) => Err(Failure(format!("a shop's list cannot be read ({status})"))),
        },
    );
    told.await?
}

impl Row<'_> {
    fn record(&self, tried: &Record, voucher: VoucherId) -> Record {
        let outcome = match self.decline.and_then(Decline::from_code) {
            _ if self.voucher_id != voucher || self.amount_cents != tried.amount_cents => Outcome::Mismatched,
            Some(decline) => Outcome::Declined(decline),
            None => Outcome::Done,
        };
        let Self { operation_id: operation, voucher_seq, balance_cents, .. } = *self;
        Record { outcome, operation, voucher_seq, balance_cents, ..*tried }
    }

    fn listed(&self, voucher: u32, shop: u16) -> Option<Listed> {
        let act = match self.kind {
            "redemption" => Act::Redeem,
            "reversal" => Act::Reverse,
            _ => return None,
        };
        let Self { operation_id: operation, voucher_seq, amount_cents, balance_cents, .. } = *self;
        Some(Listed { operation, balance_cents, voucher_seq, amount_cents, voucher, shop, act })
    }
}

/// Cuts each shop's list into parts of about the same number of rows.
fn parts(survey: &Survey, records: &[Record], span: Range<Timestamp>) -> Vec<Part> {
    let mut rows: BTreeMap<u16, u64> = BTreeMap::new();
    for record in records {
        let shop = survey.terminals[usize::from(record.terminal)].shop;
        *rows.entry(shop).or_default() += u64::from(record.act != Act::Read && record.outcome == Outcome::Done);
    }
    let span_s = span.end.duration_since(span.start).as_secs_f64();
    let mut parts = Vec::new();
    for (shop, count) in rows {
        let terminal = (0..).zip(&survey.terminals).find(|(_, terminal)| terminal.shop == shop).map_or(0, |(at, _)| at);
        let count = count / ROWS_PER_PART + 1;
        let edge = |at: u64| span.start + SignedDuration::from_secs_f64(span_s * at as f64 / count as f64);
        parts.extend((0..count).map(|at| Part { terminal, shop, from: edge(at), to: edge(at + 1) }));
    }
    parts
}
