//! Private servers, each on a free port with a folder and a password of its own.

use crate::certificates::Certificates;
use crate::postgres::ports::free_port;
use crate::stores::{AT, NODE, P, batch};
use redis::{Connection, FromRedisValue};
use rustix::process::{Pid, Signal, kill_process};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;
use store::journal::{Head, Journal, RedisJournal, RedisServer};
use store::tls::Authorities;

/// What the promise needs, as `RedisServer::complaints` has it.
pub const SAFE: [(&str, &str); 5] = [
    ("appendonly", "yes"),
    ("appendfsync", "always"),
    ("maxmemory-policy", "noeviction"),
    ("no-appendfsync-on-rewrite", "no"),
    ("aof-load-truncated", "no"),
];
/// No limit at all in practice: a test that waits this long has failed.
pub const PATIENT: Duration = Duration::from_secs(3_600);

/// A server that ends with this value; its files too.
pub struct Server {
    pub name: &'static str,
    program: PathBuf,
    folder: tempfile::TempDir,
    options: Vec<(String, String)>,
    port: u16,
    child: Option<Child>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

fn programs() -> [(&'static str, PathBuf); 2] {
    let valkey = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/valkey/bin/valkey-server");
    [("redis", PathBuf::from("/usr/bin/redis-server")), ("valkey", valkey)]
}

/// Both kinds, running with these settings besides the safe ones.
pub fn started(options: &[(&str, &str)]) -> Vec<Server> {
    programs().map(|(name, program)| start(name, program, options)).into()
}

fn start(name: &'static str, program: PathBuf, options: &[(&str, &str)]) -> Server {
    assert!(program.is_file(), "{} is missing: run scripts/setup.sh test", program.display());
    let options = SAFE.iter().chain(options).map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
    let mut server = Server { name, program, folder: tempfile::tempdir().unwrap(), options, port: 0, child: None };
    // somebody else may take the port between the look and the start
    assert!((0..20).any(|_| server.start_on(free_port())), "{name} does not start: {}", server.log());
    server
}

/// Redis as Debian has it, ready, and the port on which it speaks TLS.
pub fn encrypted(certificates: &Certificates) -> (Server, u16) {
    let port = free_port();
    let mut options = vec![("tls-port", port.to_string())];
    options.extend(certificates.redis_options());
    let options: Vec<(&str, &str)> = options.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let [(_, program), _] = programs();
    let server = start("redis over TLS", program, &options);
    server.patient().migrate().unwrap();
    (server, port)
}

/// Both kinds, with safe settings and the library.
pub fn ready() -> Vec<Server> {
    let servers = started(&[]);
    servers.iter().for_each(|server| server.patient().migrate().unwrap());
    servers
}

impl Server {
    /// Whether it came up and is this one, not somebody else's on the same port.
    fn start_on(&mut self, port: u16) -> bool {
        self.port = port;
        let mut command = Command::new(&self.program);
        command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""]);
        command.args(["--requirepass", &self.password(), "--logfile", "log"]);
        for (name, value) in &self.options {
            command.args([format!("--{name}"), value.clone()]);
        }
        command.current_dir(&self.folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let url = self.url(port);
        let child = self.child.insert(command.spawn().unwrap());
        loop {
            if child.try_wait().unwrap().is_some() {
                self.child = None;
                return false;
            }
            let answer = redis::Client::open(url.as_str())
                .and_then(|client| client.get_connection())
                .and_then(|mut connection| redis::cmd("PING").query::<String>(&mut connection));
            match answer {
                Ok(_) => return true,
                Err(_) => thread::sleep(Duration::from_millis(5)),
            }
        }
    }

    fn password(&self) -> String {
        self.folder.path().file_name().unwrap().to_string_lossy().replace('.', "")
    }

    /// Starts it again over its files; whether it came up.
    pub fn start(&mut self) -> bool {
        let port = self.port;
        self.start_on(port)
    }

    /// What it is told from its next start on.
    pub fn set(&mut self, name: &str, value: &str) {
        self.options.push((name.to_owned(), value.to_owned()));
    }

    /// What it wrote about itself.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    pub fn url(&self, port: u16) -> String {
        format!("redis://{}127.0.0.1:{port}", self.login())
    }

    /// What stands before the host in an address.
    pub fn login(&self) -> String {
        format!(":{}@", self.password())
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// The server for a caller who waits for ever.
    pub fn patient(&self) -> RedisServer {
        RedisServer::parse(&self.url(self.port), &Authorities::default()).unwrap().with_time_outs(PATIENT, PATIENT)
    }

    pub fn journal(&self) -> RedisJournal {
        RedisJournal::open(&self.patient()).unwrap()
    }

    pub fn connection(&self) -> Connection {
        redis::Client::open(self.url(self.port)).unwrap().get_connection().unwrap()
    }

    /// What it says to a command of somebody who knows no rules.
    pub fn say<T: FromRedisValue>(&self, words: &[&[u8]]) -> T {
        let mut command = redis::cmd(str::from_utf8(words[0]).unwrap());
        for word in &words[1..] {
            command.arg(*word);
        }
        command.query(&mut self.connection()).unwrap()
    }

    /// As a crash: nothing more is written.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    pub fn signal(&self, signal: Signal) {
        let child = self.child.as_ref().unwrap();
        kill_process(Pid::from_child(child), signal).unwrap();
    }

    /// The file that appends go to.
    pub fn appended(&self) -> PathBuf {
        let files = std::fs::read_dir(self.folder.path().join("appendonlydir")).unwrap();
        let mut files: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
        files.retain(|file| file.to_string_lossy().ends_with(".incr.aof"));
        assert_eq!(files.len(), 1, "{files:?}");
        files.remove(0)
    }
}

/// A journal of so many batches of three records behind its opening, and where it ends.
pub fn written(server: &Server, batches: u64) -> (RedisJournal, Head) {
    let mut journal = server.journal();
    journal.create(P).unwrap();
    let mut head = journal.open(P, NODE, 0, AT).unwrap().head;
    for _ in 0..batches {
        let next = batch(&head, 3);
        journal.append(P, head.seq, &next).unwrap();
        head = next.head();
    }
    (journal, head)
}
