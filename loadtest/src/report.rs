//! What is told at the end: a page to read, and the same as JSON.

use crate::checker::Verdict;
use crate::figures::{COUNTED, Figures, Row};
use crate::mix::Kind;
use crate::run::Log;
use serde_json::{Value, json};
use std::fmt::Write;
use std::time::Duration;

/// More than this part of the redemptions declined means that the vouchers ran empty.
const DECLINED_PART_MAX: f64 = 0.01;
/// Connecting takes less than this where nothing is wrong.
const SHUT_OUT_S_MAX: f64 = 0.5;
/// A timer later than this spoils the figures.
const TIMER_LATE_US_MAX: u64 = 1_000;
const LATENCIES: [(&str, f64); 5] = [
    ("latency_us_p50", 0.5),
    ("latency_us_p90", 0.9),
    ("latency_us_p99", 0.99),
    ("latency_us_p999", 0.999),
    ("latency_us_max", 1.0),
];

/// One kind of request; a latency is null where failures begin.
fn row(kind: &str, row: &Row, seconds: f64) -> Value {
    let mut value = json!({"kind": kind, "per_second": row.answered() as f64 / seconds});
    COUNTED.iter().zip(row.counts).for_each(|(name, count)| value[*name] = count.into());
    LATENCIES.iter().for_each(|(name, part)| value[*name] = row.latencies.quantile_us(*part).into());
    value
}

/// Everything about a run.
pub fn report(setting: &Value, log: &Log, cpu: Duration, verdict: Option<&Verdict>) -> Value {
    let (figures, seconds) = (&log.measured, setting["duration_s"].as_f64().unwrap_or(1.0));
    let shut_out_s = figures.shut_out.as_secs_f64() / setting["connections"].as_f64().unwrap_or(1.0);
    let rows = Kind::ALL.iter().zip(&figures.rows).filter(|(_, row)| row.latencies.len() > 0);
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "setting": setting,
        "kinds": rows.map(|(kind, found)| row(kind.name(), found, seconds)).collect::<Vec<_>>(),
        "all": row("all", &figures.all(), seconds),
        "unsent_count": figures.unsent,
        "first_trouble": figures.trouble,
        "cpu_us_per_request": cpu.as_secs_f64() * 1e6 / log.requests.max(1) as f64,
        "timer_late_us_p99": figures.timer.quantile_us(0.99),
        "shut_out_s": shut_out_s,
        "remarks": remarks(setting["rate_per_second"].is_null(), shut_out_s, figures),
        "verdict": verdict,
    })
}

/// What to bear in mind when reading the figures.
fn remarks(full_speed: bool, shut_out_s: f64, figures: &Figures) -> Vec<String> {
    let mut remarks = Vec::new();
    if full_speed {
        let why = "a slow server is asked less, so these latencies are kinder than a crowd";
        remarks.push(format!("Full speed: {why}. Use --rate for what tills feel."));
    }
    if shut_out_s > SHUT_OUT_S_MAX {
        remarks.push(format!("SHUT OUT: connections waited {shut_out_s:.1} s on average to be let in."));
    }
    if figures.unsent > 0 {
        let what = "requests were due and found no free connection in time; they count as failed";
        remarks.push(format!("DID NOT KEEP UP: {} {what}.", figures.unsent));
    }
    let taken = &figures.rows[Kind::Redemption as usize];
    if taken.counts[1] as f64 > taken.answered() as f64 * DECLINED_PART_MAX {
        let (declined, all) = (taken.counts[1], taken.answered());
        let how = "the vouchers run empty; for a trial, fill them up with --fund-cents";
        remarks.push(format!("{declined} of {all} redemptions were declined: {how}."));
    }
    if figures.timer.quantile_us(0.99).is_some_and(|us| us > TIMER_LATE_US_MAX) {
        let why = "its machine is too busy, and the latencies are worse than the server's";
        remarks.push(format!("This tool itself was late: {why}."));
    }
    remarks
}

/// The same for people.
///
/// # Errors
/// None: writing to a text always works.
pub fn page(report: &Value) -> Result<String, std::fmt::Error> {
    let mut page = String::new();
    let out = &mut page;
    let (setting, all) = (&report["setting"], &report["all"]);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let rate = setting["rate_per_second"].as_f64().map_or("full speed".to_owned(), |rate| format!("{rate} a second"));
    let [connections, warm_up, duration] = ["connections", "warm_up_s", "duration_s"].map(|name| &setting[name]);
    writeln!(
        out,
        "{}: {rate}, {connections} connections, {duration} s after {warm_up} s of warm-up",
        text(&setting["target"])
    )?;
    let [vouchers, terminals, seed] = ["vouchers_count", "terminals_count", "seed"].map(|name| &setting[name]);
    writeln!(out, "{vouchers} vouchers, {terminals} terminals, --seed {seed}, keys {}…\n", text(&setting["keys"]))?;
    write!(out, "{:<11}{:>10}{:>10}{:>10}", "", "a second", "done", "declined")?;
    writeln!(out, "{:>9}{:>9}{:>9}{:>9}{:>9} ms", "p50", "p90", "p99", "p99.9", "max")?;
    for row in report["kinds"].as_array().into_iter().flatten().chain([all]) {
        let [kind, done, declined] = [text(&row["kind"]), row["done"].to_string(), row["declined"].to_string()];
        write!(out, "{kind:<11}{:>10.1}{done:>10}{declined:>10}", row["per_second"].as_f64().unwrap_or(0.0))?;
        for (name, _) in LATENCIES {
            let ms = row[name].as_u64().map_or("failed".to_owned(), |us| format!("{:.2}", us as f64 / 1e3));
            write!(out, "{ms:>9}")?;
        }
        writeln!(out)?;
    }
    let [refused, not_executed, unknown, lost] = [2, 3, 4, 5].map(|at| &all[COUNTED[at]]);
    write!(out, "\nfailed: {not_executed} not executed, {unknown} unknown, {lost} without an answer, ")?;
    write!(out, "{refused} refused, {} not sent", report["unsent_count"])?;
    let first = text(&report["first_trouble"]);
    writeln!(out, "{}{first}", if first.is_empty() { "" } else { "; the first: " })?;
    writeln!(
        out,
        "this tool: {:.1} µs of processor time a request",
        report["cpu_us_per_request"].as_f64().unwrap_or(0.0)
    )?;
    for remark in report["remarks"].as_array().into_iter().flatten() {
        writeln!(out, "{}", text(remark))?;
    }
    Ok(page)
}
