//! What happens between node and journal.

use super::Span;
use crate::scene::Scene;
use std::time::Duration;
use tests::proxy::{Fault, Proxy};

/// Appends are larger than anything else that a node asks.
const APPEND_BYTES_MIN: usize = 250;

fn proxy(scene: &Scene) -> &Proxy {
    scene.arena.proxy.as_ref().expect("a wire")
}

/// The wire breaks before requests leave, or before answers arrive, whoever tries.
pub fn cut(scene: &mut Scene, fault: Fault, span: Span) -> Duration {
    let time = span.drawn(scene);
    proxy(scene).set(fault);
    std::thread::sleep(time);
    proxy(scene).set(Fault::Pass);
    scene.load.now()
}

/// An append is under way for so long that its node is dead, and another one has taken over and serves,
/// when it arrives.
pub fn late(scene: &mut Scene, span: Span) -> Duration {
    let time = span.drawn(scene);
    let append_waits = |scene: &Scene| proxy(scene).held() > APPEND_BYTES_MIN;
    loop {
        let from = scene.load.now();
        proxy(scene).set_for_those_there(Fault::Hold);
        scene.until("an append is under way", || append_waits(scene) || scene.load.paid_since(from).is_some());
        if append_waits(scene) {
            break;
        }
        // something else came first, was given up, and payments have gone on over another connection
        proxy(scene).set(Fault::Pass);
        // what was given up is asked again after a pause: held at once, it would come first for ever
        scene.any_moment();
    }
    let from = scene.load.now();
    scene.arena.node.kill();
    let lifted = scene.load.now();
    scene.arena.start();
    scene.until("the next node serves", || scene.load.paid_since(lifted).is_some());
    std::thread::sleep(time.saturating_sub(scene.load.now() - from));
    proxy(scene).set(Fault::Pass);
    lifted
}

/// What is asked on the connections that are there does not arrive, and they do not end, as when a machine is gone and
/// another one has its address: only who connects anew is served.
pub fn silence(scene: &mut Scene) -> Duration {
    proxy(scene).set_for_those_there(Fault::Hold);
    let from = scene.load.now();
    scene.until("it connects anew", || scene.load.paid_since(from).is_some());
    proxy(scene).set(Fault::Pass);
    from
}
