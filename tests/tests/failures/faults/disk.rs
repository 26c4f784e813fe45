//! Disks that are full, fail, or lose what was not synced.

use super::Part;
use crate::scene::Scene;
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use tests::binary;
use tests::disk::{bearing_limits, limit_files};
use tests::redis::{REDIS, Redis};
use tests::strace::{Strace, has_failed, written_and_synced};

/// A disk on which a crash most often finds something that is not yet synced.
const SLOW_SYNC: Duration = Duration::from_millis(20);

fn len(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |file| file.len())
}

fn redis(scene: &mut Scene) -> &mut Redis {
    scene.arena.stores.redis.as_mut().expect("a Redis")
}

/// A node goes on by itself when there is room. A Redis ends itself, and somebody starts it.
pub fn full(scene: &mut Scene, part: Part) -> Duration {
    let room = scene.dice.among(1_000..20_000);
    if part == Part::Node {
        // the log begins at its start again now and then, and what it writes over needs no room
        let data = scene.arena.data.path();
        let shorter = len(&data.join("journal.db")).min(len(&data.join("journal.db-wal")));
        limit_files(scene.arena.node.id(), Some(shorter + room));
        let refused = scene.load.refusals();
        scene.until("somebody is refused", || scene.load.refusals() > refused);
        scene.pause(100..1_000);
        limit_files(scene.arena.node.id(), None);
        return scene.load.now();
    }
    let redis = redis(scene);
    limit_files(redis.id(), Some(len(&redis.appended()) + room));
    redis.await_end();
    scene.pause(0..500);
    let lifted = scene.load.now();
    self::redis(scene).resume();
    lifted
}

/// Either the journal's file of the node or that of the Redis.
pub fn call_fails(scene: &mut Scene, call: &str) -> Duration {
    let (nth, log) = (scene.dice.among(20..80) as u32, scene.arena.data.path().join("strace"));
    if scene.arena.stores.redis.is_some() {
        let redis = redis(scene);
        redis.crash();
        assert!(redis.try_resume(Strace::of(call, None, &log).failing(call, nth).run(REDIS.as_ref())));
        // it ends itself, since it cannot say what is on the disk
        redis.await_end();
        assert!(has_failed(&log));
        let lifted = scene.load.now();
        self::redis(scene).resume();
        return lifted;
    }
    let wal = scene.arena.data.path().join("journal.db-wal");
    scene.arena.replace_by(Strace::of(call, Some(&wal), &log).failing(call, nth).run(&binary()));
    scene.until("the call fails", || has_failed(&log));
    let lifted = scene.load.now();
    scene.until("it goes on by itself", || scene.load.paid_since(lifted).is_some());
    scene.arena.replace_by(bearing_limits(&binary()));
    lifted
}

/// Redis is killed, and of what it had not synced any part, or none, is on the disk.
pub fn power_cut(scene: &mut Scene) -> Duration {
    let log = scene.arena.data.path().join("strace");
    let redis = redis(scene);
    redis.crash();
    let (file, before) = (redis.appended(), len(&redis.appended()));
    let strace = Strace::of("write,fdatasync", None, &log).slow("fdatasync", SLOW_SYNC);
    assert!(redis.try_resume(strace.run(REDIS.as_ref())));
    let from = scene.load.now();
    scene.until("it serves", || scene.load.paid_since(from).is_some());
    scene.any_moment();
    self::redis(scene).crash();
    let (written, synced) = written_and_synced(&log, &file);
    let (end, safe) = (len(&file), before + synced);
    assert!(synced > 0 && before + written >= end, "{before} {written} {synced} {end}");
    let kept = scene.dice.among(safe..end + 1);
    println!("    {} bytes were not synced, {} of them are kept", end - safe, kept - safe);
    std::fs::File::options().write(true).open(&file).unwrap().set_len(kept).unwrap();
    let lifted = scene.load.now();
    let redis = self::redis(scene);
    // a torn end is not loaded without a word: the operator has it cut off
    if !redis.try_resume(bearing_limits(REDIS.as_ref())) {
        let manifest = redis.append_only().join("appendonly.aof.manifest");
        let mended = Command::new("sh").args(["-c", "yes | redis-check-aof --fix \"$0\""]).arg(manifest).output();
        assert!(mended.unwrap().status.success());
        redis.resume();
    }
    lifted
}
