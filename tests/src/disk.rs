//! A disk that is as full as the limit on the size of files says, which the kernel lets us move while a
//! process runs.

use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};
use std::path::Path;
use std::process::Command;

/// A command for a program that does not end when it meets the limit, as it would not end on a full disk.
#[must_use]
pub fn bearing_limits(program: &Path) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]).arg(program);
    command
}

/// From here on no file of the process grows beyond so many bytes; `None` takes the limit away.
///
/// # Panics
/// When there is no such process.
pub fn limit_files(pid: u32, bytes: Option<u64>) {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).expect("a process");
    let maximum = getrlimit(Resource::Fsize).maximum;
    prlimit(Some(pid), Resource::Fsize, Rlimit { current: bytes.or(maximum), maximum }).expect("a limit");
}
