//! The way to another node: one connection, kept, that carries every call to it.

use super::wire::{Call, Direction, GREETING, NONCE_LEN, Reply, Request, Response, Seal, form_with};
use crate::answer::NotDone;
use crate::cell::Ask;
use parking_lot::Mutex;
use socket2::SockRef;
use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use store::keys::{Entropy, random};
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, MissedTickBehavior, timeout, timeout_at};

/// How long connecting, greeting or sending may take.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long to wait after a connection that could not be made.
const BACKOFF: Duration = Duration::from_millis(50);
/// Calls that may wait to be sent; beyond it callers are told to come back.
const CALLS_MAX: usize = 1 << 14;
/// Calls that one write carries at most.
const TOGETHER_MAX: usize = 256;

/// How much longer than a caller to wait for any word: then the other machine, or something on the way to it, is gone, and
/// the kernel would go on trying for a quarter of an hour.
const SILENCE: Duration = Duration::from_secs(1);

/// How long the kernel may try to bring over what was sent: also while this process stands still.
#[cfg(target_os = "linux")]
const ON_THE_WAY_MAX: Duration = Duration::from_secs(5);

type Answered = oneshot::Sender<Result<Response, NotDone>>;

/// What makes connections those of nodes.
#[derive(Clone)]
pub(super) struct Keeper {
    pub secret: [u8; 32],
    pub entropy: Arc<dyn Entropy>,
}

/// A connection on which both sides have greeted.
pub(super) struct Greeted {
    pub reader: BufReader<OwnedReadHalf>,
    pub writer: OwnedWriteHalf,
    pub calls: Seal,
    pub replies: Seal,
    /// The form of messages that both sides know.
    pub form: u8,
}

impl Keeper {
    /// Greets and hears the other's greeting; `ours_first` on the side that called.
    pub async fn greet(&self, stream: TcpStream, ours_first: bool) -> io::Result<Greeted> {
        timeout(PATIENCE, self.exchange(stream, ours_first)).await.map_err(io::Error::from)?
    }

    async fn exchange(&self, mut stream: TcpStream, ours_first: bool) -> io::Result<Greeted> {
        stream.set_nodelay(true)?;
        let ours: [u8; NONCE_LEN] = random(self.entropy.as_ref());
        stream.write_all(&[&GREETING[..], &ours].concat()).await?;
        let (mut greeting, mut theirs) = ([0; GREETING.len()], [0; NONCE_LEN]);
        stream.read_exact(&mut greeting).await?;
        let form = form_with(greeting)?;
        stream.read_exact(&mut theirs).await?;
        let nonces = if ours_first { [&ours, &theirs] } else { [&theirs, &ours] };
        let seal = |direction| Seal::new(&self.secret, direction, nonces);
        let (calls, replies) = (seal(Direction::Calls), seal(Direction::Replies));
        let (reader, writer) = stream.into_split();
        Ok(Greeted { reader: BufReader::new(reader), writer, calls, replies, form })
    }
}

/// A call and whoever waits for what comes of it.
struct Waiting {
    request: Request,
    until: Instant,
    /// Set by whoever comes first: who sends it, or the caller who has waited long enough.
    settled: Arc<AtomicBool>,
    answered: Answered,
}

/// What was sent over a connection and not answered yet.
struct Pending {
    waiting: HashMap<u64, (Instant, Waiting)>,
    /// When something last came back.
    heard: Instant,
}

impl Pending {
    fn new() -> Arc<Mutex<Self>> {
        Arc::new(Mutex::new(Self { waiting: HashMap::new(), heard: Instant::now() }))
    }

    /// Whether somebody waited in vain, and nothing at all has come since they asked.
    fn is_silent(&self) -> bool {
        let now = Instant::now();
        let in_vain = |(sent, waiting): &(Instant, Waiting)| *sent > self.heard && now > waiting.until + SILENCE;
        self.waiting.values().any(in_vain)
    }
}

/// Sets the mark, and says whether nobody had.
fn comes_first(settled: &AtomicBool) -> bool {
    !settled.swap(true, Ordering::AcqRel)
}

/// What to say of a request whose response did not come, once it may have been read.
const fn lost(request: &Request) -> NotDone {
    match request {
        Request::Ask { ask: Ask::Execute(_), .. } => NotDone::Unknown,
        // it changed nothing, and can be asked again
        _ => NotDone::Moved,
    }
}

/// The way to one node. Ends with its last user.
pub(super) struct Link {
    pub address: String,
    calls: mpsc::Sender<Waiting>,
}

impl Link {
    /// Connects when there is something to say. Must be called where tasks can be started.
    pub fn open(address: String, keeper: Keeper) -> Self {
        let (calls, waiting) = mpsc::channel(CALLS_MAX);
        tokio::spawn(keep(address.clone(), keeper, waiting));
        Self { address, calls }
    }

    /// Asks the other node. [`NotDone::Moved`] says that nothing happened there.
    pub async fn call(&self, request: Request, patience: Duration) -> Result<Response, NotDone> {
        let (answered, answer) = oneshot::channel();
        let (until, settled) = (Instant::now() + patience, Arc::<AtomicBool>::default());
        let waiting = Waiting { request, until, settled: Arc::clone(&settled), answered };
        self.calls.try_send(waiting).map_err(|_| NotDone::NotExecuted)?;
        match timeout_at(until, answer).await {
            Ok(Ok(told)) => told,
            // it was not sent, and never will be
            _ if comes_first(&settled) => Err(NotDone::NotExecuted),
            _ => Err(match lost(&request) {
                NotDone::Moved => NotDone::NotExecuted,
                unknown => unknown,
            }),
        }
    }
}

/// The same question over each of them, all at once.
pub(super) async fn ask_all(
    links: impl Iterator<Item = &Arc<Link>>,
    request: Request,
    patience: Duration,
) -> Vec<Result<Response, NotDone>> {
    futures_util::future::join_all(links.map(|link| link.call(request, patience))).await
}

/// Keeps a connection for as long as somebody may call.
async fn keep(address: String, keeper: Keeper, mut calls: mpsc::Receiver<Waiting>) {
    while let Some(first) = calls.recv().await {
        let connected = async { keeper.greet(connect(&address).await?, true).await };
        match timeout(PATIENCE, connected).await.map_err(io::Error::from).flatten() {
            Ok(greeted) => converse(greeted, first, &mut calls).await,
            Err(error) => {
                tracing::warn!(%error, address, "another node cannot be reached");
                // none of these was sent
                let mut unsent = Some(first);
                while let Some(waiting) = unsent {
                    let _ = waiting.answered.send(Err(NotDone::Moved));
                    unsent = calls.try_recv().ok();
                }
                tokio::time::sleep(BACKOFF).await;
            }
        }
    }
}

/// A connection that, once given up, brings over nothing that the other machine does not have yet: the other node would read a
/// payment as if it came just now, and a till may have been told that it never will be.
async fn connect(address: &str) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    let socket = SockRef::from(&stream);
    socket.set_linger(Some(Duration::ZERO))?;
    // where one develops on something else there is no such option, and no network to be cut
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(ON_THE_WAY_MAX))?;
    Ok(stream)
}

/// Sends calls and hears replies until the connection breaks or nobody calls any more.
async fn converse(greeted: Greeted, first: Waiting, calls: &mut mpsc::Receiver<Waiting>) {
    let Greeted { reader, mut writer, calls: mut seal, replies, form } = greeted;
    let pending = Pending::new();
    let mut hearing = tokio::spawn(hear(reader, replies, Arc::clone(&pending)));
    let (mut together, mut out, mut id) = (vec![first], Vec::new(), 0);
    let mut looks = tokio::time::interval(SILENCE);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        for waiting in together.drain(..).filter(|waiting| comes_first(&waiting.settled)) {
            id += 1;
            let patience = waiting.until.saturating_duration_since(Instant::now());
            let patience_us = u64::try_from(patience.as_micros()).unwrap_or(u64::MAX);
            match seal.write(&Call { id, patience_us, request: waiting.request.in_form(form) }, &mut out) {
                Ok(()) => drop(pending.lock().waiting.insert(id, (Instant::now(), waiting))),
                Err(error) => tracing::error!(%error, "a call cannot be written down"),
            }
        }
        if !matches!(timeout(PATIENCE, writer.write_all(&out)).await, Ok(Ok(()))) {
            break;
        }
        out.clear();
        tokio::select! {
            count = calls.recv_many(&mut together, TOGETHER_MAX) => if count == 0 {
                let _ = writer.shutdown().await;
                break;
            },
            _ = &mut hearing => break,
            _ = looks.tick() => if pending.lock().is_silent() {
                tracing::warn!("nothing comes from another node any more: the connection is given up");
                break;
            },
        }
    }
    hearing.abort();
    let unanswered = std::mem::take(&mut pending.lock().waiting);
    for waiting in unanswered.into_values().map(|(_, waiting)| waiting).chain(together) {
        let _ = waiting.answered.send(Err(lost(&waiting.request)));
    }
}

async fn hear(mut reader: BufReader<OwnedReadHalf>, mut seal: Seal, pending: Arc<Mutex<Pending>>) {
    let mut buffer = Vec::new();
    loop {
        match seal.read::<Reply>(&mut reader, &mut buffer).await {
            Ok(Some(Reply { id, result })) => {
                let waiting = {
                    let mut pending = pending.lock();
                    pending.heard = Instant::now();
                    pending.waiting.remove(&id)
                };
                // whoever hung up can still ask by key
                let _ = waiting.map(|(_, waiting)| waiting.answered.send(result));
            }
            Ok(None) => return,
            Err(error) => return tracing::warn!(%error, "the connection to another node broke"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ids::{OperationId, VoucherId};
    use domain::keys::{OpKey, RequestHash};
    use domain::voucher::{Action, Command, Origin};
    use futures_util::future::join_all;
    use tokio::net::TcpListener;
    use uuid::Uuid;

    struct Same;
    impl Entropy for Same {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(7);
        }
    }

    fn payment() -> Request {
        let (voucher, operation) = (VoucherId::new(Uuid::from_u128(1)), OperationId::new(Uuid::from_u128(2)));
        let (origin, key, request_hash) = (Origin::System, OpKey([3; 16]), RequestHash([4; 16]));
        let command = Command { operation, origin, key, request_hash, action: Action::Unblock };
        Request::Ask { voucher, ask: Ask::Execute(command) }
    }

    #[tokio::test]
    async fn what_was_given_up_is_not_brought_over_later() {
        let there = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = connect(&there.local_addr().unwrap().to_string()).await.unwrap();
        let socket = SockRef::from(&stream);
        assert_eq!(socket.linger().unwrap(), Some(Duration::ZERO));
        #[cfg(target_os = "linux")]
        assert_eq!(socket.tcp_user_timeout().unwrap(), Some(ON_THE_WAY_MAX));
        drop(stream);
        let (mut given_up, _) = there.accept().await.unwrap();
        let told = given_up.read_exact(&mut [0]).await.unwrap_err();
        assert_eq!(told.kind(), io::ErrorKind::ConnectionReset, "no orderly end, behind which everything still comes");
    }

    #[tokio::test]
    async fn a_payment_that_never_left_is_not_unknown() {
        let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = nobody.local_addr().unwrap().to_string();
        drop(nobody);
        let link = Link::open(address, Keeper { secret: [5; 32], entropy: Arc::new(Same) });
        // most of them end while the link waits before it tries again
        let calls = (1..100).map(|at| {
            let link = &link;
            async move {
                tokio::time::sleep(Duration::from_millis(at * 3)).await;
                link.call(payment(), Duration::from_millis(at % 20)).await
            }
        });
        for told in join_all(calls).await {
            assert!(matches!(told, Err(NotDone::Moved | NotDone::NotExecuted)), "{told:?}");
        }
    }

    #[tokio::test]
    async fn a_payment_that_left_and_was_not_answered_is_unknown() {
        let deaf = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = deaf.local_addr().unwrap().to_string();
        let keeper = Keeper { secret: [5; 32], entropy: Arc::new(Same) };
        let link = Link::open(address, keeper.clone());
        let hears = async { keeper.greet(deaf.accept().await.unwrap().0, false).await.unwrap() };
        // the first may spend its time on the greeting
        let (_greeted, _) = tokio::join!(hears, link.call(payment(), Duration::from_millis(300)));
        let told = link.call(payment(), Duration::from_millis(500)).await;
        assert_eq!(told.unwrap_err(), NotDone::Unknown);
    }

    /// As behind a firewall that has forgotten the connection: what is sent arrives nowhere, and nothing says so.
    #[tokio::test]
    async fn a_connection_that_fell_silent_is_given_up_for_another() {
        let deaf = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = deaf.local_addr().unwrap().to_string();
        let keeper = Keeper { secret: [5; 32], entropy: Arc::new(Same) };
        let link = Link::open(address, keeper.clone());
        let greets = async || keeper.greet(deaf.accept().await.unwrap().0, false).await.unwrap();
        // the first may spend its time on the greeting
        let (_silent, _) = tokio::join!(greets(), link.call(payment(), Duration::from_millis(50)));
        let told = link.call(payment(), Duration::from_millis(300)).await;
        assert_eq!(told.unwrap_err(), NotDone::Unknown);
        let asks = async { while link.call(payment(), Duration::from_millis(50)).await.is_err() {} };
        let _another = tokio::select! {
            greeted = greets() => greeted,
            () = asks => panic!("nobody answers"),
        };
    }
}
