//! Servers that are not who they should be, or speak another way than they are spoken to: said so that whoever runs
//! them knows what to do.

use super::certificates::{Certificates, NAME};
use super::redis::server::{Server as Redis, encrypted, started};
use super::stores::{P, encrypted_url, migrated, write};
use std::path::Path;
use store::journal::{JournalPlace, Leases, PostgresJournal, PostgresLeases, RedisJournal, RedisServer};
use store::ledger::Db;
use store::postgres::PostgresServer;
use store::tls::Authorities;

fn believing(authority: &Path) -> Authorities {
    Authorities::with_file(authority).unwrap()
}

/// What is said about a Redis at this port, by this name.
fn of_redis(scheme: &str, server: &Redis, name: &str, port: u16, trusted: &Authorities) -> String {
    let url = format!("{scheme}://{}{name}:{port}", server.login());
    let said = RedisJournal::open(&RedisServer::parse(&url, trusted).unwrap()).err().unwrap().to_string();
    assert!(!said.contains(&server.login()), "{said}");
    said
}

/// What the journal's client says, which must be what the ledger's says in its own words.
fn of_postgres(url: &str, trusted: &Authorities, words: &str) {
    let server = PostgresServer::parse(url, trusted).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let ledger = runtime.block_on(Db::connect_postgres(&server)).err().unwrap().to_string();
    let journal = PostgresJournal::open(&server).err().unwrap().to_string();
    for said in [ledger, journal] {
        assert!(said.contains(words), "{url}: {said}");
    }
}

#[test]
fn a_redis_that_is_not_who_it_should_be_is_named() {
    let (certificates, others) = (Certificates::new(), Certificates::new());
    let (server, port) = encrypted(&certificates);
    let trusted = believing(&certificates.authority());
    let url = format!("rediss://{}{NAME}:{port}", server.login());
    RedisJournal::open(&RedisServer::parse(&url, &trusted).unwrap()).unwrap();
    for wrong in [believing(&others.authority()), Authorities::default()] {
        let said = of_redis("rediss", &server, NAME, port, &wrong);
        assert!(said.contains("no authority that is trusted here has signed it"), "{said}");
    }
    let said = of_redis("rediss", &server, "127.0.0.1", port, &trusted);
    assert!(said.contains("reach the server by a name that its certificate has"), "{said}");
    assert!(said.contains("127.0.0.1") && said.contains(NAME), "both names are told: {said}");
    let said = of_redis("rediss", &server, NAME, server.port(), &trusted);
    assert!(said.contains("does") && said.contains("speak TLS on this port"), "{said}");
    let said = of_redis("redis", &server, NAME, port, &trusted);
    assert!(said.contains("where the server speaks TLS alone, write rediss://"), "{said}");
    let unverified = RedisServer::parse(&format!("{url}/#insecure"), &trusted).err().unwrap().to_string();
    assert!(unverified.contains("no server is believed unverified"), "{unverified}");
}

#[test]
fn a_redis_that_wants_a_certificate_of_ours_is_told_from_others() {
    let certificates = Certificates::new();
    let (server, port) = encrypted(&certificates);
    let _: String = server.say(&[b"CONFIG", b"SET", b"tls-auth-clients", b"yes"]);
    let said = of_redis("rediss", &server, NAME, port, &believing(&certificates.authority()));
    assert!(said.contains("tls-auth-clients no"), "{said}");
}

/// The name of a user, and a password in which every character must be written otherwise in an address.
#[test]
fn users_and_passwords_are_taken_from_the_address() {
    for server in started(&[]) {
        server.patient().migrate().unwrap();
        // what a journal needs, and no more
        let rights = "on >p@ss:w/rd?#% ~buono:* +@all -@dangerous +info +role +config|get";
        let user: Vec<&[u8]> =
            [&b"ACL"[..], b"SETUSER", b"b@ono"].into_iter().chain(rights.split(' ').map(str::as_bytes)).collect();
        let _: String = server.say(&user);
        let at = |login: &str| {
            let url = format!("redis://{login}127.0.0.1:{}", server.port());
            RedisServer::parse(&url, &Authorities::default()).unwrap()
        };
        let known = at("b%40ono:p%40ss%3Aw%2Frd%3F%23%25@");
        let place = JournalPlace::Redis(vec![known]);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(place.migrate(4)).unwrap();
        assert_eq!(
            (place.complaints(), place.volumes().iter().all(|(_, volume)| volume.is_ok())),
            (Ok(vec![]), true),
            "{}",
            server.name
        );
        let mut journal = place.writer().unwrap();
        assert_eq!(journal.partitions().unwrap().len(), 4);
        write(journal.as_mut(), 2);
        journal.trim(P, 4, 4).unwrap();
        for stranger in ["b%40ono:wrong@", "nobody:p@", ""] {
            let said = RedisJournal::open(&at(stranger)).err().unwrap().to_string();
            assert!(said.to_lowercase().contains("authentication"), "{}: {stranger}: {said}", server.name);
        }
    }
}

#[test]
fn a_postgres_that_is_not_who_it_should_be_is_named() {
    let (certificates, others) = (Certificates::new(), Certificates::new());
    let server = migrated(&[]);
    let trusted = believing(&certificates.authority());
    of_postgres(&encrypted_url(&server), &trusted, "server does not support TLS");
    server.encrypt(&certificates.certificate(), &certificates.key());
    for wrong in [believing(&others.authority()), Authorities::default()] {
        of_postgres(&encrypted_url(&server), &wrong, "no authority that is trusted here has signed it");
    }
    let by_number = encrypted_url(&server).replace(NAME, "127.0.0.1");
    of_postgres(&by_number, &trusted, "reach the server by a name that its certificate has");
    // the authority that the address names wins
    let named = format!("{}&sslrootcert={}", encrypted_url(&server), certificates.authority().display());
    PostgresJournal::open(&PostgresServer::parse(&named, &believing(&others.authority())).unwrap()).unwrap();
}

#[test]
fn a_postgres_that_takes_tls_alone_and_a_password_in_the_address() {
    let certificates = Certificates::new();
    let server = migrated(&[]);
    server.encrypt(&certificates.certificate(), &certificates.key());
    server.sql("CREATE ROLE \"b@ono\" LOGIN SUPERUSER PASSWORD 'p@ss:w/rd?#%'");
    server.admit(&["hostssl all postgres 127.0.0.1/32 trust", "hostssl all all 127.0.0.1/32 scram-sha-256"]);
    let trusted = believing(&certificates.authority());
    of_postgres(&server.url(), &trusted, "sslmode=verify-full");
    let login = |login: &str| encrypted_url(&server).replace("postgres@", login);
    of_postgres(&login("b%40ono:wrong@"), &trusted, "password authentication failed");
    let known = PostgresServer::parse(&login("b%40ono:p%40ss%3Aw%2Frd%3F%23%25@"), &trusted).unwrap();
    PostgresJournal::open(&known).unwrap();
    PostgresLeases::new(known.clone()).create(4).unwrap();
    assert_eq!(PostgresJournal::complaints(&known), Ok(vec![]));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        PostgresJournal::migrate(&known).await.unwrap();
        let ledger = Db::connect_postgres(&known).await.unwrap();
        ledger.migrate().await.unwrap();
        // nothing of it goes in the clear
        let plain = "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
            WHERE backend_type = 'client backend' AND NOT ssl";
        assert_eq!(server.sql(plain), "0");
        assert!(ledger.everything().complaints().await.unwrap().is_empty());
    });
}
