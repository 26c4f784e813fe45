//! Where a voucher's messages go from now on: families change their number, and offices mistype it.

use super::holder;
use crate::auth::{Staff, Works};
use crate::problem::Problem;
use crate::state::AppState;
use crate::wire::Channel;
use domain::contacts::{Email, Phone};
use serde::Deserialize;
use serde_json::json;
use store::ledger::{NewContact, VoucherRow};
use utoipa::ToSchema;

/// How the holder is reached from now on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"channel": "sms", "to": "333 1234567"}))]
pub(super) struct Contact {
    #[schema(value_type = Channel)]
    channel: String,
    /// A mobile number, or an e-mail address, as the channel says; for paper nothing.
    #[schema(max_length = 254)]
    to: Option<String>,
}

/// The same, read.
pub(super) enum Reached {
    Sms(Phone),
    Email(Email),
    Paper,
}

impl Contact {
    /// # Errors
    /// `contact_invalid`.
    pub(super) fn read(&self) -> Result<Reached, Problem> {
        let to = self.to.as_deref().unwrap_or_default();
        let reached = match &*self.channel {
            "sms" => Phone::parse(to).ok().filter(Phone::takes_sms).map(Reached::Sms),
            "email" => Email::parse(to).ok().map(Reached::Email),
            "paper" if to.is_empty() => Some(Reached::Paper),
            _ => None,
        };
        reached.ok_or(Problem::new("contact_invalid"))
    }
}

impl Reached {
    /// Writes it down, and who did; the number itself is personal and stays out of the audit log.
    pub(super) async fn write(
        self,
        state: &AppState,
        staff: &Staff<Works>,
        voucher: &VoucherRow,
    ) -> Result<(), Problem> {
        let (holder, mut personal) = holder(state, voucher).await?;
        // it may be a stranger's
        match &*holder.channel {
            "sms" => personal.mobile = None,
            "email" => personal.email = None,
            _ => {}
        }
        let channel = match self {
            Self::Sms(phone) => {
                personal.mobile = Some(phone.as_str().to_owned());
                "sms"
            }
            Self::Email(email) => {
                personal.email = Some(email.as_str().to_owned());
                "email"
            }
            Self::Paper => "paper",
        };
        let [phone_index, email_index] = personal.found_by(&state.keys);
        let contact = NewContact {
            voucher_id: voucher.id,
            person_id: holder.person_id,
            channel,
            phone_index,
            email_index,
            sealed: personal.seal(&state.keys, holder.person_id, &state.entropy())?,
        };
        let municipality = voucher.municipality_id;
        state.town(municipality).change_contact(&contact).await?;
        let (what, how) = ("contact_changed", json!({"channel": channel}));
        state.audit(Some(municipality), Some(staff.user.uuid()), what, voucher.id, how).await
    }
}
