//! A Postgres that is lost with its machine, and standbys that are away.

use super::Span;
use crate::scene::Scene;
use std::process::Command;
use std::time::Duration;
use tests::nodes::folder;
use tests::proxy::{Fault, Proxy};
use tests::{Server, binary, free_port};

/// What a commit does that no standby confirms.
const WAITS: &str = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
/// What a node says of a journal that lacks what it knows, of leases in which an earlier life of it has its name, or
/// where it waits behind a commit of its own that nobody confirms.
const REFUSES: [&str; 3] = [
    "the journal ends before records that were durable",
    "another process runs under this node's name",
    "canceling statement due to lock timeout (55P03)",
];

fn address(scene: &Scene) -> &Proxy {
    scene.arena.proxy.as_ref().expect("an address that can move")
}

/// The primary is gone for good. The standby that has most of its log is promoted, and the address moves there; the
/// node goes on, or is started again. Then the lost one comes back, with all that only it had.
pub fn lose_primary(scene: &mut Scene, span: Span) -> Duration {
    scene.arena.stores.primary().signal_all("KILL");
    scene.pause(0..500);
    scene.arena.stores.promote_furthest();
    let lifted = scene.load.now();
    address(scene).turn_to(scene.arena.stores.primary().port());
    if scene.dice.among(0..2) == 0 {
        scene.arena.node.kill();
        scene.arena.start();
    }
    scene.until("it serves on the standby", || scene.load.paid_since(lifted).is_some());
    resurrect(scene, span);
    lifted
}

/// Whoever reaches the old primary pays nothing there: the node that knows better halts, and one that knows nothing
/// waits for a standby that never comes. The old one is then made a standby of the new one.
fn resurrect(scene: &mut Scene, span: Span) {
    let time = span.drawn(scene);
    scene.arena.stores.standbys[1].resume();
    let (old, said) = (scene.arena.stores.standbys[1].port(), scene.arena.log().len());
    address(scene).turn_to(old);
    address(scene).set_for_those_there(Fault::LoseRequest);
    let from = scene.load.now();
    scene.until("the node refuses the old primary", || {
        let log = scene.arena.log();
        REFUSES.iter().any(|words| log[said..].contains(words))
    });
    let newcomer = folder(scene.arena.data.path());
    let mut program = Command::new(binary());
    program.arg("serve").args(&scene.arena.options);
    let mut newcomer_runs = Server::spawn(newcomer.path(), free_port(), program);
    // the node that knows better has done its part
    scene.arena.node.kill();
    scene.arena.stores.standbys[1].until(WAITS);
    std::thread::sleep(time);
    assert!(!std::fs::read_to_string(newcomer.path().join("ready")).unwrap().contains("ready"));
    newcomer_runs.kill();
    assert_eq!(scene.load.paid_since(from), None, "the old primary has acknowledged");
    scene.arena.stores.standbys[1].signal_all("KILL");
    scene.arena.stores.standbys[1].follow_anew(scene.arena.stores.primary());
    scene.arena.stores.await_standbys(2);
    address(scene).turn_to(scene.arena.stores.primary().port());
    address(scene).set(Fault::Pass);
    scene.arena.start();
}

/// Nothing is answered while no standby confirms; with the first that comes back all goes on by itself.
pub fn away(scene: &mut Scene, span: Span) -> Duration {
    let (time, first) = (span.drawn(scene), scene.dice.among(0..2) as usize);
    scene.arena.stores.standbys.iter().for_each(|standby| standby.signal_all("KILL"));
    let (from, refused) = (scene.load.now(), scene.load.refusals());
    std::thread::sleep(time);
    scene.until("somebody is refused", || scene.load.refusals() > refused);
    assert_eq!(scene.load.paid_since(from), None, "answered without a standby");
    let lifted = scene.load.now();
    scene.arena.stores.standbys[first].resume();
    scene.until("it goes on", || scene.load.paid_since(lifted).is_some());
    scene.arena.stores.standbys[1 - first].resume();
    scene.arena.stores.await_standbys(2);
    lifted
}
