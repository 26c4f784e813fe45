//! End-to-end tests over the real binary: what they share.
#![allow(clippy::disallowed_methods, reason = "tests live at the edge")]
#![allow(clippy::panic, clippy::expect_used, clippy::unwrap_used, reason = "a test that cannot go on must say so")]

#[allow(missing_docs, clippy::missing_panics_doc, clippy::must_use_candidate, clippy::new_without_default)]
#[path = "../../store/tests/common/certificates.rs"]
pub mod certificates;
pub mod disk;
pub mod nodes;
pub mod openapi;
pub mod payments;
pub mod pdf;
#[allow(missing_docs, clippy::missing_panics_doc, clippy::must_use_candidate, reason = "the store's tests' own")]
#[path = "../../store/tests/common/postgres.rs"]
pub mod postgres;
#[allow(missing_docs, clippy::missing_panics_doc, clippy::must_use_candidate, reason = "the store's tests' own")]
#[path = "../../store/tests/common/proxy.rs"]
pub mod proxy;
pub mod redis;
pub mod standbys;
pub mod stores;
pub mod strace;
pub mod town;
pub mod worker;

pub use postgres::ports::free_port;

use serde_json::Value;
use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// The binary under test.
///
/// # Panics
/// When it has not been built: `cargo build -p gateway` first, as `make test` does.
#[must_use]
pub fn binary() -> PathBuf {
    std::env::var_os("BUONO_BIN").map_or_else(|| built("buono", "gateway"), PathBuf::from)
}

/// A binary of this workspace, beside this test's own.
///
/// # Panics
/// When its package has not been built.
#[must_use]
#[allow(clippy::panic, clippy::expect_used, reason = "a test that cannot start must say so")]
pub fn built(name: &str, package: &str) -> PathBuf {
    let own = std::env::current_exe().expect("this test's own path");
    let path = own.ancestors().map(|folder| folder.join(name)).find(|path| path.is_file());
    path.unwrap_or_else(|| panic!("no {name} binary: run `cargo build -p {package}`"))
}

/// Sends a signal, as `KILL` or `STOP`, to a process.
///
/// # Panics
/// When there is no such process.
pub fn signal(pid: u32, name: &str) {
    let sent = Command::new("kill").args(["-s", name, &pid.to_string()]).status();
    assert!(sent.is_ok_and(|status| status.success()), "SIG{name} to {pid}");
}

/// Where what runs on a data folder writes its log.
fn log_path(data: &Path) -> PathBuf {
    data.join("log")
}

/// What has been logged by all that ran on a data folder.
#[must_use]
pub fn log(data: &Path) -> String {
    std::fs::read_to_string(log_path(data)).unwrap_or_default()
}

/// The messages that went into the file of a data folder so far, without one that is under way.
///
/// # Panics
/// When a line is none.
#[must_use]
#[allow(clippy::expect_used, reason = "a broken file must be told")]
pub fn messages(data: &Path) -> Vec<Value> {
    let sent = std::fs::read_to_string(data.join("messages.jsonl")).unwrap_or_default();
    let whole = sent.split_inclusive('\n').filter(|line| line.ends_with('\n'));
    whole.map(|line| serde_json::from_str(line).expect("a line is a message")).collect()
}

/// The end of that log.
fn log_end(data: &Path) -> Stdio {
    File::options().create(true).append(true).open(log_path(data)).expect("a log file").into()
}

/// A running demonstration, ended by force when it is dropped.
pub struct Server {
    child: Child,
    data: PathBuf,
    /// Where it listens.
    pub base_url: String,
    /// What `demo.json` says.
    pub demo: Value,
}

impl Server {
    /// Starts it on a data directory and a free port, and waits until it is ready.
    ///
    /// # Panics
    /// When it is not ready within a minute.
    #[must_use]
    pub fn start(data: &Path) -> Self {
        Self::start_with(data, &[] as &[&str])
    }

    /// The same with more options.
    ///
    /// # Panics
    /// When it is not ready within a minute.
    #[must_use]
    pub fn start_with(data: &Path, options: &[impl AsRef<OsStr>]) -> Self {
        let mut program = Command::new(binary());
        program.arg("demo").args(options);
        Self::start_as(data, program)
    }

    /// The same by a command of one's own, up to and with its `demo`.
    ///
    /// # Panics
    /// When it is not ready within a minute.
    #[must_use]
    pub fn start_as(data: &Path, program: Command) -> Self {
        Self::start_as_at(data, free_port(), program)
    }

    /// The same on a port that is known, as after a crash.
    ///
    /// # Panics
    /// When it is not ready within a minute.
    #[must_use]
    pub fn start_at(data: &Path, port: u16) -> Self {
        let mut program = Command::new(binary());
        program.arg("demo");
        Self::start_as_at(data, port, program)
    }

    /// A plain server over a town that is there, as one of several nodes for example.
    ///
    /// # Panics
    /// When it is not ready within a minute.
    #[must_use]
    pub fn serve(data: &Path, options: &[impl AsRef<OsStr>]) -> Self {
        let mut program = Command::new(binary());
        program.arg("serve").args(options);
        Self::start_as(data, program)
    }

    /// The same by a command of one's own.
    ///
    /// # Panics
    /// When it is not ready within a minute.
    #[must_use]
    pub fn start_as_at(data: &Path, port: u16, program: Command) -> Self {
        let mut server = Self::spawn(data, port, program);
        server.await_ready();
        server
    }

    /// Starts it by a command of one's own up to and with its `demo` or `serve`, and does not wait.
    ///
    /// # Panics
    /// When there is no such program.
    #[must_use]
    pub fn spawn(data: &Path, port: u16, mut program: Command) -> Self {
        let base_url = format!("http://127.0.0.1:{port}");
        std::fs::create_dir_all(data).expect("a data folder");
        let _ = std::fs::remove_file(data.join("ready"));
        let said = File::create(data.join("ready")).expect("a log file");
        let child = program
            .args(["--listen", &format!("127.0.0.1:{port}"), "--data"])
            .arg(data)
            .stdout(Stdio::from(said))
            .stderr(log_end(data))
            .spawn()
            .expect("the binary starts");
        Self { child, data: data.to_owned(), base_url, demo: Value::Null }
    }

    fn await_ready(&mut self) {
        let (data, deadline) = (self.data.clone(), Instant::now() + Duration::from_secs(60));
        while !std::fs::read_to_string(data.join("ready")).is_ok_and(|text| text.ends_with("ready\n")) {
            assert!(Instant::now() < deadline, "the server is not ready after a minute\n{}", log(&data));
            if let Some(status) = self.ended() {
                panic!("the server ended: {status}\n{}", log(&data));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        // whoever serves without a demonstration has none
        let demo = std::fs::read_to_string(data.join("demo.json")).unwrap_or_else(|_| "null".to_owned());
        self.demo = serde_json::from_str(&demo).expect("demo.json is JSON");
    }

    /// How it ended, if it did.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Waits until it ends.
    ///
    /// # Panics
    /// When it is nobody's child.
    pub fn await_end(&mut self) -> ExitStatus {
        self.child.wait().expect("it ends")
    }

    /// The process.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// kill -9.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Asks it to end and waits for it.
    ///
    /// # Panics
    /// When it does not end well.
    pub fn end(&mut self) {
        signal(self.id(), "TERM");
        let status = self.await_end();
        assert!(status.success(), "an orderly end exits with 0, not {status}\n{}", log(&self.data));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}
