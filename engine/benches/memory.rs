//! What a voucher costs that is in memory and idle.
//!
//! `cargo bench -p engine --bench memory`
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]
#![allow(clippy::disallowed_methods, reason = "a bench lives at the edge")]

mod common;

use common::{FAR, issue_all, redeem, settle, start, voucher};

const VOUCHERS: u64 = 200_000;

/// Bytes of this process that are in memory.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

fn main() {
    let folder = tempfile::tempdir().unwrap();
    actix_rt::System::new().block_on(async {
        let vouchers = start(folder.path());
        // whatever the first ones bring with them is not the others' cost
        issue_all(&vouchers, 10_000).await;
        let before = resident();
        issue_all(&vouchers, VOUCHERS).await;
        let each = |bytes: u64| bytes as f64 / (VOUCHERS - 10_000) as f64;
        println!("memory, an idle voucher that was issued: {:.0} bytes", each(resident() - before));
        for number in 1..=3 {
            for some in (10_000..VOUCHERS).collect::<Vec<_>>().chunks(10_000) {
                let taken = some.iter().map(|at| vouchers.execute(voucher(*at), redeem(number << 80), FAR));
                for answer in futures_util::future::join_all(taken).await {
                    answer.unwrap();
                }
                settle(&vouchers).await;
            }
        }
        println!("memory, an idle voucher with three payments: {:.0} bytes", each(resident() - before));
        assert_eq!(vouchers.resident() as u64, VOUCHERS);
        actix_rt::task::spawn_blocking(move || vouchers.stop()).await.unwrap();
    });
}
