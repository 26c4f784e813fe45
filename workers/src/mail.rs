//! Sends the lists that shops asked to have by mail.

mod post;

pub use post::{FolderPost, Post, PostError, SmtpPost};

use crate::{Pending, again, counting};
use domain::clock::Clock;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use store::ledger::{Db, Error, StatementRequest};

const POLL: Duration = Duration::from_secs(1);
const BATCH: i64 = 20;
/// How long a mail is in the hands of whoever sends it before others may, in seconds: longer than a list takes to be
/// written and a server to answer.
const TAKEN_S: i64 = 180;
/// After so many tries, some four hours, a mail has failed.
const ATTEMPTS_MAX: i64 = 10;
/// Seconds until the second try; each wait is twice the one before.
const WAIT_S: i64 = 30;

/// A mail ready to go.
#[derive(Clone, Debug)]
pub struct Mail {
    /// An address.
    pub to: String,
    /// Where answers go, if anywhere.
    pub reply_to: Option<String>,
    /// One line.
    pub subject: String,
    /// What it says.
    pub text: String,
    /// The list's name, media type and bytes.
    pub attachment: (String, &'static str, Vec<u8>),
}

/// Why there is no mail.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Another try may work.
    #[error("{0}")]
    Later(String),
    /// No try will work.
    #[error("{0}")]
    Never(String),
}

/// Turns a request into a mail; only it sees addresses.
pub trait Writer: Send + Sync {
    /// The mail.
    fn write<'a>(&'a self, request: &'a StatementRequest) -> Pending<'a, Result<Mail, WriteError>>;
}

/// Sends what is due.
pub struct Mailer {
    /// The ledger.
    pub db: Db,
    /// Writes the mails.
    pub writer: Arc<dyn Writer>,
    /// Sends them.
    pub post: Arc<dyn Post>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl Mailer {
    /// Runs until `stop` is set.
    pub async fn run(self, stop: Arc<AtomicBool>) {
        // a counter that is born at 1 has not increased: the first list that fails would be nobody's
        for result in ["failed", "sent"] {
            metrics::counter!("buono_statements_total", "result" => result).increment(0);
        }
        let sending = again(&stop, async || {
            if let Err(error) = self.turn().await {
                tracing::warn!(%error, "lists by mail will be tried again");
            }
            POLL
        });
        let counting = counting(&stop, "buono_statements_pending", async || self.db.pending_statement_requests().await);
        tokio::join!(sending, counting);
    }

    /// Sends what is due now, and says how many requests it looked at.
    ///
    /// A crash between sending and settling sends that one mail twice, under the same `Message-ID`: better than never.
    ///
    /// # Errors
    /// [`Error`] when the ledger does not answer.
    pub async fn turn(&self) -> Result<usize, Error> {
        let due = self.db.due_statement_requests(self.clock.now().micros(), BATCH).await?;
        for request in &due {
            let now = self.clock.now();
            let until = now.plus_seconds(TAKEN_S).micros();
            if self.db.take_statement_request(request.id, now.micros(), until).await? {
                let done = self.hand_over(request).await;
                match self.settle(request, until, done).await {
                    // who had it meanwhile says what became of it, under the same `Message-ID`
                    Err(Error::NotFound) => {
                        tracing::warn!(request = %request.id, "a list by mail took longer than it is one's own")
                    }
                    settled => settled?,
                }
            }
        }
        Ok(due.len())
    }

    async fn hand_over(&self, request: &StatementRequest) -> Result<(), WriteError> {
        let mail = self.writer.write(request).await?;
        self.post.send(&request.id.to_string(), &mail).await.map_err(|error| match error {
            PostError::Later(why) => WriteError::Later(why),
            PostError::Never(why) => WriteError::Never(why),
        })
    }

    async fn settle(&self, request: &StatementRequest, until: i64, done: Result<(), WriteError>) -> Result<(), Error> {
        let (now, mine) = (self.clock.now(), (request.id, until));
        let failed = match done {
            Ok(()) => None,
            Err(WriteError::Later(why)) if request.attempts + 1 < ATTEMPTS_MAX => {
                let wait = WAIT_S << request.attempts.clamp(0, ATTEMPTS_MAX);
                tracing::warn!(request = %request.id, why, wait, "a list by mail will be tried again");
                return self.db.postpone_statement_request(mine, now.plus_seconds(wait).micros(), &why).await;
            }
            Err(error) => Some(error.to_string()),
        };
        if let Some(why) = &failed {
            tracing::error!(request = %request.id, why, "a list by mail has failed for good");
        }
        let result = if failed.is_some() { "failed" } else { "sent" };
        metrics::counter!("buono_statements_total", "result" => result).increment(1);
        self.db.settle_statement_request(mine, now.micros(), failed.as_deref()).await
    }
}
