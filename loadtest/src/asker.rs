//! Questions before and after the load: asked patiently, since a server that was killed comes back.

use crate::Failure;
use crate::http::{ANSWER_WITHIN, Line, Reply};
use crate::run::Plan;
use futures_util::future::try_join_all;
use std::io::Error;
use std::time::Duration;
use tokio::time::sleep;

/// Questions under way at once.
const AT_ONCE: usize = 8;
const AGAIN_AFTER: Duration = Duration::from_millis(200);

/// One who asks, and gives up when one question has had no answer for so long.
pub struct Asker<'a> {
    plan: &'a Plan,
    line: Line,
    patience: Duration,
}

impl<'a> Asker<'a> {
    pub fn new(plan: &'a Plan, patience: Duration) -> Self {
        Self { plan, line: Line::new(plan.targets.clone(), 0), patience }
    }

    /// Asks until the server answers anything but "not now", and reads the answer.
    pub async fn ask<R>(
        &mut self,
        write: impl Fn(&mut Vec<u8>),
        read: impl FnOnce(&Reply<'_>) -> R,
    ) -> Result<R, Failure> {
        let until = self.plan.clock.now() + self.patience;
        loop {
            let (why, wait_s) = match self.once(&write).await {
                Ok(reply) if !matches!(reply.status, 429 | 502..=504) => return Ok(read(&reply)),
                Ok(reply) => (format!("status {}", reply.status), reply.retry_after_s.unwrap_or(0)),
                Err(error) => (error.to_string(), 0),
            };
            if self.plan.clock.now() >= until {
                let waited = self.patience.as_secs();
                return Err(Failure(format!(
                    "no answer from {} within {waited} s: {why}",
                    self.plan.targets.at(0).host
                )));
            }
            // perhaps another server can
            self.line.close();
            sleep(AGAIN_AFTER.max(Duration::from_secs(wait_s))).await;
        }
    }

    async fn once(&mut self, write: impl Fn(&mut Vec<u8>)) -> Result<Reply<'_>, Error> {
        if !self.line.is_open() {
            self.line.open().await?;
        }
        self.line.output.clear();
        write(&mut self.line.output);
        let clock = self.plan.clock;
        self.line.ask(clock.instant(clock.now() + ANSWER_WITHIN)).await
    }
}

/// Asks about many things, several at once; the answers come in the order of the questions.
pub async fn spread<'a, T, R>(
    plan: &'a Plan,
    items: &[T],
    ask: impl AsyncFn(&mut Asker<'a>, &T) -> Result<R, Failure>,
) -> Result<Vec<R>, Failure> {
    let (ask, patience) = (&ask, Duration::from_secs(plan.options.patience));
    let parts = items.chunks(items.len().div_ceil(AT_ONCE).max(1)).map(|part| async move {
        let mut asker = Asker::new(plan, patience);
        let mut told = Vec::with_capacity(part.len());
        for item in part {
            told.push(ask(&mut asker, item).await?);
        }
        Ok::<_, Failure>(told)
    });
    Ok(try_join_all(parts).await?.into_iter().flatten().collect())
}
