//! Backups that are taken while shops take payments, and what comes back of them.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use reqwest::Method;
use rusqlite::Connection;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use tests::Server;
use tests::payments::{Payments, Said, buono, claims, seal};
use tests::stores::Stores;
use tests::town::{Installation, Town as Municipality, done, key, text};

/// A running town, and room for copies.
struct Town {
    folder: tempfile::TempDir,
    stores: Stores,
    server: Option<Server>,
    payments: Payments,
}

impl Town {
    async fn new(stores: Stores) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut town = Self { folder, stores, server: None, payments: Payments::default() };
        town.start();
        town.pay(20).await;
        town
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn start(&mut self) {
        self.server = Some(Server::start_with(&self.path("data"), &self.stores.options()));
    }

    fn end(&mut self) {
        self.server.take().unwrap().end();
    }

    async fn pay(&mut self, count: usize) {
        self.payments.make(self.server.as_ref().unwrap(), count).await;
    }

    /// A command on the stores that the town has now.
    fn run(&self, command: &str, options: &[&str]) -> Said {
        let data = self.path("data");
        buono(&[&[command, "--data", data.to_str().unwrap()], options].concat(), &self.stores.options())
    }

    fn backup(&self, name: &str) -> String {
        let to = self.path(name).to_str().unwrap().to_owned();
        self.run("backup", &["--to", &to]).well();
        to
    }

    /// A backup while tills pay: its folder, and what was said.
    async fn backup_under_load(&mut self, name: &str) -> (String, String) {
        let [data, to] = ["data", name].map(|name| self.path(name).to_str().unwrap().to_owned());
        let command = ["backup".to_owned(), "--data".to_owned(), data, "--to".to_owned(), to.clone()];
        let options = self.stores.options();
        let backup = tokio::task::spawn_blocking(move || buono(&command, &options));
        while !backup.is_finished() {
            self.pay(1).await;
        }
        (to, backup.await.unwrap().well())
    }

    /// The ids of the messages that have gone, once there are more than that.
    async fn messages(&self, beyond: usize) -> Vec<String> {
        loop {
            let sent = tests::messages(&self.path("data"));
            let ids: Vec<_> = sent.iter().map(|message| message["id"].as_str().unwrap().to_owned()).collect();
            if ids.len() > beyond {
                return ids;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }

    fn lose(&self, file: &str) {
        for end in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(self.path("data").join(format!("{file}{end}")));
        }
    }

    /// What is restored answers every payment up to there as it was answered, and verifies.
    async fn goes_on(&mut self, known: usize) {
        self.run("verify", &[]).well();
        self.start();
        self.payments.still_known(self.server.as_ref().unwrap(), known).await;
        self.pay(3).await;
        self.end();
        self.run("verify", &[]).well();
    }
}

/// Backed up under load, lost with the machine, and restored into other stores.
async fn comes_back(stores: Stores, others: Stores) {
    let mut town = Town::new(stores).await;
    let data = town.path("data");
    let sealed = seal(town.server.as_ref().unwrap()).await;
    let before = town.payments.count();
    let (to, said) = town.backup_under_load("copy").await;
    assert!(said.contains("complete and verified") && said.contains("is a secret and is not in it"), "{said}");
    town.end();
    buono(&["verify", "--data", &to], &[]).well();
    // the machine is lost but for the key, which was kept apart, and what the tills themselves know
    let (key, demo) = (town.path("key"), town.path("demo.json"));
    std::fs::rename(data.join("key"), &key).unwrap();
    std::fs::rename(data.join("demo.json"), &demo).unwrap();
    std::fs::remove_dir_all(&data).unwrap();
    town.stores = others;
    town.run("restore", &["--from", &to]).refused("--key FILE");
    let key = ["--from", &to, "--key", key.to_str().unwrap()];
    let said = town.run("restore", &key).well();
    assert!(said.contains("its fence is moved"), "{said}");
    std::fs::rename(&demo, data.join("demo.json")).unwrap();
    town.run("restore", &key).refused("not empty");
    town.start();
    let server = town.server.as_ref().unwrap();
    assert_eq!(claims(server).await, serde_json::json!([sealed]), "what the shop asked for came along");
    town.end();
    town.goes_on(before).await;
    town.run("restore", &key).refused("not empty");
}

#[tokio::test]
async fn a_backup_taken_under_load_comes_back_on_files() {
    comes_back(Stores::files(), Stores::files()).await;
}

#[tokio::test]
async fn a_backup_of_redis_and_postgres_comes_back_on_others() {
    comes_back(Stores::redis_and_postgres(), Stores::redis_and_postgres()).await;
}

#[tokio::test]
async fn a_backup_of_files_comes_back_on_postgres() {
    comes_back(Stores::files(), Stores::postgres_alone()).await;
}

#[tokio::test]
async fn what_has_several_partitions_does_not_go_into_a_file() {
    let mut town = Town::new(Stores::postgres_alone()).await;
    let copy = town.backup("copy");
    town.end();
    town.run("verify", &[]).well();
    buono(&["verify", "--data", &copy], &[]).well();
    let (key, there) = (town.path("data").join("key"), town.path("there"));
    let [key, there] = [&key, &there].map(|path| path.to_str().unwrap());
    let options = ["restore", "--data", there, "--from", &copy, "--key", key];
    buono(&options, &[]).refused("the journal there has 1 partitions, and what is brought has 8");
}

#[tokio::test]
async fn an_older_ledger_under_a_newer_journal_catches_up_exactly() {
    let mut town = Town::new(Stores::files()).await;
    let copy = town.backup("copy");
    let lost = seal(town.server.as_ref().unwrap()).await;
    let before = town.messages(0).await.len();
    town.pay(15).await;
    // some of them have told their families, who must not hear it again
    let sent = town.messages(before).await;
    town.end();
    town.run("restore", &["--from", &copy, "--only", "ledger"]).refused("not empty");
    town.lose("ledger.db");
    let said = town.run("restore", &["--from", &copy, "--only", "ledger"]).well();
    assert!(said.contains("nothing that was paid is lost"), "{said}");
    // the claim is lost, its operations are not: they are in the next one
    town.start();
    let server = town.server.as_ref().unwrap();
    assert_eq!(claims(server).await, serde_json::json!([]));
    let again = seal(server).await;
    assert!(again["operations"].as_i64() > lost["operations"].as_i64() && again["number"] == lost["number"], "{again}");
    // no family hears again what it was told: the next payment's message is the next one
    town.pay(8).await;
    let all = town.messages(sent.len()).await;
    assert_eq!(all.iter().collect::<std::collections::BTreeSet<_>>().len(), all.len(), "sent twice: {all:?}");
    town.end();
    town.goes_on(43).await;
}

/// What staff did after the backup is lost with its ledger, and the codes that families hold follow from the key.
#[tokio::test]
async fn a_code_that_was_given_after_the_backup_works_in_an_older_ledger() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let data = folder.path().join("data");
    let mut on = Installation::start(&data).await;
    let town = Municipality::build(&on, "Pievebassa").await;
    buono(&["backup", "--data", &path("data"), "--to", &path("copy")], &[]).well();
    let file = "riferimento;importo;canale;cellulare\nTARDI-1;50,00;sms;3470001122\n";
    let upload = format!("/v1/admin/beneficiaries/import?programme_id={}", town.programme);
    let import = done(town.send_file(&on, &upload, "text/csv", file.into()).await).await;
    town.apply(&on, &text(&import["import_id"])).await;
    town.quiet(&on).await;
    let sent = tests::messages(&data);
    let link = sent.iter().find(|message| message["to"] == "+393470001122").expect("the family has its link");
    let link = text(&link["text"]).split_whitespace().find(|word| word.contains("/v#")).unwrap().to_owned();
    let reissue = format!("/v1/admin/vouchers/{}/reissue", town.voucher.id);
    let code = text(&on.post(&town.clerk, &reissue, &json!({"reason": "perso"})).await["code"]);
    let pay = |code: &str| json!({"voucher": code, "amount_cents": 100});
    on.post(&town.tills[0], "/v1/redemptions", &pay(&link)).await;
    on.server.end();
    for end in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(data.join(format!("ledger.db{end}")));
    }
    let said = buono(&["restore", "--data", &path("data"), "--from", &path("copy"), "--only", "ledger"], &[]).well();
    assert!(said.contains("1 vouchers were given to families after") && said.contains("Do not upload"), "{said}");
    on.server = Server::start(&data);
    for code in [&link, &code] {
        let found = on.post(&town.tills[0], "/v1/vouchers/lookup", &json!({"voucher": code})).await;
        assert_eq!(
            (&found["status"], &found["balance_cents"]),
            (&json!("active"), &found["available_cents"]),
            "{found}"
        );
        on.post(&town.tills[0], "/v1/redemptions", &pay(code)).await;
    }
    let old = on.request(&town.tills[0], Method::POST, "/v1/redemptions").header("Idempotency-Key", key());
    let told: Value = old.json(&pay(&town.voucher.code)).send().await.unwrap().json().await.unwrap();
    assert_eq!(told["code"], "voucher_reissued", "{told}");
}

#[tokio::test]
async fn after_a_whole_restore_no_family_hears_again_what_it_was_told() {
    let mut town = Town::new(Stores::files()).await;
    let before = town.payments.count();
    // what is paid meanwhile is in the journal's copy and not in the ledger's, or waits there to be sent
    let (copy, _) = town.backup_under_load("copy").await;
    let mut sent = Vec::new();
    while town.messages(0).await != sent {
        sent = town.messages(0).await;
        tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    }
    town.end();
    for store in ["ledger.db", "journal.db"] {
        town.lose(store);
    }
    let said = town.run("restore", &["--from", &copy]).well();
    assert!(said.contains("messages may have gone already and are kept back"), "{said}");
    town.start();
    town.pay(8).await;
    let all = town.messages(sent.len()).await;
    assert_eq!(all.iter().collect::<std::collections::BTreeSet<_>>().len(), all.len(), "sent twice: {all:?}");
    town.end();
    town.goes_on(before).await;
}

#[tokio::test]
async fn an_older_journal_under_a_newer_ledger_is_refused_with_the_list_of_what_would_be_lost() {
    let mut town = Town::new(Stores::files()).await;
    let copy = town.backup("copy");
    let known = town.payments.count();
    town.pay(4).await;
    let shop = town.server.as_ref().unwrap().demo["terminals"][known % 4]["shop"].as_str().map(str::to_owned);
    town.end();
    town.lose("journal.db");
    let refused = town.run("restore", &["--from", &copy, "--only", "journal"]).refused("would be lost");
    // the same words from whoever looks at stores that somebody put together by hand
    std::fs::copy(Path::new(&copy).join("journal.db"), town.path("data").join("journal.db")).unwrap();
    for said in [refused, town.run("verify", &[]).refused("damaged"), town.run("doctor", &[]).refused("would be lost")]
    {
        assert!(said.contains("these 4 operations would be lost"), "{said}");
        for answer in town.payments.answers(known) {
            let cents = answer["amount_cents"].as_i64().unwrap();
            let (operation, amount) = (answer["operation_id"].as_str().unwrap(), format!("redeem of 0.0{cents} EUR"));
            let line =
                said.lines().find(|line| line.contains(operation)).unwrap_or_else(|| panic!("{operation}: {said}"));
            assert!(line.contains(&amount) && !line.contains("no shop"), "{line}");
        }
        assert!(shop.as_ref().is_none_or(|shop| said.contains(shop)), "{said}");
    }
}

#[tokio::test]
async fn a_town_in_which_nothing_was_paid_is_backed_up_and_comes_back() {
    for stores in [Stores::files(), Stores::postgres_alone()] {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let run = |command: &[&str]| buono(&[command, &["--data", &path("data")]].concat(), &stores.options());
        run(&["migrate"]).well();
        run(&["municipality", "add", "--name", "Comune", "--help-phone", "059 1", "--help-email", "a@b.example"])
            .well();
        let operator = ["--email", "o@b.example", "--role", "operator", "--password", "correct horse battery"];
        run(&[&["user", "add"], &operator[..]].concat()).well();
        // the second knows of the first
        for name in ["first", "second"] {
            run(&["backup", "--to", &path(name), "--with-key"]).well();
        }
        run(&["verify"]).well();
        buono(&["verify", "--data", &path("second")], &[]).well();
        let others = stores.postgres.as_ref().map_or_else(Stores::files, |_| Stores::postgres_alone());
        let restore = ["restore", "--data", &path("there"), "--from", &path("second")];
        buono(&restore, &others.options()).well();
    }
}

/// Every file of a folder, with the bytes in it.
fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

/// A backup as a version that knew one migration less would have made it.
fn make_older(copy: &Path) {
    let hash = |path: &Path| blake3::hash(&std::fs::read(path).unwrap()).to_hex().to_string();
    let (ledger, manifest) = (copy.join("ledger.db"), copy.join("manifest.json"));
    let before = hash(&ledger);
    let newest = "DELETE FROM _sqlx_migrations WHERE version = (SELECT MAX(version) FROM _sqlx_migrations)";
    Connection::open(&ledger).unwrap().execute_batch(newest).unwrap();
    let said = std::fs::read_to_string(&manifest).unwrap();
    std::fs::write(&manifest, said.replace(&before, &hash(&ledger))).unwrap();
}

#[tokio::test]
async fn a_backup_is_left_as_it_is_by_all_who_look_at_it() {
    let mut town = Town::new(Stores::files()).await;
    let copy = town.backup("copy");
    town.end();
    let (folder, key) = (Path::new(&copy), town.path("data").join("key"));
    let before = contents(folder);
    let said = buono(&["verify", "--data", &copy], &[]).well();
    assert!(said.contains(&format!("in the backup {copy}, made on 20")) && said.contains("--key FILE"), "{said}");
    let said = buono(&["verify", "--data", &copy, "--key", key.to_str().unwrap()], &[]).well();
    assert!(!said.contains("--key FILE"), "{said}");
    for command in ["migrate", "doctor"] {
        buono(&[command, "--data", &copy], &[]).refused("is a backup");
    }
    // the servers of the town are not what is asked about
    for elsewhere in [["--postgres", "postgres://u@127.0.0.1:1/d"], ["--redis", "redis://127.0.0.1:1"]] {
        buono(&[&["verify", "--data", &copy], &elsewhere[..]].concat(), &[]).refused("lead elsewhere");
    }
    assert_eq!(contents(folder), before);
    make_older(folder);
    let before = contents(folder);
    let words = "was made by version 0.1.0 of buono, with other tables than this one";
    buono(&["verify", "--data", &copy], &[]).refused(words);
    // who has the key sees that nobody signed this one
    let (there, key) = (town.path("there"), key.to_str().unwrap());
    for command in [&["verify", "--data", &copy][..], &["restore", "--data", there.to_str().unwrap(), "--from", &copy]]
    {
        buono(&[command, &["--key", key]].concat(), &[]).refused("it was changed after it was signed");
    }
    assert_eq!(contents(folder), before);
}

#[tokio::test]
async fn a_backup_that_is_not_whole_is_refused() {
    let mut town = Town::new(Stores::files()).await;
    let copy = town.backup("copy");
    let with_key = town.path("with-key").to_str().unwrap().to_owned();
    let said = town.run("backup", &["--to", &with_key, "--with-key"]).well();
    assert!(said.contains("the key file is in it"), "{said}");
    town.run("backup", &["--to", &copy]).refused("is not empty");
    town.end();
    let copy = Path::new(&copy);
    let restore = |from: &Path| {
        let into = town.path("into");
        let options = ["restore", "--data", into.to_str().unwrap(), "--from", from.to_str().unwrap()];
        let key = town.path("data").join("key");
        buono(&[&options[..], &["--key", key.to_str().unwrap()]].concat(), &[])
    };
    for (file, words) in [("journal.db", "journal.db: damaged"), ("ledger.db", "ledger.db: damaged")] {
        let good = std::fs::read(copy.join(file)).unwrap();
        let mut bad = good.clone();
        let middle = bad.len() / 2;
        bad[middle] ^= 1;
        std::fs::write(copy.join(file), bad).unwrap();
        restore(copy).refused(words);
        std::fs::write(copy.join(file), good).unwrap();
    }
    // a manifest that was made to fit other files
    let manifest = std::fs::read_to_string(copy.join("manifest.json")).unwrap();
    let seq = manifest.find("\"seq\": ").unwrap() + 7;
    std::fs::write(copy.join("manifest.json"), format!("{}1{}", &manifest[..seq], &manifest[seq..])).unwrap();
    restore(copy).refused("it was changed after it was signed");
    let first = r#"{"format": 1, "buono": "0.1.0", "with_key": false, "tables": {}}"#;
    std::fs::write(copy.join("manifest.json"), first).unwrap();
    restore(copy).refused("it has format 1, and this program reads 2: use the build of 0.1.0 that made it");
    std::fs::remove_file(copy.join("manifest.json")).unwrap();
    restore(copy).refused("without it a folder is no backup");
    restore(Path::new(&with_key)).well();
    let other = town.path("other");
    std::fs::create_dir(&other).unwrap();
    std::fs::write(other.join("key"), [9; 32]).unwrap();
    Command::new("chmod").arg("600").arg(other.join("key")).status().unwrap();
    let options = ["restore", "--data", other.to_str().unwrap(), "--from", &with_key];
    buono(&options, &[]).refused("is another installation's key file");
}
