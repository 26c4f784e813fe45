//! Both databases, new and empty: a SQLite file, and a private Postgres that ends with the test.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use store::ledger::{Db, MunicipalityRow, ProgrammeRow};
use uuid::Uuid;

/// A database that lasts as long as this value.
pub struct Fresh {
    pub name: &'static str,
    pub db: Db,
    folder: tempfile::TempDir,
    postgres: Option<PathBuf>,
}

impl Drop for Fresh {
    fn drop(&mut self) {
        if let Some(bin) = &self.postgres {
            let _ = as_postgres(&bin.join("pg_ctl"))
                .args(["stop", "-m", "immediate", "-D"])
                .arg(self.folder.path().join("pg"))
                .status();
        }
    }
}

/// Postgres refuses to run as root.
fn as_postgres(program: &Path) -> Command {
    let mut command = if rustix_is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--reuid", "postgres", "--regid", "postgres", "--clear-groups"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    command.stdout(Stdio::null()).stderr(Stdio::null()).stdin(Stdio::null());
    command
}

fn rustix_is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n")
}

fn binaries() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let found = versions.map(|version| version.path().join("bin")).find(|bin| bin.join("initdb").is_file());
    found.expect("Postgres is missing: apt-get install postgresql, as `make test` does")
}

async fn postgres() -> Fresh {
    let (bin, folder) = (binaries(), tempfile::tempdir().unwrap());
    let open = Command::new("chmod").arg("777").arg(folder.path()).status().unwrap();
    assert!(open.success());
    let data = folder.path().join("pg");
    let made =
        as_postgres(&bin.join("initdb")).args(["-A", "trust", "-U", "postgres", "-D"]).arg(&data).status().unwrap();
    assert!(made.success(), "initdb failed");
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let options = format!("-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=''");
    let started =
        as_postgres(&bin.join("pg_ctl")).args(["start", "-w", "-o", &options, "-D"]).arg(&data).status().unwrap();
    assert!(started.success(), "pg_ctl start failed");
    let db = Db::connect_postgres(&format!("postgres://postgres@127.0.0.1:{port}/postgres")).await.unwrap();
    Fresh { name: "postgres", db, folder, postgres: Some(bin) }
}

async fn sqlite() -> Fresh {
    let folder = tempfile::tempdir().unwrap();
    let db = Db::open_sqlite(&folder.path().join("ledger.db")).await.unwrap();
    Fresh { name: "sqlite", db, folder, postgres: None }
}

/// Both, migrated.
pub async fn both() -> Vec<Fresh> {
    let both = vec![sqlite().await, postgres().await];
    for fresh in &both {
        fresh.db.migrate().await.unwrap();
        fresh.db.migrate().await.unwrap();
    }
    both
}

/// A municipality and a programme without limits whose links wait a minute.
pub async fn town(db: &Db, municipality: Uuid, programme: Uuid) {
    let town = MunicipalityRow {
        id: municipality,
        name: "Comune".to_owned(),
        help_phone: "0".to_owned(),
        help_email: "a@example.org".to_owned(),
    };
    db.add_municipality(&town, 1).await.unwrap();
    let row = ProgrammeRow {
        id: programme,
        municipality_id: municipality,
        name: "Buoni spesa".to_owned(),
        status: "active".to_owned(),
        budget_cents: i64::MAX,
        valid_from: 1,
        expires_at: i64::MAX,
        per_redemption_max_cents: None,
        per_day_max_cents: None,
        per_day_count_max: None,
        pin_above_cents: None,
        hold_seconds: 600,
        message_after_purchase: 1,
        link_delay_seconds: 60,
        rules_it: String::new(),
        rules_en: String::new(),
        created_at: 1,
    };
    db.add_programme(&row).await.unwrap();
}
