//! Sends the messages that wait in the outbox.

use crate::{Pending, again, counting};
use domain::clock::Clock;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use store::ledger::{Db, Error, Letter, Settled};

const POLL: Duration = Duration::from_millis(250);
const BATCH: i64 = 100;
/// How long messages are in the hands of whoever sends them before others may, in seconds, and for how long of it one more
/// is given to the provider: what is left is longer than any takes to answer.
const TAKEN_S: i64 = 120;
const SENDING_S: i64 = 60;
/// How long what became of messages may wait to be written down together, in microseconds: a commit costs the ledger more
/// than a message, and who dies meanwhile sends so many twice.
const SETTLE_US: i64 = 250_000;
/// After so many tries a message has failed.
const ATTEMPTS_MAX: i64 = 8;
/// Characters of one SMS in the GSM alphabet, and of each part of a longer one.
const SEGMENT: (usize, usize) = (160, 153);
/// The same where a character outside that alphabet forces UCS-2.
const SEGMENT_UCS2: (usize, usize) = (70, 67);

/// A message ready to go.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// `sms` or `email`.
    pub channel: String,
    /// A phone number in E.164, or an address.
    pub to: String,
    /// The text.
    pub text: String,
}

/// Turns what waits into a text for somebody; only it sees personal data.
pub trait Composer: Send + Sync {
    /// `None` when nobody is to get it any more.
    fn compose<'a>(&'a self, letter: &'a Letter) -> Pending<'a, Result<Option<Outgoing>, Error>>;
}

/// A provider.
pub trait Sender: Send + Sync {
    /// Hands the message over.
    fn send<'a>(&'a self, id: &'a str, message: &'a Outgoing) -> Pending<'a, Result<(), SendError>>;
}

/// Why a message did not go.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// Another try may work.
    #[error("not now: {0}")]
    Later(String),
    /// No try will work: a number that does not exist.
    #[error("never: {0}")]
    Never(String),
}

/// Writes messages into a file, a JSON line each, instead of sending them.
pub struct FileSender {
    /// Which file; only its owner may read it.
    pub path: PathBuf,
}

impl Sender for FileSender {
    fn send<'a>(&'a self, id: &'a str, message: &'a Outgoing) -> Pending<'a, Result<(), SendError>> {
        Box::pin(async move {
            let line = serde_json::json!({
                "id": id, "channel": message.channel, "to": message.to, "text": message.text,
            });
            // in one write: whoever reads along sees no half of one
            let line = format!("{line}\n");
            let written = OpenOptions::new().append(true).create(true).mode(0o600).open(&self.path);
            written
                .and_then(|mut file| file.write_all(line.as_bytes()))
                .map_err(|error| SendError::Later(error.to_string()))
        })
    }
}

/// How many SMS a text takes.
#[must_use]
pub fn segments(text: &str) -> usize {
    const GSM: &str = "@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ÄÖÑÜ§¿äöñüà\n\r";
    const GSM_DOUBLE: &str = "^{}\\[~]|€";
    let mut length = 0;
    for letter in text.chars() {
        if letter.is_ascii_alphanumeric() || GSM.contains(letter) {
            length += 1;
        } else if GSM_DOUBLE.contains(letter) {
            length += 2;
        } else {
            return parts(text.encode_utf16().count(), SEGMENT_UCS2);
        }
    }
    parts(length, SEGMENT)
}

fn parts(length: usize, (single, part): (usize, usize)) -> usize {
    if length <= single { 1 } else { length.div_ceil(part) }
}

/// Sends what is due.
pub struct Messenger {
    db: Db,
    composer: Arc<dyn Composer>,
    sender: Arc<dyn Sender>,
    clock: Arc<dyn Clock>,
    /// What the ledger does not know yet.
    settled: Vec<Settled>,
}

impl Messenger {
    /// Of this ledger, with texts from `composer`, by way of `sender`.
    #[must_use]
    pub fn new(db: Db, composer: Arc<dyn Composer>, sender: Arc<dyn Sender>, clock: Arc<dyn Clock>) -> Self {
        Self { db, composer, sender, clock, settled: Vec::new() }
    }

    /// Runs until `stop` is set.
    pub async fn run(mut self, stop: Arc<AtomicBool>) {
        let (db, clock) = (self.db.clone(), Arc::clone(&self.clock));
        let sending = again(&stop, async || match self.turn().await {
            // also after a full turn: some hundreds in a second, and others too want the ledger
            Ok(_) => POLL,
            Err(error) => {
                tracing::warn!(%error, "messages will be tried again");
                POLL * 4
            }
        });
        let counting = counting(&stop, "buono_outbox_pending", async || db.due_messages(clock.now().micros()).await);
        tokio::join!(sending, counting);
    }

    /// Sends what is due now, and says how many messages it looked at.
    ///
    /// A crash between sending and settling sends those messages twice: better than never.
    ///
    /// # Errors
    /// [`Error`] when the ledger does not answer; what became of messages is then written down by the next turn.
    pub async fn turn(&mut self) -> Result<usize, Error> {
        self.settle().await?;
        let began = self.clock.now();
        let (until, last) = (began.plus_seconds(TAKEN_S), began.plus_seconds(SENDING_S));
        let letters = self.db.take_messages(began.micros(), until.micros(), BATCH).await?;
        let (mut written, mut told) = (began.micros(), Ok(()));
        for letter in &letters {
            let now = self.clock.now();
            if now.micros() - written >= SETTLE_US {
                written = now.micros();
                told = told.and(self.settle().await);
            }
            let goes = told.is_ok() && now < last;
            let done = if goes { self.hand_over(letter).await } else { untried(letter, now.micros()) };
            self.settled.push(done);
        }
        told?;
        self.settle().await?;
        Ok(letters.len())
    }

    /// Sends a message, unless nobody is to get it any more.
    async fn hand_over(&self, letter: &Letter) -> Settled {
        let written = self.composer.compose(letter).await;
        let (sent, segments) = match written {
            Ok(None) => return Settled { status: "suppressed", ..untried(letter, self.clock.now().micros()) },
            Ok(Some(outgoing)) => {
                let segments = i64::try_from(segments(&outgoing.text)).ok().filter(|_| outgoing.channel == "sms");
                (self.sender.send(&letter.id.to_string(), &outgoing).await, segments)
            }
            // one that cannot be written keeps no other waiting
            Err(error) => (Err(SendError::Later(error.to_string())), None),
        };
        let now = self.clock.now();
        let done = Settled { tried: true, not_before: None, segments, ..untried(letter, now.micros()) };
        match sent {
            Ok(()) => Settled { status: "sent", sent_at: Some(now.micros()), ..done },
            Err(SendError::Later(why)) if letter.attempts + 1 < ATTEMPTS_MAX => {
                let wait = 5_i64 << letter.attempts.min(10);
                let not_before = Some(now.plus_seconds(wait).micros());
                Settled { not_before, segments: None, error: Some(why), ..done }
            }
            Err(error) => Settled { status: "failed", error: Some(error.to_string()), ..done },
        }
    }

    /// Writes down what became of messages.
    async fn settle(&mut self) -> Result<(), Error> {
        if !self.settled.is_empty() {
            self.db.settle_messages(&self.settled).await?;
            self.settled.clear();
        }
        Ok(())
    }
}

/// A message that is due again at once, and was not tried.
fn untried(letter: &Letter, now: i64) -> Settled {
    Settled {
        id: letter.id,
        until: letter.until,
        status: "pending",
        tried: false,
        not_before: Some(now),
        sent_at: None,
        segments: None,
        error: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_segments_as_operators_bill_them() {
        assert_eq!(segments(&"a".repeat(160)), 1);
        assert_eq!(segments(&"a".repeat(161)), 2);
        assert_eq!(segments(&"€".repeat(80)), 1);
        assert_eq!(segments(&"€".repeat(81)), 2);
        assert_eq!(segments(&"ţ".repeat(70)), 1);
        assert_eq!(segments(&"ţ".repeat(71)), 2);
    }
}
