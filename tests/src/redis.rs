//! A private Redis with safe settings.

use crate::certificates::Certificates;
use crate::{disk, free_port, signal};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The program.
pub const REDIS: &str = "/usr/bin/redis-server";
/// What the promise needs of it, as `buono doctor` says.
const SAFE: [&str; 10] = [
    "--appendonly",
    "yes",
    "--appendfsync",
    "always",
    "--maxmemory-policy",
    "noeviction",
    "--no-appendfsync-on-rewrite",
    "no",
    "--aof-load-truncated",
    "no",
];

/// A Redis that ends with this value, and its files with it.
pub struct Redis {
    folder: tempfile::TempDir,
    port: u16,
    /// What it is told besides.
    more: Vec<String>,
    child: Option<Child>,
}

impl Redis {
    /// Starts a new one.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with(Vec::new())
    }

    /// Starts a new one that speaks TLS, too, on the port that it gives with it.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn start_encrypted(certificates: &Certificates) -> (Self, u16) {
        let port = free_port();
        let told = certificates.redis_options().map(|(name, value)| [format!("--{name}"), value]);
        let more = ["--tls-port".to_owned(), port.to_string()].into_iter().chain(told.into_iter().flatten());
        (Self::start_with(more.collect()), port)
    }

    fn start_with(more: Vec<String>) -> Self {
        assert!(Path::new(REDIS).is_file(), "{REDIS} is missing: run scripts/setup.sh test");
        let mut redis = Self { folder: tempfile::tempdir().expect("a folder"), port: free_port(), more, child: None };
        redis.resume();
        redis
    }

    /// Where it listens.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Starts it again over its files.
    ///
    /// # Panics
    /// When it does not come up.
    pub fn resume(&mut self) {
        assert!(self.try_resume(disk::bearing_limits(Path::new(REDIS))), "redis-server ended at its start");
    }

    /// Starts it by a command of one's own up to and with the program; whether it came up.
    ///
    /// # Panics
    /// When there is no such program.
    pub fn try_resume(&mut self, mut command: Command) -> bool {
        command
            .args(["--bind", "127.0.0.1", "--save", "", "--port", &self.port.to_string()])
            .args(SAFE)
            .args(&self.more);
        let command = command.current_dir(&self.folder).stdin(Stdio::null()).stdout(Stdio::null());
        self.child = Some(command.stderr(Stdio::null()).spawn().expect("redis-server starts"));
        // it listens before it has loaded its files, and ends if it cannot
        while !self.ask(&["PING"]).is_ok_and(|said| said == "PONG") {
            if self.child.as_mut().is_none_or(|child| !child.try_wait().is_ok_and(|ended| ended.is_none())) {
                return false;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        true
    }

    /// kill -9.
    pub fn crash(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Waits until it ends by itself.
    ///
    /// # Panics
    /// When it does not run.
    pub fn await_end(&mut self) {
        self.child.take().and_then(|mut child| child.wait().ok()).expect("it ran");
    }

    /// The process.
    ///
    /// # Panics
    /// When it does not run.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.as_ref().expect("it runs").id()
    }

    /// Sends a signal.
    pub fn signal(&self, name: &str) {
        signal(self.id(), name);
    }

    /// What it says to a command.
    ///
    /// # Panics
    /// When it says nothing.
    #[must_use]
    pub fn say(&self, words: &[&str]) -> String {
        self.ask(words).expect("redis-cli")
    }

    fn ask(&self, words: &[&str]) -> std::io::Result<String> {
        let said = Command::new("redis-cli").args(["-p", &self.port.to_string()]).args(words).output()?;
        Ok(String::from_utf8_lossy(&said.stdout).trim().to_owned())
    }

    /// The folder of the append-only file.
    #[must_use]
    pub fn append_only(&self) -> PathBuf {
        self.folder.path().join("appendonlydir")
    }

    /// The file that is appended to.
    ///
    /// # Panics
    /// When there is not exactly one.
    #[must_use]
    pub fn appended(&self) -> PathBuf {
        let files = std::fs::read_dir(self.append_only()).expect("its folder").flatten().map(|file| file.path());
        let mut files: Vec<_> = files.filter(|file| file.to_string_lossy().ends_with(".incr.aof")).collect();
        assert_eq!(files.len(), 1, "{files:?}");
        files.remove(0)
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.crash();
    }
}
