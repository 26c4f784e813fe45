//! Processes that are killed, or stand still.

use super::{Part, Span};
use crate::arena::Arena;
use crate::scene::Scene;
use std::time::Duration;

impl Part {
    fn signal(self, arena: &Arena, name: &str) {
        match (self, &arena.stores.redis, &arena.stores.postgres) {
            (Self::Node, ..) => tests::signal(arena.node.id(), name),
            (Self::Journal, Some(redis), _) => redis.signal(name),
            (_, _, Some(postgres)) => postgres.signal_all(name),
            (part, _, None) => panic!("there is no {part:?}"),
        }
    }

    fn kill(self, arena: &mut Arena) {
        match (self, &mut arena.stores.redis) {
            (Self::Node, _) => arena.node.kill(),
            (Self::Journal, Some(redis)) => redis.crash(),
            (part, _) => part.signal(arena, "KILL"),
        }
    }

    fn resume(self, arena: &mut Arena) {
        match (self, &mut arena.stores.redis, &arena.stores.postgres) {
            (Self::Node, ..) => arena.start(),
            (Self::Journal, Some(redis), _) => redis.resume(),
            (_, _, Some(postgres)) => postgres.resume(),
            (part, _, None) => panic!("there is no {part:?}"),
        }
    }
}

pub fn kill(scene: &mut Scene, part: Part) -> Duration {
    part.kill(&mut scene.arena);
    scene.pause(0..100);
    let lifted = scene.load.now();
    part.resume(&mut scene.arena);
    lifted
}

pub fn freeze(scene: &mut Scene, part: Part, span: Span) -> Duration {
    let time = span.drawn(scene);
    part.signal(&scene.arena, "STOP");
    std::thread::sleep(time);
    part.signal(&scene.arena, "CONT");
    scene.load.now()
}

pub fn freeze_and_kill(scene: &mut Scene, frozen: Part, killed: Part) -> Duration {
    frozen.signal(&scene.arena, "STOP");
    scene.pause(0..500);
    killed.kill(&mut scene.arena);
    scene.pause(0..500);
    frozen.signal(&scene.arena, "CONT");
    let lifted = scene.load.now();
    killed.resume(&mut scene.arena);
    lifted
}
