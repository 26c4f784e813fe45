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
use store::ledger::{Db, Error, PendingMessage};

const POLL: Duration = Duration::from_millis(250);
const BATCH: i64 = 100;
/// How long a message is in the hands of whoever sends it before others may, in seconds: longer than any
/// provider takes to answer.
const CLAIM_S: i64 = 120;
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
    fn compose<'a>(&'a self, message: &'a PendingMessage) -> Pending<'a, Result<Option<Outgoing>, Error>>;
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
            let written = OpenOptions::new().append(true).create(true).mode(0o600).open(&self.path);
            written.and_then(|mut file| writeln!(file, "{line}")).map_err(|error| SendError::Later(error.to_string()))
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
    /// The ledger.
    pub db: Db,
    /// Writes the texts.
    pub composer: Arc<dyn Composer>,
    /// Sends them.
    pub sender: Arc<dyn Sender>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl Messenger {
    /// Runs until `stop` is set.
    pub async fn run(self, stop: Arc<AtomicBool>) {
        let sending = again(&stop, async || match self.turn().await {
            // also after a full turn: some hundreds in a second, and others too want the ledger
            Ok(_) => POLL,
            Err(error) => {
                tracing::warn!(%error, "messages will be tried again");
                POLL * 4
            }
        });
        let counting = counting(&stop, "buono_outbox_pending", async || self.db.pending_messages().await);
        tokio::join!(sending, counting);
    }

    /// Sends what is due now, and says how many messages it looked at.
    ///
    /// A crash between sending and settling sends that one message twice: better than never.
    ///
    /// # Errors
    /// [`Error`] when the ledger does not answer.
    pub async fn turn(&self) -> Result<usize, Error> {
        let due = self.db.due_messages(self.clock.now().micros(), BATCH).await?;
        for message in &due {
            match self.composer.compose(message).await? {
                None => self.db.settle_message(message.id, "suppressed", self.clock.now().micros(), None, None).await?,
                Some(outgoing) => self.hand_over(message, &outgoing).await?,
            }
        }
        Ok(due.len())
    }

    /// Sends a message, unless it was held back meanwhile or another messenger has it.
    async fn hand_over(&self, message: &PendingMessage, outgoing: &Outgoing) -> Result<(), Error> {
        let now = self.clock.now();
        if !self.db.claim_message(message.id, now.micros(), now.plus_seconds(CLAIM_S).micros()).await? {
            return Ok(());
        }
        let sent = self.sender.send(&message.id.to_string(), outgoing).await;
        let now = self.clock.now();
        let segments = i64::try_from(segments(&outgoing.text)).ok().filter(|_| outgoing.channel == "sms");
        match sent {
            Ok(()) => self.db.settle_message(message.id, "sent", now.micros(), segments, None).await,
            Err(SendError::Later(why)) if message.attempts + 1 < ATTEMPTS_MAX => {
                let wait = 5_i64 << message.attempts.min(10);
                self.db.postpone_message(message.id, now.plus_seconds(wait).micros(), &why).await
            }
            Err(error) => {
                let why = error.to_string();
                self.db.settle_message(message.id, "failed", now.micros(), segments, Some(&why)).await
            }
        }
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
