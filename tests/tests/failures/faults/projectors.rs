//! Those who write the ledger, in processes of their own.

use super::{Part, stop};
use crate::scene::Scene;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tests::binary;

/// One `buono work projector`, ended by force when it is dropped.
struct Projector(Child);

impl Projector {
    fn start(scene: &Scene) -> Self {
        let mut program = Command::new(binary());
        program.args(["work", "projector", "--base-url", "https://buono.example", "--data"]);
        program.arg(scene.arena.data.path()).args(&scene.arena.options).stderr(Stdio::null());
        Self(program.spawn().unwrap())
    }
}

impl Drop for Projector {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Two race each other and the node's own, while the ledger's server is killed again and again, and one of them
/// beside it.
pub fn racing(scene: &mut Scene, kills: u64) -> Duration {
    let mut two = [Projector::start(scene), Projector::start(scene)];
    let mut lifted = scene.load.now();
    for kill in 0..kills {
        scene.any_moment();
        lifted = stop::kill(scene, Part::Ledger);
        if kill % 3 == 0 {
            let one = scene.dice.among(0..2) as usize;
            two[one] = Projector::start(scene);
        }
    }
    lifted
}
