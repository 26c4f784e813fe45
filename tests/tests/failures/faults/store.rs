//! Stores that have no room in memory, or come from another day.

use crate::scene::Scene;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// Redis has no memory left, and then has.
pub fn full_memory(scene: &mut Scene) -> Duration {
    let refused = scene.load.refusals();
    let say = |scene: &Scene, limit: &str| {
        let redis = scene.arena.stores.redis.as_ref().expect("a Redis");
        assert_eq!(redis.say(&["CONFIG", "SET", "maxmemory", limit]), "OK");
    };
    say(scene, "1");
    scene.until("somebody is refused", || scene.load.refusals() > refused);
    scene.pause(100..1_000);
    say(scene, "0");
    scene.load.now()
}

fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap();
    assert!(copied.success());
}

/// A copy of the ledger's server is made, payments go on, and then the copy takes its place. The node is
/// stopped meanwhile, as whoever restores is told.
pub fn old_ledger(scene: &mut Scene) -> Duration {
    let postgres = |scene: &Scene, act: fn(&tests::postgres::Server)| {
        act(scene.arena.stores.postgres.as_ref().expect("a Postgres"));
    };
    let now = scene.arena.stores.postgres.as_ref().expect("a Postgres").data();
    let copied = now.with_file_name("yesterday");
    postgres(scene, tests::postgres::Server::stop);
    copy(&now, &copied);
    postgres(scene, tests::postgres::Server::resume);
    let from = scene.load.now();
    let before = scene.load.payments();
    scene.until("payments go on", || scene.load.payments() > before + 200 && scene.load.paid_since(from).is_some());
    scene.arena.node.kill();
    postgres(scene, tests::postgres::Server::stop);
    std::fs::remove_dir_all(&now).unwrap();
    std::fs::rename(&copied, &now).unwrap();
    let lifted = scene.load.now();
    postgres(scene, tests::postgres::Server::resume);
    scene.arena.start();
    lifted
}
