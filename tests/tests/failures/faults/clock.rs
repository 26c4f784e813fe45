//! A clock that jumps: libfaketime.

use crate::scene::Scene;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use tests::binary;

/// The library, wherever Debian puts it on this machine.
fn library() -> PathBuf {
    let folders = std::fs::read_dir("/usr/lib").unwrap().flatten();
    let mut found = folders.map(|folder| folder.path().join("faketime/libfaketimeMT.so.1"));
    found.find(|path| path.is_file()).expect("libfaketime is missing: run scripts/setup.sh test")
}

fn set(file: &Path, seconds: i64) {
    // renamed into place, so that nobody reads half of it
    let beside = file.with_extension("new");
    std::fs::write(&beside, format!("{seconds:+}s\n")).unwrap();
    std::fs::rename(beside, file).unwrap();
}

/// The clock of a running node jumps, and stays where it is until the node has served by it. It never lies behind the
/// machine's own: before midnight no voucher of the town is valid yet.
pub fn jump(scene: &mut Scene, seconds: i64) -> Duration {
    let file = scene.arena.data.path().join("clock");
    let ahead = (-seconds).max(0);
    set(&file, ahead);
    let mut program = Command::new(binary());
    program.env("LD_PRELOAD", library()).env("FAKETIME_TIMESTAMP_FILE", &file);
    program.env("FAKETIME_NO_CACHE", "1").env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    scene.arena.replace_by(program);
    let (from, before) = (scene.load.now(), scene.load.payments());
    scene.until("it serves", || scene.load.paid_since(from).is_some() && scene.load.payments() > before + 50);
    set(&file, ahead + seconds);
    let (lifted, before) = (scene.load.now(), scene.load.payments());
    scene.until("it serves by the other time", || scene.load.paid_since(lifted).is_some());
    scene.until("payments go on", || scene.load.payments() > before + 50);
    // back to the machine's own time, which is a jump the other way
    scene.arena.node.kill();
    scene.arena.start();
    lifted
}
