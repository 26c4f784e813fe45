//! The press of a process: a thread of its own, which leaves the processors to the tills, sets one document after the
//! other.

use crate::texts::{Lang, Texts};
use documents::{Form, PrintError, Printer};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use tokio::sync::oneshot;

/// Documents that wait; more are refused, since each takes up to seconds.
const QUEUE_MAX: usize = 16;
/// Behind the tills and behind the ledger.
const NICE: i32 = 15;
/// Keys of the texts that documents say.
const PREFIX: &str = "paper-";

type Job = Box<dyn FnOnce(&Printer) + Send>;

/// Why there is no document.
#[derive(Debug, thiserror::Error)]
pub enum NotPrinted {
    /// The binary was built without letters.
    #[error("this binary has no letters to print with")]
    NoLetters,
    /// Too many documents wait.
    #[error("too many documents wait for the press")]
    Busy,
    /// A defect of ours.
    #[error("a document cannot be printed: {0}")]
    Defect(String),
}

impl From<PrintError> for NotPrinted {
    fn from(error: PrintError) -> Self {
        Self::Defect(error.to_string())
    }
}

/// Started when it is first needed: most processes never print.
#[derive(Default)]
pub struct Press(OnceLock<Option<SyncSender<Job>>>);

impl Press {
    /// Sets a document, made at an instant in microseconds.
    ///
    /// # Errors
    /// [`NotPrinted`].
    pub async fn print<T: Form + Send + 'static>(
        &self,
        texts: &Texts,
        lang: Lang,
        form: T,
        at: i64,
    ) -> Result<Vec<u8>, NotPrinted> {
        let queue = self.0.get_or_init(start).as_ref().ok_or(NotPrinted::NoLetters)?;
        let words = texts.all(lang, PREFIX);
        let (tell, told) = oneshot::channel();
        let job = move |printer: &Printer| {
            // unless whoever asked has gone meanwhile
            if !tell.is_closed() {
                let _ = tell.send(printer.print(&form, lang.tag(), &words, at));
            }
        };
        queue.try_send(Box::new(job)).map_err(|_| NotPrinted::Busy)?;
        let printed = told.await.map_err(|_| NotPrinted::Defect("the typesetter broke off".to_owned()))??;
        metrics::counter!("buono_documents_printed_total", "form" => T::TEMPLATE).increment(1);
        Ok(printed)
    }
}

/// Whether this binary was built with letters, without which nothing is printed.
#[must_use]
pub const fn has_letters() -> bool {
    !::web::FONTS.is_empty()
}

fn start() -> Option<SyncSender<Job>> {
    let failed = |error: &dyn std::fmt::Display| tracing::error!(%error, "nothing can be printed");
    let printer = Printer::new().inspect_err(|error| failed(error)).ok()?;
    let (queue, jobs) = sync_channel(QUEUE_MAX);
    let thread = std::thread::Builder::new().name("press".to_owned()).spawn(move || run(&printer, &jobs));
    thread.inspect_err(|error| failed(error)).ok()?;
    Some(queue)
}

/// Until the process ends: nobody waits for what was not printed.
fn run(printer: &Printer, jobs: &Receiver<Job>) {
    // threads that the typesetter starts from here inherit it
    if let Err(error) = rustix::process::setpriority_process(None, NICE) {
        tracing::warn!(%error, "the press runs at the priority of the tills");
    }
    for job in jobs {
        if catch_unwind(AssertUnwindSafe(|| job(printer))).is_err() {
            tracing::error!("the typesetter broke off, which is a defect");
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use documents::Operations;
    use std::sync::Arc;

    fn form() -> Operations {
        let nothing = Vec::new();
        Operations {
            shop: vec!["Bottega".to_owned()],
            period: String::new(),
            only: None,
            made_at: String::new(),
            operations: Vec::new(),
            days: nothing.clone(),
            tills: nothing.clone(),
            staff: nothing,
            total: String::new(),
        }
    }

    #[tokio::test]
    async fn who_comes_when_too_many_wait_is_told_at_once() {
        let (press, texts) = (Arc::new(Press::default()), Texts::default());
        assert!(press.print(&texts, Lang::It, form(), 0).await.unwrap().starts_with(b"%PDF-"));
        // the press is stopped by a document that takes as long as the test wants
        let (go, wait) = sync_channel::<()>(0);
        let queue = press.0.get().unwrap().as_ref().unwrap();
        queue.send(Box::new(move |_| wait.recv().unwrap_or_default())).unwrap();
        let broken: Job = Box::new(|_| panic!("a defect"));
        queue.send(broken).unwrap();
        while queue.try_send(Box::new(|_| {})).is_ok() {}
        assert!(matches!(press.print(&texts, Lang::It, form(), 0).await, Err(NotPrinted::Busy)));
        drop(go);
        // and goes on, also after a defect
        let printed = loop {
            match press.print(&texts, Lang::En, form(), 0).await {
                Err(NotPrinted::Busy) => tokio::task::yield_now().await,
                other => break other,
            }
        };
        assert!(printed.unwrap().starts_with(b"%PDF-"));
    }
}
