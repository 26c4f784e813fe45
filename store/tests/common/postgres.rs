//! A private Postgres on a free port.
#![allow(dead_code, reason = "no test binary needs all of it")]

#[path = "ports.rs"]
pub mod ports;

use std::fs::Permissions;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A server that ends with this value.
pub struct Server {
    bin: PathBuf,
    folder: tempfile::TempDir,
    port: u16,
}

/// An open transaction.
pub struct Held(Child);

impl Drop for Held {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.pg_ctl(&["stop", "-m", "immediate"]);
    }
}

/// Postgres refuses to run as root.
fn as_postgres(program: &Path) -> Command {
    let mut command = if is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--reuid", "postgres", "--regid", "postgres", "--clear-groups"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    command.stdout(Stdio::null()).stderr(Stdio::null()).stdin(Stdio::null());
    command
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n")
}

fn binaries() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let found = versions.map(|version| version.path().join("bin")).find(|bin| bin.join("initdb").is_file());
    found.expect("Postgres is missing: apt-get install postgresql, as `make test` does")
}

/// The processes that a process started.
fn children(pid: &str) -> Vec<String> {
    let all =
        std::fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    let parent = |child: &String| {
        let stat = std::fs::read_to_string(format!("/proc/{child}/stat")).ok()?;
        // behind the name, which may hold anything: state, parent
        stat.rsplit_once(") ")?.1.split(' ').nth(1).map(str::to_owned)
    };
    all.filter(|child| parent(child).as_deref() == Some(pid)).collect()
}

impl Server {
    /// A port and an empty folder.
    fn place() -> Self {
        let (bin, folder) = (binaries(), tempfile::tempdir().unwrap());
        let open = Command::new("chmod").arg("777").arg(folder.path()).status().unwrap();
        assert!(open.success());
        Self { bin, folder, port: ports::free_port() }
    }

    /// Starts a new one with these lines of configuration.
    pub fn start(settings: &[&str]) -> Self {
        let server = Self::place();
        let made = as_postgres(&server.bin.join("initdb"))
            .args(["--no-sync", "-A", "trust", "-U", "postgres", "-D"])
            .arg(server.data())
            .status()
            .unwrap();
        assert!(made.success(), "initdb failed");
        server.configure(settings);
        server.resume();
        server
    }

    /// Where its files are.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("pg")
    }

    /// Adds lines to the configuration, for the next start or reload.
    pub fn configure(&self, settings: &[&str]) {
        let path = self.data().join("postgresql.conf");
        let before = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("{before}\n{}\n", settings.join("\n"))).unwrap();
    }

    /// A new server that follows this one: a copy of its files, and its log from then on.
    pub fn standby(&self) -> Self {
        let standby = Self::place();
        standby.follow_anew(self);
        standby
    }

    /// The same for a server that is there and does not run, whose files go.
    pub fn follow_anew(&self, primary: &Self) {
        let _ = std::fs::remove_dir_all(self.data());
        let copied = as_postgres(&self.bin.join("pg_basebackup"))
            .args(["--no-sync", "-c", "fast", "-X", "stream", "-R", "-D"])
            .arg(self.data())
            .args(["-d", &self.conninfo(primary)])
            .status()
            .unwrap();
        assert!(copied.success(), "pg_basebackup failed");
        self.resume();
    }

    /// The name by which others know it as their standby.
    pub fn name(&self) -> String {
        format!("on_{}", self.port)
    }

    fn conninfo(&self, primary: &Self) -> String {
        format!("host=127.0.0.1 port={} user=postgres application_name={}", primary.port, self.name())
    }

    /// Has a standby follow another primary from now on.
    pub fn follow(&self, primary: &Self) {
        self.set("primary_conninfo", &self.conninfo(primary));
    }

    /// Has a standby follow nobody for now.
    pub fn follow_nobody(&self) {
        self.set("primary_conninfo", "");
        self.until("SELECT 1 WHERE NOT EXISTS (SELECT FROM pg_stat_wal_receiver)");
    }

    /// Makes a standby the primary.
    pub fn promote(&self) {
        assert!(self.pg_ctl(&["promote", "-w"]));
    }

    /// How far a standby has the log of its primary.
    pub fn received(&self) -> u64 {
        self.sql("SELECT greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) - '0/0'").parse().unwrap()
    }

    /// Changes a setting that takes effect at once.
    pub fn set(&self, setting: &str, value: &str) {
        self.sql(&format!("ALTER SYSTEM SET {setting} = '{value}'"));
        self.reload();
        self.until(&format!("SELECT 1 WHERE current_setting('{setting}') = '{value}'"));
    }

    /// Waits until a statement answers something, and gives that.
    pub fn until(&self, statement: &str) -> String {
        loop {
            let said = self.sql(statement);
            if !said.is_empty() {
                return said;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// The same while others of the test go on.
    pub async fn comes(&self, statement: &str) {
        while self.sql(statement).is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// An empty file, by which Postgres knows at its start that it only follows another server.
    pub fn make_standby(&self) {
        std::fs::write(self.data().join("standby.signal"), "").unwrap();
    }

    /// Speaks TLS from now on, besides the plain way.
    pub fn encrypt(&self, certificate: &Path, key: &Path) {
        let owner = std::fs::metadata(self.data()).unwrap();
        for (from, name) in [(certificate, "server.crt"), (key, "server.key")] {
            let to = self.data().join(name);
            std::fs::copy(from, &to).unwrap();
            // it refuses a key that others could read
            std::fs::set_permissions(&to, Permissions::from_mode(0o600)).unwrap();
            chown(&to, Some(owner.uid()), Some(owner.gid())).unwrap();
        }
        self.configure(&["ssl = on"]);
        self.reload();
        while self.sql("SHOW ssl") != "on" {
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Who may come in, from now on for new connections: lines of `pg_hba.conf`.
    pub fn admit(&self, lines: &[&str]) {
        std::fs::write(self.data().join("pg_hba.conf"), lines.join("\n") + "\n").unwrap();
        let loaded = "SELECT pg_conf_load_time() FROM pg_reload_conf()";
        let before = self.sql(loaded);
        while self.sql("SELECT pg_conf_load_time()") <= before {
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn pg_ctl(&self, arguments: &[&str]) -> bool {
        as_postgres(&self.bin.join("pg_ctl")).args(arguments).arg("-D").arg(self.data()).status().unwrap().success()
    }

    /// Starts it again, once what was left of it is gone.
    pub fn resume(&self) {
        // connections of which a test's wire holds one end are still there for the server, beside those made instead
        let own = "-c max_connections=400 -c listen_addresses=127.0.0.1 -c unix_socket_directories=''";
        let options = format!("-p {} {own}", self.port);
        let started = (0..20).any(|_| self.pg_ctl(&["start", "-w", "-o", &options]));
        assert!(started, "pg_ctl start failed");
    }

    pub fn stop(&self) {
        assert!(self.pg_ctl(&["stop", "-w", "-m", "fast"]));
    }

    pub fn reload(&self) {
        assert!(self.pg_ctl(&["reload"]));
    }

    /// Sends a signal to the process that all the others of the server end with.
    pub fn signal(&self, name: &str) {
        let pid = std::fs::read_to_string(self.data().join("postmaster.pid")).unwrap();
        let sent = Command::new("kill").args(["-s", name, pid.lines().next().unwrap()]).status().unwrap();
        assert!(sent.success());
    }

    /// Sends a signal to every process of the server, none of which starts another one meanwhile.
    pub fn signal_all(&self, name: &str) {
        let pid = std::fs::read_to_string(self.data().join("postmaster.pid")).unwrap();
        let pid = pid.lines().next().unwrap();
        self.signal("STOP");
        for child in children(pid) {
            // one that has ended by now is as good as told
            let _ = Command::new("kill").args(["-s", name, &child]).stderr(Stdio::null()).status();
        }
        self.signal(name);
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// What a statement answers, as text.
    pub fn sql(&self, statement: &str) -> String {
        let said = self.psql().args(["-c", statement]).output().unwrap();
        assert!(said.status.success(), "{statement}: {}", String::from_utf8_lossy(&said.stderr));
        String::from_utf8(said.stdout).unwrap().trim().to_owned()
    }

    /// Takes locks, or whatever else a transaction holds while it is open, and holds it as long as the value lasts.
    pub fn hold(&self, statement: &str) -> Held {
        let mut client = self.psql().stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        writeln!(client.stdin.as_mut().unwrap(), "BEGIN; {statement}; SELECT 'held';").unwrap();
        let mut said = String::new();
        BufReader::new(client.stdout.take().unwrap()).read_line(&mut said).unwrap();
        assert_eq!(said, "held\n", "{statement}");
        Held(client)
    }

    /// The client, ready for statements.
    pub fn psql(&self) -> Command {
        let mut command = Command::new(self.bin.join("psql"));
        command.args(["-qAtX", "-v", "ON_ERROR_STOP=1", "-d", &self.url()]);
        command
    }
}
