//! What another version of this program wrote: a newer one's batches are told of and left alone, and what both have
//! in common is where it always was (docs/decisions/0019).

use super::redis::server::{ready, written as written_on};
use super::stores::{AT, NODE, P, journal_file, migrated, replay, write, written};
use domain::ids::PartitionId;
use domain::record::NodeId;
use rusqlite::{Connection, params};
use store::journal::{Head, Journal, JournalError, Leases, Member, PostgresJournal, RedisLeases};

/// The form of a version to come.
const NEXT: u8 = 2;

/// The last batch, in the form that `rewrite` gives it, is nothing that anybody opens the partition over.
fn leaves_newer_alone(journal: &mut dyn Journal, head: &Head, rewrite: impl Fn(u8)) {
    rewrite(NEXT);
    for epoch in 0..head.epoch + 2 {
        assert_eq!(journal.open(P, NODE, epoch, AT), Err(JournalError::UnknownForm(NEXT)), "epoch {epoch}");
    }
    assert_eq!(journal.read(P, 1, usize::MAX).unwrap_err(), JournalError::UnknownForm(NEXT));
    assert_eq!(journal.read(P, head.seq, 1).unwrap_err(), JournalError::UnknownForm(NEXT));
    assert_eq!(journal.read(P, 1, 1).unwrap().len(), 1, "what lies before it can be read");
    assert_eq!(journal.head(P).as_ref(), Ok(head), "nothing was written");
    rewrite(1);
    assert_eq!(journal.open(P, NODE, head.epoch, AT).unwrap().head.seq, head.seq + 1);
    replay(journal);
}

#[test]
fn a_file_with_a_batch_of_a_newer_form_is_left_alone() {
    let (_folder, path) = journal_file();
    let mut journal = written(&path, 3);
    let head = journal.head(P).unwrap();
    leaves_newer_alone(&mut journal, &head, |form| {
        let batch = "UPDATE batch SET bytes = CAST(?1 || substr(bytes, 2) AS BLOB) WHERE place = ?2";
        let vandal = Connection::open(&path).unwrap();
        assert_eq!(vandal.execute(batch, params![[form], head.seq]).unwrap(), 1);
    });
}

#[test]
fn a_postgres_with_a_batch_of_a_newer_form_is_left_alone() {
    let server = migrated(&[]);
    let mut journal = PostgresJournal::open(&server.url().parse().unwrap()).unwrap();
    let head = write(&mut journal, 3);
    leaves_newer_alone(&mut journal, &head, |form| {
        let seq = head.seq;
        server.sql(&format!("UPDATE journal.batch SET bytes = set_byte(bytes, 0, {form}) WHERE last_seq = {seq}"));
    });
}

#[test]
fn a_redis_with_a_batch_of_a_newer_form_is_left_alone() {
    for server in ready() {
        let (mut journal, head) = written_on(&server, 3);
        let good = replay(&mut journal).pop().unwrap();
        let id = format!("{}-{}", head.epoch, head.seq);
        leaves_newer_alone(&mut journal, &head, |form| {
            let bytes = [&[form], &good.bytes()[1..]].concat();
            super::redis::damage::replace(&server, &id, (&id, &bytes));
        });
    }
}

/// Nodes of two versions, whose libraries stand side by side, look at the same keys.
#[test]
fn leases_lie_in_redis_as_they_always_did() {
    let server = ready().remove(0);
    let mut leases = RedisLeases::new(server.patient());
    leases.create(2).unwrap();
    let me = Member { name: "one".into(), node: NodeId(7), address: "10.0.0.1:7070".into(), leaving: false };
    leases.beat(&me, true).unwrap();
    leases.beat(&Member { leaving: true, ..me.clone() }, false).unwrap();
    leases.claim(PartitionId(1), &me.name, None).unwrap();
    let all = |key: &[u8]| server.say::<Vec<String>>(&[b"HGETALL", key]);
    assert_eq!(all(b"buono:{leases}:members"), ["one", "2 7 1 10.0.0.1:7070"]);
    assert_eq!(all(b"buono:{leases}:holders"), ["0", "", "1", "one"]);
}

#[test]
fn a_partition_lies_in_redis_as_it_always_did() {
    let server = ready().remove(0);
    let (mut journal, head) = written_on(&server, 1);
    let batches = replay(&mut journal);
    type Entry = (String, (String, Vec<u8>));
    let all: Vec<Entry> = server.say(&[b"XRANGE", b"buono:{p0}:batches", b"-", b"+"]);
    let expected = [("1-1", &batches[0]), ("1-4", &batches[1])];
    let expected = expected.map(|(id, batch)| (id.to_owned(), ("batch".to_owned(), batch.bytes().to_vec())));
    assert_eq!(all, expected);
    let fence: Vec<Vec<u8>> = server.say(&[b"HGETALL", b"buono:{p0}:fence"]);
    assert_eq!(fence, [&b"epoch"[..], b"1", b"seq", b"4", b"chain", &head.chain]);
}
