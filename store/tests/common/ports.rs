//! Ports for private servers.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};

/// Below those that the kernel gives to whoever connects somewhere: one of them could be anybody's a moment later.
const FIRST: u16 = 10_000;
const COUNT: u16 = 22_000;
/// How far from each other two processes begin that were started one after the other.
const APART: u32 = 101;

/// A port that nobody listens on, another one each time.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let begin = std::process::id().wrapping_mul(APART) % u32::from(COUNT);
    let mut ports = (0..COUNT).map(|_| {
        let at = begin + u32::from(NEXT.fetch_add(1, Ordering::Relaxed));
        FIRST + (at % u32::from(COUNT)) as u16
    });
    ports.find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).expect("a free port")
}
