//! Which servers are refused, and how that is said.

use super::server::{SAFE, ready, started};
use crate::stores::P;
use std::fs;
use std::time::Duration;
use store::journal::{Journal, JournalError, JournalPlace, RedisJournal, RedisServer};
use store::tls::Authorities;

#[test]
fn nothing_is_wrong_with_a_safe_server() {
    for server in ready() {
        assert_eq!(server.patient().complaints(), Ok(vec![]), "{}", server.name);
    }
}

/// What a crashed server shows again may not be synced; the sync of this write covers it.
#[test]
fn every_connection_has_a_write_acknowledged_before_it_reads() {
    for server in ready() {
        let mut journal = server.journal();
        journal.create(P).unwrap();
        for connections in 2..5_u64 {
            let before = fs::metadata(server.appended()).unwrap().len();
            journal.reconnect();
            journal.head(P).unwrap();
            assert!(fs::metadata(server.appended()).unwrap().len() > before, "{}", server.name);
            assert_eq!(server.say::<u64>(&[b"GET", b"buono:settled"]), connections);
        }
    }
}

#[test]
fn each_unsafe_setting_is_named_with_its_remedy() {
    let unsafe_ones = [
        ("appendonly", "no"),
        ("appendfsync", "everysec"),
        ("maxmemory-policy", "allkeys-lru"),
        ("no-appendfsync-on-rewrite", "yes"),
        ("aof-load-truncated", "yes"),
        ("cluster-enabled", "yes"),
    ];
    for (setting, value) in unsafe_ones {
        for server in started(&[(setting, value)]) {
            server.patient().migrate().unwrap();
            let complaints = server.patient().complaints().unwrap();
            let [complaint] = complaints.as_slice() else { panic!("{}: {complaints:?}", server.name) };
            assert_eq!((complaint.what, complaint.found.as_str()), (setting, value), "{}", server.name);
            let safe = SAFE.iter().find(|(name, _)| *name == setting).map_or("no", |(_, safe)| safe);
            assert!(complaint.to_string().contains(&format!("`{setting} {safe}`")), "{complaint}");
        }
    }
}

#[test]
fn the_room_of_each_primary_is_known_while_another_is_away() {
    let mut servers = ready();
    let place = JournalPlace::Redis(servers.iter().map(|server| server.patient()).collect());
    let unlimited = place.warnings();
    assert!(
        unlimited.len() == servers.len() && unlimited.iter().all(|one| one.contains("no maxmemory")),
        "{unlimited:?}"
    );
    for server in &servers {
        let _: String = server.say(&[b"CONFIG", b"SET", b"maxmemory", b"64mb"]);
    }
    assert!(place.warnings().is_empty());
    servers[0].kill();
    let volumes = place.volumes();
    assert!(matches!(volumes[0].1, Err(JournalError::Unknown(_))), "{volumes:?}");
    let known = volumes[1..].iter().map(|(_, volume)| volume.as_ref().unwrap().limit_bytes).collect::<Vec<_>>();
    assert_eq!(known, vec![Some(64 << 20); servers.len() - 1]);
}

#[test]
fn a_replica_is_no_place_for_a_journal() {
    for replica in ready() {
        // of a primary that does not answer
        let _: String = replica.say(&[b"REPLICAOF", b"127.0.0.1", b"1"]);
        let complaints = replica.patient().complaints().unwrap();
        let [complaint] = complaints.as_slice() else { panic!("{}: {complaints:?}", replica.name) };
        assert_eq!((complaint.what, complaint.found.as_str()), ("role", "slave"), "{}", replica.name);
        assert!(matches!(RedisJournal::open(&replica.patient()), Err(JournalError::Unknown(_))));
    }
}

#[test]
fn a_server_without_the_library_or_with_another_one_says_so() {
    for server in started(&[]) {
        let refusal = || RedisJournal::open(&server.patient()).err().unwrap().to_string();
        assert!(refusal().contains("lacks the library buono_journal_1 (it has none): run `buono migrate`"));
        let complaints = server.patient().complaints().unwrap();
        assert_eq!((complaints.len(), complaints[0].what), (1, "library"), "{complaints:?}");
        let other = b"#!lua name=buono_journal_7\nredis.register_function('other', function() return 1 end)";
        let _: String = server.say(&[b"FUNCTION", b"LOAD", other]);
        assert!(refusal().contains("(it has buono_journal_7)"), "{}", refusal());
        server.patient().migrate().unwrap();
        server.patient().migrate().unwrap();
        let mut journal = server.journal();
        journal.create(P).unwrap();
        // it vanishes under a running node
        let _: String = server.say(&[b"FUNCTION", b"DELETE", b"buono_journal_1"]);
        assert!(matches!(journal.head(P), Err(JournalError::Unknown(_))));
        assert!(journal.head(P).unwrap_err().to_string().contains("run `buono migrate`"));
        server.patient().migrate().unwrap();
        journal.head(P).unwrap();
    }
}

#[test]
fn an_address_that_leads_nowhere_is_said_without_its_password() {
    assert!(RedisServer::parse("journal.db", &Authorities::default()).is_err());
    for mut server in ready() {
        let url = server.url(server.port());
        let password = url.split([':', '@']).nth(2).unwrap();
        server.kill();
        // nobody listens there any more, or somebody else does
        let gone = RedisServer::parse(&url, &Authorities::default())
            .unwrap()
            .with_time_outs(Duration::from_secs(1), Duration::from_secs(1));
        let said = RedisJournal::open(&gone).err().unwrap().to_string();
        assert!(said.contains("127.0.0.1:") && !said.contains(password), "{said}");
    }
}
