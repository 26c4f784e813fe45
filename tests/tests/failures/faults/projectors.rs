//! Those who write the ledger, in processes of their own.

use super::{Part, stop};
use crate::scene::Scene;
use std::time::Duration;
use tests::binary;
use tests::worker::Worker;

/// One that nobody waits for: it may come while the ledger's server is away.
fn projector(scene: &Scene) -> Worker {
    Worker::spawn(&binary(), scene.arena.data.path(), &scene.arena.options, "projector")
}

/// Two race each other and the node's own, while the ledger's server is killed again and again, and one of them
/// beside it.
pub fn racing(scene: &mut Scene, kills: u64) -> Duration {
    let mut two = [projector(scene), projector(scene)];
    let mut lifted = scene.load.now();
    for kill in 0..kills {
        scene.any_moment();
        lifted = stop::kill(scene, Part::Ledger);
        if kill % 3 == 0 {
            let one = scene.dice.among(0..2) as usize;
            two[one] = projector(scene);
        }
    }
    lifted
}
