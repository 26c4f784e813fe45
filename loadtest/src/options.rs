//! The command line.

use crate::Failure;
use crate::mix::{Kind, Mix};
use clap::{Parser, ValueEnum};
use std::path::PathBuf;

/// Will it hold? Loads a Buono server, measures what a till would feel, and checks every answer.
///
/// Exit code 0: every promise was kept. 1: one was broken, see the text. 2: no verdict.
#[derive(Clone, Debug, Parser)]
#[command(name = "buono-loadtest", version)]
pub struct Options {
    /// What `buono demo` wrote: address, terminals, vouchers.
    #[arg(long, value_name = "FILE")]
    pub demo: Option<PathBuf>,
    /// Where the server is, as http://host:port; instead of the one in --demo. More than once for several
    /// servers of one installation: connections take turns.
    #[arg(long)]
    pub url: Vec<String>,
    /// Terminal tokens, one a line; instead of those in --demo.
    #[arg(long, value_name = "FILE")]
    pub terminals: Option<PathBuf>,
    /// Vouchers, one a line: the code or QR text, and after a space the link; instead of those in --demo.
    #[arg(long, value_name = "FILE")]
    pub vouchers_file: Option<PathBuf>,
    /// Requests a second, sent whether or not earlier ones were answered. Without it: at full speed,
    /// each connection asking again as soon as it has its answer.
    #[arg(long, value_name = "PER_SECOND")]
    pub rate: Option<f64>,
    /// Connections, each with one request at a time.
    #[arg(long, default_value_t = 64)]
    pub connections: usize,
    /// Threads of this tool.
    #[arg(long, default_value_t = 1)]
    pub threads: usize,
    /// Seconds to measure.
    #[arg(long, value_name = "SECONDS", default_value_t = 30.0)]
    pub duration: f64,
    /// Seconds of the same load before measuring begins.
    #[arg(long, value_name = "SECONDS", default_value_t = 5.0)]
    pub warm_up: f64,
    /// Spread over all vouchers, or everything on one.
    #[arg(long, value_enum, default_value_t = Spread::Many)]
    pub vouchers: Spread,
    /// Not only redemptions: shares in percent. Links are openings of the voucher page.
    #[arg(long, value_name = "SHARES", num_args = 0..=1, default_missing_value = Mix::A_MARKET_DAY)]
    pub mix: Option<Mix>,
    /// Each redemption takes between 1 and this many cents.
    #[arg(long, value_name = "CENTS", default_value_t = 5)]
    pub amount_cents_max: u32,
    /// The part of all requests, in percent, whose sender hangs up before the answer can come, and sends them
    /// again under the same key.
    #[arg(long, value_name = "PERCENT", default_value_t = 0.0)]
    pub hang_up: f64,
    /// First tops up every voucher below this to this, as the staff of --demo: for trials only.
    #[arg(long, value_name = "CENTS")]
    pub fund_cents: Option<u32>,
    /// Chooses the same requests again; printed with every result.
    #[arg(long)]
    pub seed: Option<u64>,
    /// Only measure: for servers that cannot be checked.
    #[arg(long)]
    pub no_check: bool,
    /// Seconds to wait for a server that is down or behind when its answers are to be checked.
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    pub patience: u64,
    /// How far the server's clock may be moved during the run; what it holds is asked for by time.
    #[arg(long, value_name = "SECONDS", default_value_t = 2)]
    pub clock_slack: u32,
    /// Also write the result here.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

/// Which vouchers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Spread {
    /// All of them.
    Many,
    /// The one with the highest balance.
    One,
}

impl Options {
    /// What clap cannot see.
    ///
    /// # Errors
    /// In words.
    pub fn check(&self) -> Result<(), Failure> {
        let seconds = self.duration + self.warm_up;
        let reverses = self.mix.is_some_and(|mix| mix.has(Kind::Reversal));
        for (right, why) in [
            (self.rate.is_none_or(|rate| rate > 0.0), "--rate: more than 0 a second; leave it out for full speed"),
            (self.duration > 0.0 && self.warm_up >= 0.0, "--duration: more than 0 seconds, and no negative --warm-up"),
            (seconds <= 86_400.0, "--duration: at most a day"),
            (self.rate.is_none_or(|rate| rate * seconds <= 1e9), "--rate: more than a billion requests in all"),
            ((1..=32).contains(&self.threads), "--threads: from 1 to 32"),
            ((self.threads..=60_000).contains(&self.connections), "--connections: at least one for each thread"),
            ((1..=1_000_000).contains(&self.amount_cents_max), "--amount-cents-max: from 1 to 1,000,000"),
            ((0.0..=90.0).contains(&self.hang_up), "--hang-up: from 0 to 90 percent"),
            (self.fund_cents.is_none_or(|cents| cents <= 1_000_000_000), "--fund-cents: at most 1,000,000,000"),
            (!self.no_check || !reverses, "--no-check reads no answers, so it cannot reverse: no reversals in --mix"),
        ] {
            if !right {
                return Err(Failure(why.to_owned()));
            }
        }
        Ok(())
    }
}
