//! One of several primaries is away: its partitions wait, the others go on.

use crate::arena::Kind;
use crate::scene::{Form, Scene};
use tests::redis::Redis;

/// Payments of the other partitions that must be answered meanwhile. Not many: a till that waits for one of the
/// dead primary's does nothing else.
const MEANWHILE: usize = 30;

fn primary(scene: &mut Scene, at: usize) -> &mut Redis {
    let stores = &mut scene.arena.stores;
    let first = stores.redis.iter_mut();
    first.chain(&mut stores.further).nth(at).expect("a primary")
}

/// Each of three is killed under load and comes back; the first has the leases, too.
pub fn run(seed: u64) {
    let mut scene = Scene::new(Form::Short, seed, Kind::ThreeRedisAndPostgres);
    for at in [1, 0, 2] {
        scene.any_moment();
        let refused = scene.load.refusals();
        primary(&mut scene, at).crash();
        let paid = scene.load.payments();
        scene.until("the others go on", || scene.load.payments() >= paid + MEANWHILE);
        scene.until("somebody is refused", || scene.load.refusals() > refused);
        primary(&mut scene, at).resume();
        let lifted = scene.load.now();
        scene.until("all are paid again", || scene.load.paid_since(lifted).is_some());
        scene.pause(500..1_000);
    }
    scene.judge();
}
