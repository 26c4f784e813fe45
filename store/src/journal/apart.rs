//! Connections that block, for callers that must not: each question is asked on a thread that may wait.

use super::JournalError;
use std::panic::resume_unwind;
use tokio::task::spawn_blocking;

/// Does what blocks on a thread that may wait. A panic there is the caller's.
///
/// # Errors
/// [`JournalError::Unknown`] when the runtime ends meanwhile.
pub async fn apart<A: Send + 'static>(
    work: impl FnOnce() -> Result<A, JournalError> + Send + 'static,
) -> Result<A, JournalError> {
    match spawn_blocking(work).await.map_err(|lost| lost.try_into_panic()) {
        Ok(done) => done,
        Err(Ok(panic)) => resume_unwind(panic),
        Err(Err(_)) => Err(lost()),
    }
}

/// A connection that blocks: a journal's, or that to the leases.
pub struct Apart<T: ?Sized>(Option<Box<T>>);

impl<T: ?Sized + Send + 'static> Apart<T> {
    /// Over a connection.
    #[must_use]
    pub const fn new(connection: Box<T>) -> Self {
        Self(Some(connection))
    }

    /// Asks it something.
    ///
    /// # Errors
    /// The answer's; [`JournalError::Unknown`] also when an earlier caller did not wait for its answer, and the
    /// connection is lost with it.
    pub async fn ask<A: Send + 'static>(
        &mut self,
        question: impl FnOnce(&mut T) -> Result<A, JournalError> + Send + 'static,
    ) -> Result<A, JournalError> {
        let mut connection = self.0.take().ok_or_else(lost)?;
        let (answer, connection) = apart(move || Ok((question(&mut connection), connection))).await?;
        self.0 = Some(connection);
        answer
    }
}

fn lost() -> JournalError {
    JournalError::Unknown("the connection was lost with its thread".to_owned())
}
