//! System calls that fail when we say, and a record of those that did not: `strace`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// A program that runs under strace as the direct child of whoever starts it, so that signals reach it.
pub struct Strace {
    log: PathBuf,
    command: Command,
}

impl Strace {
    /// Of these system calls, as far as they are about this file where one is named.
    ///
    /// # Panics
    /// When strace is missing.
    #[must_use]
    pub fn of(calls: &str, file: Option<&Path>, log: &Path) -> Self {
        assert!(Path::new("/usr/bin/strace").is_file(), "strace is missing: run scripts/setup.sh test");
        let mut command = Command::new("/usr/bin/strace");
        command.args(["-D", "-f", "-qq", "-y", "-s", "0", "-e", "signal=none", "-e", &format!("trace={calls}"), "-o"]);
        command.arg(log);
        if let Some(file) = file {
            command.arg("-P").arg(file);
        }
        Self { log: log.to_owned(), command }
    }

    /// The `nth` call of each thread fails with an I/O error.
    #[must_use]
    pub fn failing(mut self, call: &str, nth: u32) -> Self {
        self.command.args(["-e", &format!("inject={call}:error=EIO:when={nth}")]);
        self
    }

    /// Each such call takes so much longer, before it does anything.
    #[must_use]
    pub fn slow(mut self, call: &str, delay: Duration) -> Self {
        self.command.args(["-e", &format!("inject={call}:delay_enter={}", delay.as_micros())]);
        self
    }

    /// The command, for the rest of its arguments.
    #[must_use]
    pub fn run(mut self, program: &Path) -> Command {
        let _ = std::fs::remove_file(&self.log);
        self.command.arg(program);
        self.command
    }
}

/// Whether a call has failed because we said so.
#[must_use]
pub fn has_failed(log: &Path) -> bool {
    std::fs::read_to_string(log).is_ok_and(|text| text.contains("(INJECTED)"))
}

/// How many bytes a write was asked for whose end was never told: the program was killed first.
fn asked(line: &str) -> u64 {
    let (_, length) = line.rsplit_once(", ").unwrap_or_default();
    length.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap_or(0)
}

/// How many bytes at most were written to a file, and had been when a sync of it last succeeded.
#[must_use]
pub fn written_and_synced(log: &Path, file: &Path) -> (u64, u64) {
    let named = format!("<{}>", file.display());
    let (mut written, mut synced) = (0, 0);
    for line in std::fs::read_to_string(log).unwrap_or_default().lines().filter(|line| line.contains(&named)) {
        let result = line.rsplit_once(" = ").and_then(|(_, result)| result.split(' ').next()?.parse::<u64>().ok());
        match result {
            Some(bytes) if line.contains(" write(") => written += bytes,
            None if line.contains(" write(") => written += asked(line),
            Some(0) if line.contains(" fdatasync(") => synced = written,
            _ => {}
        }
    }
    (written, synced)
}
