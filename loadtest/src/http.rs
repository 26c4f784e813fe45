//! A lean HTTP/1.1 client: one connection, one request at a time, bodies with a Content-Length.
//!
//! It shares the machine with the server it measures, so it does no more than a till would: one
//! write, one read, and a look at a handful of headers.

use crate::Failure;
use std::io::{Error, ErrorKind};
use std::net::{SocketAddr, ToSocketAddrs};
use std::pin::Pin;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep, timeout};

/// How long an answer may take. The server gives up after ten seconds and says so.
pub const ANSWER_WITHIN: Duration = Duration::from_secs(15);
const CONNECT_WITHIN: Duration = Duration::from_secs(3);
const HEADERS_MAX: usize = 64;
/// The longest answer: a page of the ledger has some 200 kB.
const ANSWER_BYTES_MAX: usize = 16 << 20;

/// Where the server is.
#[derive(Clone, Debug)]
pub struct Target {
    /// Where to connect.
    pub address: SocketAddr,
    /// What stands in the `Host` header.
    pub host: String,
}

impl Target {
    /// Reads `http://host:port`.
    pub fn parse(url: &str) -> Result<Self, Failure> {
        let bad = |why: &str| Failure(format!("{url}: {why}"));
        if url.starts_with("https://") {
            return Err(bad(
                "TLS is not spoken here; give the address of the server behind the proxy, http://host:port",
            ));
        }
        let rest = url.strip_prefix("http://").ok_or_else(|| bad("an address begins with http://"))?;
        let host = rest.trim_end_matches('/');
        if host.contains('/') {
            return Err(bad("an address has no path"));
        }
        let with_port =
            if host.rsplit(']').next().unwrap_or(host).contains(':') { host.to_owned() } else { format!("{host}:80") };
        let address = with_port.to_socket_addrs().ok().and_then(|mut found| found.next());
        Ok(Self { address: address.ok_or_else(|| bad("no such host or port"))?, host: host.to_owned() })
    }
}

/// The servers of one installation: connections take turns. May change during a run.
#[derive(Clone)]
pub struct Targets(Arc<RwLock<Vec<Target>>>);

impl Targets {
    /// At least one.
    pub fn parse<'a>(urls: impl Iterator<Item = &'a str>) -> Result<Self, Failure> {
        Ok(Self(Arc::new(RwLock::new(Self::list(urls)?))))
    }

    fn list<'a>(urls: impl Iterator<Item = &'a str>) -> Result<Vec<Target>, Failure> {
        let targets: Vec<Target> = urls.map(Target::parse).collect::<Result<_, _>>()?;
        if targets.is_empty() { Err(Failure("no server".to_owned())) } else { Ok(targets) }
    }

    /// From now on these.
    pub fn replace<'a>(&self, urls: impl Iterator<Item = &'a str>) -> Result<(), Failure> {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Self::list(urls)?;
        Ok(())
    }

    /// Whose turn it is.
    pub fn at(&self, turn: usize) -> Target {
        let targets = self.0.read().unwrap_or_else(PoisonError::into_inner);
        targets[turn % targets.len()].clone()
    }
}

/// An answer; it stays in the line's buffer.
#[derive(Debug)]
pub struct Reply<'a> {
    /// The status.
    pub status: u16,
    /// Seconds to wait before the next try.
    pub retry_after_s: Option<u64>,
    /// The body.
    pub body: &'a [u8],
    pub head: &'a [u8],
}

impl Reply<'_> {
    /// Any other header, for the few who need one.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
        let mut head = httparse::Response::new(&mut headers);
        head.parse(self.head).ok()?;
        let found = head.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(found.value).ok()
    }
}

/// What a head says that everybody needs.
#[derive(Clone, Copy)]
struct Head {
    status: u16,
    head_len: usize,
    total_len: usize,
    retry_after_s: Option<u64>,
    close: bool,
}

/// A connection that may have to be opened again.
pub struct Line {
    targets: Targets,
    /// Which one is next.
    turn: usize,
    stream: Option<TcpStream>,
    input: Vec<u8>,
    /// The request to send.
    pub output: Vec<u8>,
    patience: Pin<Box<Sleep>>,
}

impl Line {
    /// Not yet connected; begins with one of the targets and goes on to the next whenever it connects anew.
    pub fn new(targets: Targets, turn: usize) -> Self {
        let patience = Box::pin(sleep(ANSWER_WITHIN));
        Self {
            targets,
            turn,
            stream: None,
            input: Vec::with_capacity(16 << 10),
            output: Vec::with_capacity(1 << 10),
            patience,
        }
    }

    /// Whether the server has not hung up.
    pub fn is_open(&self) -> bool {
        let quiet = |stream: &TcpStream| stream.try_read(&mut [0]).is_err_and(|e| e.kind() == ErrorKind::WouldBlock);
        self.stream.as_ref().is_some_and(quiet)
    }

    /// Connects anew.
    pub async fn open(&mut self) -> Result<(), Error> {
        self.stream = None;
        let address = self.targets.at(self.turn).address;
        self.turn += 1;
        let stream = timeout(CONNECT_WITHIN, TcpStream::connect(address)).await??;
        stream.set_nodelay(true)?;
        self.stream = Some(stream);
        Ok(())
    }

    /// Hangs up.
    pub fn close(&mut self) {
        self.stream = None;
    }

    /// Sends what `output` holds and waits for the answer until `deadline`. After an error the
    /// connection is closed, and nobody knows what the server did.
    pub async fn ask(&mut self, deadline: Instant) -> Result<Reply<'_>, Error> {
        let Some(mut stream) = self.stream.take() else {
            return Err(ErrorKind::NotConnected.into());
        };
        self.patience.as_mut().reset(deadline);
        let head = tokio::select! {
            biased;
            head = exchange(&mut stream, &self.output, &mut self.input) => head?,
            () = &mut self.patience => return Err(Error::new(ErrorKind::TimedOut, "no answer in time")),
        };
        if !head.close {
            self.stream = Some(stream);
        }
        let (text, body) = self.input.split_at(head.head_len);
        Ok(Reply { status: head.status, retry_after_s: head.retry_after_s, body, head: text })
    }
}

async fn exchange(stream: &mut TcpStream, output: &[u8], input: &mut Vec<u8>) -> Result<Head, Error> {
    input.clear();
    stream.write_all(output).await?;
    let mut head = None;
    loop {
        if stream.read_buf(input).await? == 0 {
            return Err(Error::new(ErrorKind::UnexpectedEof, "the server hung up"));
        }
        if head.is_none() {
            head = read_head(input)?;
        }
        match head {
            Some(head) if input.len() == head.total_len => return Ok(head),
            Some(head) if input.len() > head.total_len => return Err(garbled("more than one answer")),
            _ if input.len() > ANSWER_BYTES_MAX => return Err(garbled("the answer does not end")),
            // a full buffer takes nothing, which would look like the end
            _ => input.reserve(4 << 10),
        }
    }
}

fn garbled(why: &'static str) -> Error {
    Error::new(ErrorKind::InvalidData, why)
}

/// `None` while it is not all there.
fn read_head(input: &[u8]) -> Result<Option<Head>, Error> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut response = httparse::Response::new(&mut headers);
    let parsed = response.parse(input).map_err(|error| Error::new(ErrorKind::InvalidData, error))?;
    let httparse::Status::Complete(head_len) = parsed else {
        return Ok(None);
    };
    let status = response.code.unwrap_or(0);
    let mut head = Head { status, head_len, total_len: 0, retry_after_s: None, close: false };
    let mut body_len = (status == 204).then_some(0);
    for header in response.headers {
        let number = || std::str::from_utf8(header.value).ok().and_then(|text| text.trim().parse::<u64>().ok());
        if header.name.eq_ignore_ascii_case("content-length") {
            body_len = number().and_then(|length| usize::try_from(length).ok());
        } else if header.name.eq_ignore_ascii_case("retry-after") {
            head.retry_after_s = number();
        } else if header.name.eq_ignore_ascii_case("connection") {
            head.close = header.value.eq_ignore_ascii_case(b"close");
        }
    }
    head.total_len = head_len.saturating_add(body_len.ok_or_else(|| garbled("an answer without Content-Length"))?);
    Ok(Some(head))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_or_refused_in_words() {
        assert_eq!(Target::parse("http://127.0.0.1:8080/").unwrap().host, "127.0.0.1:8080");
        assert_eq!(Target::parse("http://[::1]").unwrap().address.port(), 80);
        for (bad, why) in [
            ("https://x", "TLS"),
            ("127.0.0.1:1", "http://"),
            ("http://127.0.0.1:1/a", "path"),
            ("http://:x", "no such host"),
        ] {
            assert!(Target::parse(bad).unwrap_err().0.contains(why), "{bad}");
        }
    }

    #[test]
    fn heads_are_read_once_they_are_all_there() {
        let whole = b"HTTP/1.1 503 No\r\nCONTENT-LENGTH: 2\r\nRetry-After: 7\r\nConnection: close\r\n\r\n{}";
        for cut in 0..whole.len() - 2 {
            assert!(read_head(&whole[..cut]).unwrap().is_none(), "{cut}");
        }
        let head = read_head(whole).unwrap().unwrap();
        assert_eq!((head.status, head.total_len, head.retry_after_s, head.close), (503, whole.len(), Some(7), true));
        assert!(read_head(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").is_err(), "no length");
        assert!(read_head(b"SSH-2.0-OpenSSH\r\n\r\n").is_err(), "no HTTP");
    }
}
