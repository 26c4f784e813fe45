//! Lists by mail: each goes once, is tried ever more rarely while it cannot, and fails where the shop can see it; and
//! what a mail server answers is understood.

use super::town::{TOWN, Wall, ledger};
use domain::clock::Timestamp;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use store::ledger::{Db, NewShop, ShopRow, StatementRequest, Whose};
use store::seal::Sealed;
use uuid::Uuid;
use workers::Pending;
use workers::mail::{FolderPost, Mail, Mailer, Post, PostError, SmtpPost, WriteError, Writer};

const SHOP: Uuid = Uuid::from_u128(7);
const SECRET: &str = "ragioniera@studio.example";

fn mail() -> Mail {
    Mail {
        to: SECRET.to_owned(),
        reply_to: Some("buoni@comune.example".to_owned()),
        subject: "Perché è così: operazioni".to_owned(),
        text: "In allegato.\n.\nSaluti\n".to_owned(),
        attachment: ("operazioni.csv".to_owned(), "text/csv; charset=utf-8", b"\xef\xbb\xbf\"Data\"\r\n".to_vec()),
    }
}

/// Writes what the test wants.
struct Desk(Mutex<Option<WriteError>>);

impl Writer for Desk {
    fn write<'a>(&'a self, request: &'a StatementRequest) -> Pending<'a, Result<Mail, WriteError>> {
        assert_eq!(request.address.sealed, [2], "who writes gets the address");
        let outcome = self.0.lock().unwrap().take().map_or_else(|| Ok(mail()), Err);
        Box::pin(async move { outcome })
    }
}

/// Takes or refuses, and remembers each hand-over.
#[derive(Default)]
struct Office {
    refuses: Mutex<Option<fn() -> PostError>>,
    handed: Mutex<Vec<String>>,
}

impl Post for Office {
    fn send<'a>(&'a self, id: &'a str, _: &'a Mail) -> Pending<'a, Result<(), PostError>> {
        Box::pin(async move {
            self.handed.lock().unwrap().push(id.to_owned());
            tokio::task::yield_now().await;
            self.refuses.lock().unwrap().map_or(Ok(()), |why| Err(why()))
        })
    }
}

struct Stage {
    db: Db,
    clock: Arc<Wall>,
    desk: Arc<Desk>,
    office: Arc<Office>,
    _folder: tempfile::TempDir,
}

impl Stage {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let db = ledger(&folder).await;
        let empty = String::new;
        let shop = ShopRow {
            id: SHOP,
            municipality_id: TOWN,
            reference: "1".to_owned(),
            name: "Bottega".to_owned(),
            legal_name: empty(),
            category: empty(),
            address: empty(),
            postcode: empty(),
            town: empty(),
            province: empty(),
            vat_number: empty(),
            status: "enabled".to_owned(),
            sealed_through: None,
            lat_e6: None,
            lon_e6: None,
        };
        let sealed = Sealed { wrapped_key: vec![1], sealed: vec![2] };
        db.add_shops(&[NewShop { shop, sealed, import_id: None }], 1).await.unwrap();
        let clock = Arc::new(Wall::default());
        clock.set(Timestamp::from_micros(1_000_000));
        Self { db, clock, desk: Arc::new(Desk(Mutex::default())), office: Arc::default(), _folder: folder }
    }

    async fn asks(&self, number: u128) -> Uuid {
        let request = StatementRequest {
            id: Uuid::from_u128(number),
            municipality_id: TOWN,
            shop_id: SHOP,
            terminal_id: Uuid::nil(),
            format: "csv".to_owned(),
            language: "it".to_owned(),
            from_at: 0,
            to_at: 1,
            address: Sealed { wrapped_key: vec![1], sealed: vec![2] },
            only_terminal_id: None,
            only_staff: Whose::Everybodys,
            status: "pending".to_owned(),
            attempts: 0,
            not_before: 0,
            created_at: 1_000_000,
            sent_at: None,
            error: None,
        };
        self.db.add_statement_request(&request).await.unwrap();
        request.id
    }

    fn mailer(&self) -> Mailer {
        let (writer, post) = (Arc::clone(&self.desk) as _, Arc::clone(&self.office) as _);
        Mailer { db: self.db.clone(), writer, post, clock: Arc::clone(&self.clock) as _ }
    }

    async fn turn_at(&self, second: i64) {
        self.clock.set(Timestamp::from_micros(second * 1_000_000));
        self.mailer().turn().await.unwrap();
    }

    async fn row(&self) -> StatementRequest {
        self.db.statement_requests(SHOP, Uuid::max(), 10).await.unwrap().remove(0)
    }

    fn handed(&self) -> usize {
        self.office.handed.lock().unwrap().len()
    }
}

#[tokio::test]
async fn a_list_goes_once_whoever_sends_and_its_address_is_forgotten() {
    let stage = Stage::new().await;
    let id = stage.asks(1).await;
    let mailers = [stage.mailer(), stage.mailer(), stage.mailer()];
    let (one, two, three) = tokio::join!(mailers[0].turn(), mailers[1].turn(), mailers[2].turn());
    assert!(one.is_ok() && two.is_ok() && three.is_ok());
    assert_eq!(*stage.office.handed.lock().unwrap(), [id.to_string()]);
    let row = stage.row().await;
    assert_eq!((row.status.as_str(), row.sent_at, row.attempts), ("sent", Some(1_000_000), 1));
    assert_eq!((row.address.sealed, row.address.wrapped_key), (vec![], vec![]));
    stage.turn_at(1_000_000).await;
    assert_eq!(stage.handed(), 1);
}

#[tokio::test]
async fn a_list_that_cannot_go_is_tried_ever_more_rarely_and_then_fails_visibly() {
    let stage = Stage::new().await;
    stage.asks(1).await;
    *stage.office.refuses.lock().unwrap() = Some(|| PostError::Later("the mail server cannot be reached".to_owned()));
    let mut waits = Vec::new();
    for _ in 0..10 {
        let due = stage.row().await.not_before / 1_000_000;
        stage.turn_at(due - 1).await;
        let before = stage.handed();
        stage.turn_at(due.max(1)).await;
        assert_eq!(stage.handed(), before + 1, "not before it is due, and then once");
        waits.push(stage.row().await.not_before / 1_000_000 - due.max(1));
    }
    assert_eq!(waits[..9], [30, 60, 120, 240, 480, 960, 1_920, 3_840, 7_680]);
    let row = stage.row().await;
    assert_eq!((row.status.as_str(), row.attempts, row.sent_at), ("failed", 10, None));
    assert!(row.error.unwrap().contains("cannot be reached"));
    assert!(row.address.sealed.is_empty());
    stage.turn_at(10_000_000).await;
    assert_eq!(stage.handed(), 10, "it stays so");
}

#[tokio::test]
async fn what_no_try_can_mend_fails_at_once() {
    let stage = Stage::new().await;
    stage.asks(1).await;
    *stage.desk.0.lock().unwrap() = Some(WriteError::Never("list_too_long".to_owned()));
    stage.turn_at(2).await;
    let row = stage.row().await;
    assert_eq!((row.status.as_str(), row.error.as_deref(), stage.handed()), ("failed", Some("list_too_long"), 0));
    stage.asks(2).await;
    *stage.office.refuses.lock().unwrap() = Some(|| PostError::Never("refused: 550".to_owned()));
    stage.turn_at(3).await;
    assert_eq!((stage.row().await.status.as_str(), stage.handed()), ("failed", 1));
}

#[tokio::test]
async fn a_list_in_the_hands_of_somebody_who_died_goes_later() {
    let stage = Stage::new().await;
    let id = stage.asks(1).await;
    assert!(stage.db.take_statement_request(id, 1_000_000, 181_000_000).await.unwrap());
    stage.turn_at(180).await;
    assert_eq!((stage.handed(), stage.row().await.status.as_str()), (0, "sending"));
    stage.turn_at(181).await;
    assert_eq!((stage.handed(), stage.row().await.status.as_str()), (1, "sent"));
}

/// Takes so long that another has the mail by then, and fails.
struct Slow(Arc<Wall>, Db);

impl Post for Slow {
    fn send<'a>(&'a self, id: &'a str, _: &'a Mail) -> Pending<'a, Result<(), PostError>> {
        Box::pin(async move {
            self.0.set(Timestamp::from_micros(181_000_000));
            assert!(self.1.take_statement_request(id.parse().unwrap(), 181_000_000, 361_000_000).await.unwrap());
            Err(PostError::Later("no answer".to_owned()))
        })
    }
}

#[tokio::test]
async fn who_took_too_long_leaves_the_mail_to_whoever_has_it() {
    let stage = Stage::new().await;
    stage.asks(1).await;
    let slow = Slow(Arc::clone(&stage.clock), stage.db.clone());
    Mailer { post: Arc::new(slow), ..stage.mailer() }.turn().await.unwrap();
    let row = stage.row().await;
    assert_eq!((row.status.as_str(), row.not_before, row.error), ("sending", 361_000_000, None));
}

#[tokio::test]
async fn without_a_server_mails_lie_in_a_folder_that_only_its_owner_sees() {
    use std::os::unix::fs::PermissionsExt;
    let data = tempfile::tempdir().unwrap();
    let post = FolderPost { folder: data.path().join("mail") };
    post.send("17", &mail()).await.unwrap();
    post.send("17", &mail()).await.unwrap();
    let file = data.path().join("mail/17.eml");
    let modes =
        [data.path().join("mail"), file.clone()].map(|path| path.metadata().unwrap().permissions().mode() & 0o777);
    assert_eq!(modes, [0o700, 0o600]);
    let text = std::fs::read_to_string(file).unwrap();
    for said in [
        "To: ragioniera@studio.example",
        "Message-ID: <17@localhost>",
        "Reply-To: buoni@comune.example",
        "filename=\"operazioni.csv\"",
        "In allegato.",
    ] {
        assert!(text.contains(said), "no {said} in {text}");
    }
}

/// A mail server that answers the recipient so; what it was told comes back.
fn server(answer: &'static str) -> (u16, std::thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let thread = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let (mut out, mut told, mut data) = (stream.try_clone().unwrap(), String::new(), false);
        out.write_all(b"220 test\r\n").unwrap();
        for line in BufReader::new(stream).lines() {
            let Ok(line) = line else { break };
            told += &format!("{line}\n");
            let reply = match (data, line.get(..4)) {
                (true, _) if line == "." => {
                    data = false;
                    "250 taken"
                }
                (true, _) => continue,
                (_, Some("RCPT")) => answer,
                (_, Some("DATA")) => {
                    data = true;
                    "354 go on"
                }
                (_, Some("QUIT")) => "221 bye",
                _ => "250 good",
            };
            if out.write_all(format!("{reply}\r\n").as_bytes()).is_err() {
                break;
            }
        }
        told
    });
    (port, thread)
}

async fn sent(answer: &'static str) -> (Result<(), PostError>, String) {
    let (port, server) = server(answer);
    let post = SmtpPost::new(&format!("smtp://127.0.0.1:{port}"), "Buoni spesa <buoni@comune.example>").unwrap();
    let sent = post.send("17", &mail()).await;
    drop(post);
    (sent, server.join().unwrap())
}

#[tokio::test]
async fn what_a_server_answers_decides_whether_another_try_makes_sense() {
    let (taken, told) = sent("250 good").await;
    taken.unwrap();
    for said in
        ["MAIL FROM:<buoni@comune.example>", "RCPT TO:<ragioniera@studio.example>", "Message-ID: <17@comune.example>"]
    {
        assert!(told.contains(said), "no {said} in {told}");
    }
    assert!(told.contains("\n..\n"), "a line that is a dot does not end the mail: {told}");
    let (never, _) = sent("550 no such user ragioniera@studio.example").await;
    assert!(
        matches!(&never, Err(PostError::Never(why)) if why.contains("550") && !why.contains("ragioniera")),
        "{never:?}"
    );
    for later in ["451 greylisted", "535 who are you", "450 ragioniera@studio.example is busy"] {
        let (told, _) = sent(later).await;
        assert!(matches!(&told, Err(PostError::Later(why)) if !why.contains("ragioniera")), "{later}: {told:?}");
    }
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let post = SmtpPost::new(&format!("smtp://127.0.0.1:{nobody}"), "buoni@comune.example").unwrap();
    assert!(matches!(post.send("17", &mail()).await, Err(PostError::Later(_))));
}

#[test]
fn wrong_settings_are_named_without_the_password() {
    for (url, from) in [("mail.example", "a@b.example"), ("http://u:geheim@x", "a@b.example"), ("smtp://x", "nobody")] {
        let Err(error) = SmtpPost::new(url, from) else { panic!("{url} {from}") };
        assert!(!error.contains("geheim"), "{error}");
    }
}
