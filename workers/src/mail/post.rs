//! Ways to send a mail: by a server, or into a folder where there is none.

use super::Mail;
use crate::Pending;
use lettre::message::header::ContentType;
use lettre::message::{Attachment, Mailbox, MultiPart, SinglePart};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use std::fs::{DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::PathBuf;
use std::time::Duration;

/// A server that says nothing for so long is tried again later.
const PATIENCE: Duration = Duration::from_secs(30);
/// What a server answers to whom it does not know (RFC 4954).
const CREDENTIALS: std::ops::RangeInclusive<u16> = 530..=538;

/// Why a mail did not go. Never with the address: it is kept with the request.
#[derive(Debug, thiserror::Error)]
pub enum PostError {
    /// Another try may work.
    #[error("not now: {0}")]
    Later(String),
    /// No try will work: an address that does not exist.
    #[error("never: {0}")]
    Never(String),
}

/// Hands mails over.
pub trait Post: Send + Sync {
    /// Hands one over; the same id twice is the same mail.
    fn send<'a>(&'a self, id: &'a str, mail: &'a Mail) -> Pending<'a, Result<(), PostError>>;
}

/// A mail server.
#[derive(Clone)]
pub struct SmtpPost {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

/// A file for each mail in a folder, for whoever has no server yet.
pub struct FolderPost {
    /// Only its owner may look into it.
    pub folder: PathBuf,
}

impl SmtpPost {
    /// To `smtps://user:password@host`, or `smtp://host` in a network that is trusted.
    ///
    /// # Errors
    /// When the address or the sender is none, in words and without the password.
    pub fn new(url: &str, from: &str) -> Result<Self, String> {
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url);
        let builder = builder.map_err(|error| format!("the address of the mail server cannot be used: {error}"))?;
        let from = from.parse().map_err(|error| format!("{from} is no sender of mail: {error}"))?;
        Ok(Self { transport: builder.timeout(Some(PATIENCE)).build(), from })
    }
}

fn message(id: &str, mail: &Mail, from: &Mailbox) -> Result<Message, PostError> {
    let never = |what: &str| PostError::Never(format!("{what} cannot be written into a mail"));
    let (name, media, bytes) = &mail.attachment;
    let media = ContentType::parse(media).map_err(|_| never("the list's kind"))?;
    let parts = MultiPart::mixed()
        .singlepart(SinglePart::plain(mail.text.clone()))
        .singlepart(Attachment::new(name.clone()).body(bytes.clone(), media));
    let mut builder = Message::builder()
        .from(from.clone())
        .to(mail.to.parse().map_err(|_| never("the address"))?)
        .subject(mail.subject.clone())
        // the same at every try: who gets it twice sees it once
        .message_id(Some(format!("<{id}@{}>", from.email.domain())));
    if let Some(reply_to) = &mail.reply_to {
        builder = builder.reply_to(reply_to.parse().map_err(|_| never("the address for answers"))?);
    }
    builder.multipart(parts).map_err(|_| never("something"))
}

impl Post for SmtpPost {
    fn send<'a>(&'a self, id: &'a str, mail: &'a Mail) -> Pending<'a, Result<(), PostError>> {
        Box::pin(async move {
            let message = message(id, mail, &self.from)?;
            let Err(error) = self.transport.send(message).await else { return Ok(()) };
            // what a server says repeats the address
            match error.status() {
                // a password that is wrong today may be mended tomorrow
                Some(code) if error.is_permanent() && !CREDENTIALS.contains(&code.into()) => {
                    Err(PostError::Never(format!("the mail server refused: {code}")))
                }
                Some(code) => Err(PostError::Later(format!("the mail server put it off: {code}"))),
                None => Err(PostError::Later("the mail server cannot be reached".to_owned())),
            }
        })
    }
}

impl Post for FolderPost {
    fn send<'a>(&'a self, id: &'a str, mail: &'a Mail) -> Pending<'a, Result<(), PostError>> {
        Box::pin(async move {
            let from = Mailbox::new(
                Some("Buono".to_owned()),
                lettre::Address::new("buono", "localhost").map_err(|error| PostError::Never(error.to_string()))?,
            );
            let bytes = message(id, mail, &from)?.formatted();
            let made = DirBuilder::new().recursive(true).mode(0o700).create(&self.folder);
            let path = self.folder.join(format!("{id}.eml"));
            let open = || OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path);
            let written = made.and_then(|()| open()).and_then(|mut file| file.write_all(&bytes));
            written.map_err(|error| PostError::Later(error.to_string()))
        })
    }
}
