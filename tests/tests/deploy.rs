//! What lies in deploy/ is true: the program knows every option in it, exports every figure, and really starts that way.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::disallowed_methods, reason = "tests live at the edge")]

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime};
use tests::payments::{Payments, Said, buono};
use tests::stores::Stores;
use tests::worker::Worker;
use tests::{Server, binary, free_port};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The example of the settings, all of them in force but those that are replaced or left out.
fn settings(folder: &Path, replaced: &[(&str, Option<String>)]) -> PathBuf {
    let line = |line: &str| {
        let line = line.trim_start_matches('#');
        let (name, _) = line.split_once(" = ").filter(|(name, _)| !name.contains(' '))?;
        match replaced.iter().find(|(other, _)| *other == name) {
            Some((_, own)) => own.as_ref().map(|own| format!("{name} = {own:?}")),
            None => Some(line.to_owned()),
        }
    };
    let path = folder.join("buono.toml");
    let lines: Vec<String> = read("deploy/buono.toml").lines().filter_map(line).collect();
    assert!(lines.len() > 2, "{lines:?}");
    std::fs::write(&path, lines.join("\n")).unwrap();
    path
}

/// Everything up to this option is read, and it alone is refused.
const UNKNOWN: &str = "--no-such-option";

fn refused_for_that_alone(words: &[impl AsRef<OsStr>]) {
    buono(words, &[UNKNOWN.to_owned()]).refused(&format!("unexpected argument '{UNKNOWN}'"));
}

#[test]
fn every_setting_of_the_example_is_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = settings(folder.path(), &[]);
    let path = path.to_str().unwrap();
    for command in ["serve", "work", "migrate", "doctor", "verify"] {
        refused_for_that_alone(&["--config", path, command]);
    }
    std::fs::write(path, "lisen = \"127.0.0.1:0\"").unwrap();
    buono(&["--config", path, "serve", UNKNOWN], &[]).refused("there is no setting called lisen");
}

#[test]
fn a_mail_server_without_a_sender_is_told_of_wherever_it_stands() {
    let folder = tempfile::tempdir().unwrap();
    let (file, data) = (folder.path().join("buono.toml"), folder.path().join("data"));
    std::fs::write(&file, format!("smtp = \"smtp://127.0.0.1\"\ndata = {data:?}\nlisten = \"127.0.0.1:0\"")).unwrap();
    buono(&["--config", file.to_str().unwrap(), "serve"], &[]).refused("--mail-from");
}

/// Where systemd puts the copy of the settings that a service is handed, and how the service asks for it.
const SETTINGS: &str = "%d/buono.toml";
const LOADED: &str = "\nLoadCredential=buono.toml:/etc/buono/buono.toml\n";

/// The commands of a unit as words: without the shell around them, and with a name for what it would work out.
fn commands(unit: &str) -> Vec<Vec<String>> {
    let starts = unit.lines().filter_map(|line| line.strip_prefix("ExecStart"));
    let commands = starts.map(|line| {
        let line = line.split_once('=').unwrap().1.trim_start_matches('-');
        let line = line.strip_prefix("/bin/sh -c 'exec ").map_or(line, |inner| inner.trim_end_matches('\''));
        let line = line
            .split_once("$(")
            .and_then(|(before, rest)| Some(format!("{before}x{}", rest.split_once(')')?.1)))
            .unwrap_or_else(|| line.to_owned());
        line.split(' ').map(str::to_owned).collect::<Vec<_>>()
    });
    commands.collect()
}

#[test]
fn every_unit_starts_the_program_with_options_that_it_knows() {
    let folder = tempfile::tempdir().unwrap();
    let config = settings(folder.path(), &[]);
    let mut seen = 0;
    for name in ["buono", "buono-work", "buono-backup"] {
        let unit = read(&format!("deploy/systemd/{name}.service"));
        for mut words in commands(&unit).into_iter().filter(|words| words[0] != TIDY) {
            assert_eq!(words.remove(0), "/usr/local/bin/buono", "{name}");
            let place = words.iter().position(|word| word == SETTINGS).expect("it names the settings");
            words[place] = config.to_str().unwrap().to_owned();
            refused_for_that_alone(&words);
            seen += 1;
        }
        // which a user made for this service cannot read itself
        assert!(unit.contains("\nDynamicUser=yes\n") && unit.contains(LOADED), "{name}");
        assert_eq!(unit.matches("--config ").count(), unit.matches(SETTINGS).count(), "{name}");
        // what it writes lies where systemd makes a folder for it
        let state = unit.lines().find_map(|line| line.strip_prefix("StateDirectory=")).unwrap();
        let folders: Vec<&str> = state.split(' ').collect();
        for word in unit.split(['\n', ' ', '\'']).filter_map(|word| word.strip_prefix("/var/lib/")) {
            let folder = word.split(|char: char| !char.is_ascii_alphanumeric() && char != '-').next().unwrap();
            assert!(folders.contains(&folder), "{name}: /var/lib/{word}");
        }
        assert!(unit.contains("ProtectSystem=strict") && unit.contains("SystemCallFilter=@system-service"), "{name}");
    }
    assert_eq!(seen, 5);
    // `serve` decides what keeps a server down
    let tolerated = read("deploy/systemd/buono.service")
        .lines()
        .any(|line| line.starts_with("ExecStartPre=-") && line.ends_with(" doctor"));
    assert!(tolerated, "what doctor finds must not keep the other partitions down");
    // most alarms are about what the workers measure
    assert!(read("deploy/systemd/buono-work.service").contains(" --listen 127.0.0.1:8090 all\n"));
    for name in ["buono", "buono-work"] {
        let unit = read(&format!("deploy/systemd/{name}.service"));
        let general = unit.split("[Service]").next().unwrap();
        assert!(
            general.contains("\nStartLimitIntervalSec=0\n") && unit.contains("\nRestart=always\n"),
            "{name} gives up"
        );
    }
}

/// What a backup's unit does after it, as it is installed.
const TIDY: &str = "/usr/local/bin/buono-backup-tidy";

/// A folder of backups, each with its age in days.
struct Backups(tempfile::TempDir);

impl Backups {
    fn add(&self, name: &str, days: u64, finished: bool) {
        let folder = self.0.path().join(name);
        std::fs::create_dir(&folder).unwrap();
        let mut old = vec![folder.clone()];
        if finished {
            std::fs::write(folder.join("manifest.json"), "{}").unwrap();
            old.push(folder.join("manifest.json"));
        }
        let then = SystemTime::now() - Duration::from_secs(days * 24 * 60 * 60 + 60);
        old.iter().for_each(|path| std::fs::File::open(path).unwrap().set_modified(then).unwrap());
    }

    /// What the unit does after a backup, here.
    fn tidy(&self) {
        let unit = read("deploy/systemd/buono-backup.service");
        let place = format!("\nExecStartPost={TIDY} /var/lib/buono-backups ");
        let days = unit.split_once(&place).expect("the unit removes old backups").1.lines().next().unwrap();
        let script = root().join("deploy/systemd/buono-backup-tidy");
        Said::from(Command::new(script).arg(self.0.path()).arg(days).output().unwrap()).well();
    }

    fn names(&self) -> BTreeSet<String> {
        let entries = std::fs::read_dir(self.0.path()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}

#[test]
fn after_a_backup_old_ones_go_and_the_newest_stay() {
    let backups = Backups(tempfile::tempdir().unwrap());
    backups.tidy();
    for day in 10..=18 {
        backups.add(&format!("2026-01-{day}-0330"), 100 - day, true);
    }
    // to a clock that has jumped ahead all of them are old
    backups.tidy();
    let newest: BTreeSet<String> = (12..=18).map(|day| format!("2026-01-{day}-0330")).collect();
    assert_eq!(backups.names(), newest);
    backups.add("2026-03-01-0330", 36, true);
    backups.add("2026-03-02-0330", 35, true);
    backups.add("2026-03-03-0330", 1, false);
    backups.add("2026-03-04-0330", 0, false);
    backups.add("before-the-upgrade", 100, true);
    let newest: Vec<String> = (10..=16).map(|day| format!("2026-03-{day}-0330")).collect();
    newest.iter().for_each(|name| backups.add(name, 0, true));
    backups.tidy();
    let others = ["2026-03-02-0330", "2026-03-04-0330", "before-the-upgrade"].map(str::to_owned);
    let kept: BTreeSet<String> = newest.into_iter().chain(others).collect();
    assert_eq!(backups.names(), kept);
}

/// The names of settings in the environment that a text uses.
fn environment(text: &str) -> BTreeSet<String> {
    let words = text.split(|char: char| !char.is_ascii_uppercase() && char != '_');
    words.filter(|word| word.starts_with("BUONO_")).map(str::to_owned).collect()
}

#[test]
fn every_setting_in_the_environment_of_the_containers_is_one() {
    let help: String = ["serve", "work"].map(|command| buono(&[command, "--help"], &[]).well()).concat();
    let known = environment(&help);
    for file in ["deploy/container/compose.yml", "deploy/container/Containerfile"] {
        let named = environment(&read(file));
        assert!(!named.is_empty() && named.is_subset(&known), "{file}: {named:?} are not all among {known:?}");
    }
    assert!(read("deploy/container/Containerfile").contains("CMD [\"serve\"]"));
}

/// What is given for a key of the compose file, in the order of the file.
fn composed<'a>(compose: &'a str, key: &str) -> Vec<&'a str> {
    compose.lines().filter_map(|line| line.trim().strip_prefix(key)?.strip_prefix(": ")).collect()
}

/// A server of the compose file, ended with this value.
struct Composed(Child);

impl Drop for Composed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Redis as the compose file starts it, and asks whether it is healthy.
fn composed_redis(compose: &str, folder: &Path, port: u16) -> Composed {
    let command = composed(compose, "command").into_iter().find(|command| command.starts_with("redis-server")).unwrap();
    assert!(command.contains(" --maxmemory "), "without a limit no alarm says that memory ends");
    let words: Vec<&str> = command.split(' ').skip(1).map(|word| word.trim_matches('"')).collect();
    let redis = Command::new(tests::redis::REDIS)
        .args(words)
        .args(["--bind", "127.0.0.1", "--port", &port.to_string()])
        .current_dir(folder)
        .stdout(Stdio::null())
        .spawn();
    let redis = Composed(redis.expect("redis-server starts: run scripts/setup.sh test"));
    assert!(compose.contains("[CMD, redis-cli, ping]"));
    let healthy = || Command::new("redis-cli").args(["-p", &port.to_string(), "ping"]).output().unwrap();
    while healthy().stdout != b"PONG\n" {
        std::thread::sleep(Duration::from_millis(10));
    }
    redis
}

/// The environment of a service of the compose file, where its names are this machine's.
fn composed_environment(compose: &str, stores: &[(&str, String)], node: u16) -> Vec<(String, String)> {
    let shared = ["BUONO_POSTGRES", "BUONO_REDIS", "BUONO_BASE_URL", "BUONO_NODE_LISTEN"];
    let value = |name: &str| {
        let value = composed(compose, name)[0];
        let mut value = value.replace("0.0.0.0:7070", &format!("0.0.0.0:{node}"));
        stores.iter().for_each(|(there, here)| value = value.replace(there, here));
        (name.to_owned(), value)
    };
    let mut environment: Vec<_> = shared.into_iter().map(value).collect();
    environment.push(("BUONO_NODE_ADDRESS".to_owned(), format!("127.0.0.1:{node}")));
    environment
}

/// The same commands, settings and checks, with processes instead of containers.
#[tokio::test]
async fn what_is_composed_starts_and_takes_payments() {
    let (compose, folder, stores) =
        (read("deploy/container/compose.yml"), tempfile::tempdir().unwrap(), Stores::postgres_alone());
    let port = free_port();
    let redis = composed_redis(&compose, folder.path(), port);
    let postgres = stores.postgres.as_ref().unwrap();
    let local = [
        ("postgres://buono:buono@postgres/buono", postgres.url()),
        ("redis://redis:6379", format!("redis://127.0.0.1:{port}")),
    ];
    // a town, which the compose file leaves to `buono municipality add`
    let options = ["--redis".to_owned(), local[1].1.clone(), "--postgres".to_owned(), local[0].1.clone()];
    let mut town = Server::start_with(&folder.path().join("town"), &options);
    let demo = town.demo.clone();
    town.end();
    let mut nodes = Vec::new();
    for node in ["node1", "node2", "node3"] {
        assert!(compose.contains(&format!("BUONO_NODE_ADDRESS: \"{node}:7070\"")), "{node}");
        let (data, port) = (folder.path().join(node), free_port());
        std::fs::create_dir(&data).unwrap();
        std::fs::copy(folder.path().join("town/key"), data.join("key")).unwrap();
        let mut program = Command::new(binary());
        program.arg("serve").envs(composed_environment(&compose, &local, free_port()));
        let mut server = Server::start_as_at(&data, port, program);
        server.demo.clone_from(&demo);
        nodes.push(server);
    }
    assert!(composed(&compose, "command").contains(&"work all --listen 0.0.0.0:8090"));
    let _worker = Worker::start(&folder.path().join("town"), &options, "all").await;
    let mut payments = Payments::default();
    for node in &nodes {
        payments.make(node, 8).await;
        payments.still_known(node, payments.count()).await;
    }
    for mut node in nodes {
        node.end();
    }
    drop(redis);
}

/// The unit of a server on stores that are there and empty: all of its commands, in their order.
#[tokio::test]
async fn the_unit_of_a_server_starts_on_empty_stores() {
    for stores in [Stores::files(), Stores::postgres_alone(), Stores::redis_and_postgres()] {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let postgres = stores.postgres.as_ref().map(tests::postgres::Server::url);
        let redis = stores.redis.as_ref().map(|redis| format!("redis://127.0.0.1:{}", redis.port()));
        let own = [
            ("data", Some(data.to_str().unwrap().to_owned())),
            ("listen", None),
            // these stores speak in the clear
            ("store_ca", None),
            ("node_listen", Some("127.0.0.1:0".to_owned())),
            ("journal", (postgres.is_some() && redis.is_none()).then(|| "postgres".to_owned())),
            ("postgres", postgres),
            ("redis", redis),
        ];
        let config = settings(folder.path(), &own);
        let unit = read("deploy/systemd/buono.service").replace(SETTINGS, config.to_str().unwrap());
        let mut commands = commands(&unit);
        let serve = commands.pop().unwrap();
        for words in commands {
            Said::from(Command::new(binary()).args(&words[1..]).output().unwrap()).well();
        }
        let mut program = Command::new(binary());
        program.args(&serve[1..]);
        Server::start_as_at(&data, free_port(), program).end();
    }
}

/// All Rust texts of a folder.
fn sources(folder: &Path, into: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            sources(&entry, into);
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            into.push_str(&std::fs::read_to_string(entry).unwrap());
        }
    }
}

#[test]
fn every_alarm_is_about_figures_that_there_are_and_has_its_page() {
    let (alerts, runbook, mut code) = (read("deploy/prometheus/alerts.yml"), read("docs/runbook.md"), String::new());
    ["engine", "gateway", "store", "workers"]
        .iter()
        .for_each(|part| sources(&root().join(part).join("src"), &mut code));
    let words = alerts.split(|char: char| !char.is_ascii_alphanumeric() && char != '_');
    let figures: BTreeSet<&str> = words.filter(|word| word.starts_with("buono_")).collect();
    assert!(figures.len() > 8, "{figures:?}");
    for figure in figures {
        assert!(code.contains(&format!("\"{figure}\"")), "nothing exports {figure}");
    }
    let headings: BTreeSet<&str> = runbook
        .lines()
        .filter_map(|line| line.strip_prefix("## "))
        .flat_map(|heading| heading.split(", "))
        .filter(|heading| heading.starts_with("Buono"))
        .collect();
    let alarms: BTreeSet<&str> = alerts.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    assert_eq!(headings, alarms, "the runbook has an entry for each alarm, and for no other");
}
