//! Which other machines have what the server commits, at this moment.

use super::JournalError;
use super::session::Session;
use crate::postgres::PostgresServer;
use std::fmt;

const NAMES: &str = "SELECT current_setting('synchronous_standby_names'), CAST(current_user AS TEXT)";
/// One that still catches up confirms nothing. Without rights all is null but the process.
const CONNECTED: &str = "SELECT application_name, state = 'streaming' AND sync_state <> 'async'
    FROM pg_stat_replication ORDER BY application_name, pid";

/// For whom the server's commits wait, and who is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standbys {
    /// `synchronous_standby_names`: empty where commits wait for nobody.
    pub names: String,
    /// How many must have a commit before it is done.
    pub needed: usize,
    /// Those that are there and count, by name.
    pub confirming: Vec<String>,
    /// How many are there of which this role may see no more.
    pub hidden: usize,
    /// The role that asked.
    pub role: String,
}

/// What that comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The machine may be lost, and one standby too.
    Good,
    /// The machine may not be lost; or it may, but payments stop with one more.
    Weak,
    /// Commits wait for standbys that are not there: nothing is answered.
    Stopped,
    /// This role may not see who is there.
    Hidden,
}

/// Asks the server.
pub(super) fn standbys(server: &PostgresServer) -> Result<Standbys, JournalError> {
    Session::connect(server)?.ask(async |client| {
        let row = client.query_one(NAMES, &[]).await?;
        let (names, role): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        let (mut confirming, mut hidden) = (Vec::new(), 0);
        for row in client.query(CONNECTED, &[]).await? {
            match row.try_get(1)? {
                Some(true) => confirming.push(row.try_get(0)?),
                Some(false) => {}
                None => hidden += 1,
            }
        }
        Ok(Standbys { needed: needed(&names), names, confirming, hidden, role })
    })
}

/// The number in `ANY 2 (a, b, c)`, `FIRST 2 (…)` and `2 (…)`; a mere list asks for one.
fn needed(names: &str) -> usize {
    let mut words = names.split(|sign: char| sign.is_whitespace() || sign == '(').filter(|word| !word.is_empty());
    let Some(first) = words.next() else { return 0 };
    let is_method = ["ANY", "FIRST"].iter().any(|method| first.eq_ignore_ascii_case(method));
    let number = if is_method { words.next() } else { Some(first) };
    number.and_then(|word| word.parse().ok()).unwrap_or(1)
}

impl Standbys {
    /// What it comes to.
    #[must_use]
    pub const fn standing(&self) -> Standing {
        if self.needed == 0 {
            Standing::Weak
        } else if self.hidden > 0 {
            Standing::Hidden
        } else if self.confirming.len() < self.needed {
            Standing::Stopped
        } else if self.confirming.len() == self.needed {
            Standing::Weak
        } else {
            Standing::Good
        }
    }
}

/// A sentence with its remedy.
impl fmt::Display for Standbys {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { names, needed, confirming, hidden, role } = self;
        if *needed == 0 {
            return out.write_str(
                "synchronous_standby_names is empty: answered payments are lost with this server's machine. Where that \
                 may not be, give it two standbys and SET it to ANY 1 (…) (docs/operations.md, Standbys)",
            );
        }
        write!(out, "synchronous_standby_names is {names}: ")?;
        match self.standing() {
            Standing::Hidden => write!(
                out,
                "{hidden} standbys are connected, and {role} may not see whether they confirm; GRANT pg_monitor TO {role}"
            ),
            Standing::Stopped => write!(
                out,
                "{needed} must confirm each commit and {} do, so every payment waits and ends in 503; start a standby \
                 and see that its primary_conninfo has one of these names. Do not empty the setting: what is answered \
                 then is on no other machine, and if this server was once replaced, it would pay what is long spent",
                confirming.len()
            ),
            Standing::Weak => write!(
                out,
                "{needed} must confirm each commit, and no more than that are there ({}): if one more is lost, payments \
                 stop; bring another standby back",
                confirming.join(", ")
            ),
            Standing::Good => write!(
                out,
                "{needed} must confirm each commit, and {} do ({})",
                confirming.len(),
                confirming.join(", ")
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_setting_says_how_many_must_confirm() {
        let table = [
            ("", 0),
            (" ", 0),
            ("*", 1),
            ("a, b", 1),
            ("\"2\", b", 1),
            ("ANY 1 (a, b)", 1),
            ("any 2(a, b, c)", 2),
            ("FIRST 3 (a, b, c)", 3),
            ("2 (a, b)", 2),
            ("4(a)", 4),
        ];
        for (names, count) in table {
            assert_eq!(needed(names), count, "{names}");
        }
    }

    #[test]
    fn what_it_comes_to_is_said_with_its_remedy() {
        let of = |needed, confirming: &[&str], hidden| Standbys {
            names: if needed == 0 { String::new() } else { format!("ANY {needed} (a, b)") },
            needed,
            confirming: confirming.iter().map(|name| (*name).to_owned()).collect(),
            hidden,
            role: "buono".to_owned(),
        };
        let table = [
            (of(0, &[], 0), Standing::Weak, "SET it to ANY 1"),
            (of(0, &["a"], 0), Standing::Weak, "are lost with this server's machine"),
            (of(1, &[], 0), Standing::Stopped, "Do not empty the setting"),
            (of(2, &["a"], 0), Standing::Stopped, "2 must confirm each commit and 1 do"),
            (of(1, &["a"], 0), Standing::Weak, "no more than that are there (a)"),
            (of(1, &["a", "b"], 0), Standing::Good, "2 do (a, b)"),
            (of(1, &[], 2), Standing::Hidden, "GRANT pg_monitor TO buono"),
        ];
        for (standbys, standing, told) in table {
            assert_eq!(standbys.standing(), standing, "{standbys:?}");
            assert!(standbys.to_string().contains(told), "{standbys}");
        }
    }
}
