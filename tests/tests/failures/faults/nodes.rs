//! Two nodes where one is meant to be.

use crate::scene::Scene;
use std::process::Command;
use std::time::Duration;
use tests::{Server, binary, free_port};

/// A second one on the same data folder does not even begin.
pub fn same_folder(scene: &mut Scene) -> Duration {
    let arena = &scene.arena;
    let mut program = Command::new(binary());
    program.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(arena.data.path()).args(&arena.options);
    let said = program.output().unwrap();
    let text = String::from_utf8_lossy(&said.stderr).into_owned();
    assert!(!said.status.success() && text.contains("is in use by another buono process"), "{text}");
    scene.load.now()
}

/// A second one with a folder of its own on the same stores, as after a mistake. Whoever of them serves:
/// nothing false is answered by either.
pub fn other_node(scene: &mut Scene) -> Duration {
    let folder = tempfile::tempdir().unwrap();
    // the same installation: the same key
    std::fs::copy(scene.arena.data.path().join("key"), folder.path().join("key")).unwrap();
    let mut program = Command::new(binary());
    // alone it needs its own rows to go on from
    program.args(["serve", "--workers", "true"]).args(&scene.arena.options);
    let mut other = Server::start_as_at(folder.path(), free_port(), program);
    scene.load.turn_to(&[&scene.arena.node.base_url, &other.base_url]).unwrap();
    let lifted = scene.load.now();
    scene.until("one of them serves", || scene.load.paid_since(lifted).is_some());
    scene.pause(500..2_000);
    // now one, now the other is alone
    let again = scene.load.now();
    if scene.dice.among(0..2) == 0 {
        scene.arena.node.kill();
        scene.until("the other one serves", || scene.load.paid_since(again).is_some());
    }
    other.kill();
    scene.arena.node.kill();
    scene.load.turn_to(&[&scene.arena.node.base_url]).unwrap();
    let lifted = scene.load.now();
    scene.arena.start();
    lifted
}
