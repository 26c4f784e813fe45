//! The work in a process of its own.

use crate::{binary, free_port};
use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

/// One `buono work`, ended by force when it is dropped.
pub struct Worker {
    child: Child,
    url: String,
}

impl Worker {
    /// Starts it, and waits until it says that it is there.
    ///
    /// # Panics
    /// When it ends at once.
    pub async fn start(data: &Path, options: &[String], job: &str) -> Self {
        let mut worker = Self::spawn(&binary(), data, options, job);
        while reqwest::get(format!("{}/health/ready", worker.url)).await.is_err() {
            assert!(worker.child.try_wait().unwrap().is_none(), "buono work ended at its start");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        worker
    }

    /// Starts it by a program of one's own, and does not wait.
    ///
    /// # Panics
    /// When there is no such program.
    #[must_use]
    pub fn spawn(program: &Path, data: &Path, options: &[String], job: &str) -> Self {
        let address = format!("127.0.0.1:{}", free_port());
        let child = Command::new(program)
            .args(["work", job, "--base-url", "https://buono.example", "--listen", &address, "--data"])
            .arg(data)
            .args(options)
            .stderr(crate::log_end(data))
            .spawn()
            .expect("the program starts");
        Self { child, url: format!("http://{address}") }
    }

    /// A figure of it.
    ///
    /// # Panics
    /// When it does not answer.
    pub async fn figure(&self, name: &str) -> Option<f64> {
        let text = reqwest::get(format!("{}/metrics", self.url)).await.unwrap().text().await.unwrap();
        let line = text.lines().find(|line| line.starts_with(name))?.to_owned();
        line.rsplit(' ').next()?.parse().ok()
    }

    /// kill -9.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Asks it to end, and waits until it has.
    ///
    /// # Panics
    /// When it does not end well.
    pub fn end(mut self) {
        assert!(Command::new("kill").arg(self.child.id().to_string()).status().unwrap().success());
        assert!(self.child.wait().unwrap().success(), "an orderly end exits with 0");
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.kill();
    }
}
