//! The mails with which shops get their lists.

use crate::problem::Problem;
use crate::shop::operations::export::{Clerk, FileFormat, Wanted};
use crate::shop::operations::file_name;
use crate::shop::operations::whose::told_by_mail;
use crate::texts::{Lang, day, moment};
use domain::clock::Clock;
use std::sync::Arc;
use store::ledger::{OperationFilter, StatementRequest};
use workers::Pending;
use workers::mail::{Mail, WriteError, Writer};

/// Writes them.
pub struct Statements {
    /// Writes the lists.
    pub clerk: Clerk,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// What no later try can mend.
fn never(why: &str) -> WriteError {
    WriteError::Never(why.to_owned())
}

/// A list that has become too long stays so; everything else may pass.
fn refused(problem: &Problem) -> WriteError {
    let why = format!("the list cannot be written: {}", problem.code());
    if problem.code() == "list_too_long" { WriteError::Never(why) } else { WriteError::Later(why) }
}

impl Statements {
    async fn compose(&self, request: &StatementRequest) -> Result<Mail, WriteError> {
        let knows = |known: &crate::directory::Snapshot| known.shops.contains_key(&request.shop_id);
        let directory = self.clerk.directory.knowing(knows).await;
        let directory = directory.map_err(|error| WriteError::Later(error.to_string()))?;
        let shop = directory.shops.get(&request.shop_id).cloned().ok_or_else(|| never("the shop is gone"))?;
        let municipality = directory.municipalities.get(&request.municipality_id).cloned();
        let municipality = municipality.ok_or_else(|| never("the municipality is gone"))?;
        let opened = self.clerk.keys.unseal("statement_request", request.id, &request.address);
        let to = opened.ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let to = to.ok_or_else(|| never("the address cannot be read"))?;
        let format = FileFormat::ALL.into_iter().find(|format| format.code() == request.format);
        let format = format.ok_or_else(|| never("a kind of file that this version does not know"))?;
        let lang = Lang::from_tag(&request.language).unwrap_or_default();
        let filter = OperationFilter {
            terminal: request.only_terminal_id,
            staff: request.only_staff,
            ..OperationFilter::all(request.from_at, request.to_at)
        };
        let now = self.clock.now().micros();
        let bytes = self.clerk.file(Wanted { shop: &shop, filter, lang, now }, format).await;
        let bytes = bytes.map_err(|problem| refused(&problem))?;
        let only: String = told_by_mail(request).map(|key| self.clerk.texts.plain(lang, key) + "\n").collect();
        let values = [
            ("shop", shop.name.as_str().into()),
            ("municipality", municipality.name.as_str().into()),
            ("from", day(lang, request.from_at).into()),
            ("to", day(lang, request.to_at - 1).into()),
            ("only", only.into()),
            ("at", moment(lang, request.created_at).into()),
            ("phone", municipality.help_phone.as_str().into()),
            ("email", municipality.help_email.as_str().into()),
        ];
        let text = |key: &str| self.clerk.texts.get(lang, key, &values);
        let reply_to = Some(municipality.help_email.clone()).filter(|address| !address.is_empty());
        let attachment = (file_name(format), format.media(), bytes);
        Ok(Mail { to, reply_to, subject: text("mail-statement-subject"), text: text("mail-statement"), attachment })
    }
}

impl Writer for Statements {
    fn write<'a>(&'a self, request: &'a StatementRequest) -> Pending<'a, Result<Mail, WriteError>> {
        Box::pin(self.compose(request))
    }
}
