//! Whose operations a list has: everybody's, or one till's, or one's of the staff, or nobody's in particular.

use super::export::{Clerk, Wanted};
use crate::problem::Problem;
use crate::wire::NOBODY;
use std::collections::HashMap;
use store::ledger::{Db, StatementRequest, Whose};
use uuid::Uuid;

/// From what a caller wrote, as [`StaffOrNone`](crate::wire::StaffOrNone) has it.
///
/// # Errors
/// `bad_request` with the field.
pub fn whose(staff: Option<&str>) -> Result<Whose, Problem> {
    match staff {
        None => Ok(Whose::Everybodys),
        Some(NOBODY) => Ok(Whose::Nobodys),
        Some(id) => id.parse().map(Whose::Ones).map_err(|_| Problem::new("bad_request").with("field", "staff")),
    }
}

/// As a caller writes it.
pub fn written(staff: Whose) -> Option<String> {
    match staff {
        Whose::Everybodys => None,
        Whose::Nobodys => Some(NOBODY.to_owned()),
        Whose::Ones(id) => Some(id.to_string()),
    }
}

/// Whether till and person are a shop's, also if they are there no more. What is shown to whoever asks may be empty; what
/// is sent to others would tell them that nothing was taken.
///
/// # Errors
/// `not_found` with the field.
pub async fn of_this_shop(db: &Db, shop: Uuid, terminal: Option<Uuid>, staff: Whose) -> Result<(), Problem> {
    let missing = |field: &str| Problem::new("not_found").with("field", field);
    if let Some(id) = terminal
        && db.terminal_label(shop, id).await?.is_none()
    {
        return Err(missing("terminal"));
    }
    if let Whose::Ones(id) = staff
        && !db.staff_of(shop).await?.iter().any(|row| row.id == id)
    {
        return Err(missing("staff"));
    }
    Ok(())
}

/// What a mail says of a list that leaves something out, by the keys of the catalogue. Which till and who it was stands in
/// the list alone: they are called what somebody typed.
pub fn told_by_mail(request: &StatementRequest) -> impl Iterator<Item = &'static str> {
    let staff = match request.only_staff {
        Whose::Everybodys => None,
        Whose::Nobodys => Some("mail-only-nobody"),
        Whose::Ones(_) => Some("mail-only-staff"),
    };
    request.only_terminal_id.map(|_| "mail-only-till").into_iter().chain(staff)
}

impl Clerk {
    /// What a list that leaves something out says of itself, in one line. Whatever the shop does not know is called by the
    /// id under which it was asked for.
    pub(super) async fn only(
        &self,
        wanted: &Wanted<'_>,
        people: &HashMap<Uuid, String>,
    ) -> Result<Option<String>, Problem> {
        let text = |key: &str, name: String| self.texts.get(wanted.lang, key, &[("name", name.into())]);
        let mut parts = Vec::new();
        if let Some(id) = wanted.filter.terminal {
            let label = self.db.terminal_label(wanted.shop.id, id).await?;
            parts.push(text("list-only-till", label.unwrap_or_else(|| id.to_string())));
        }
        match wanted.filter.staff {
            Whose::Everybodys => {}
            Whose::Nobodys => parts.push(self.texts.plain(wanted.lang, "list-only-nobody")),
            Whose::Ones(id) => {
                let name = people.get(&id).cloned().unwrap_or_else(|| id.to_string());
                parts.push(text("list-only-staff", name));
            }
        }
        Ok((!parts.is_empty()).then(|| parts.join(" · ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_is_asked_for_is_somebody_nobody_or_everybody() {
        let id = "01900000-0000-7000-8000-000000000000";
        for good in [None, Some("none"), Some(id)] {
            assert_eq!(whose(good).ok().and_then(written).as_deref(), good);
        }
        for bad in ["", "None", "NONE", "nobody", "null", " none", "none,none", "01900000", &id[1..]] {
            let problem = whose(Some(bad)).err();
            let told = problem.as_ref().map(|problem| (problem.code(), problem.field("field")));
            assert_eq!(told, Some(("bad_request", Some("staff"))), "{bad:?}");
        }
    }
}
