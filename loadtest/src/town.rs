//! Who takes part: the server's address, terminals and vouchers, from `demo.json` or from lists.

use crate::Failure;
use crate::options::Options;
use serde::Deserialize;
use std::path::Path;

/// A till.
#[derive(Deserialize)]
pub struct Till {
    /// What to call it.
    #[serde(rename = "shop")]
    pub name: String,
    /// What it proves itself with.
    pub token: String,
}

/// A voucher.
#[derive(Deserialize)]
pub struct Voucher {
    /// What to call it.
    #[serde(rename = "reference")]
    pub name: String,
    /// What a till reads.
    pub qr_text: String,
    /// Empty when unknown.
    #[serde(default)]
    pub link: String,
}

/// Somebody of the office.
#[derive(Deserialize)]
pub struct Staff {
    /// What they may do.
    pub role: String,
    /// How they sign in.
    pub email: String,
    /// And with what.
    pub password: String,
}

/// All of `demo.json` that a load needs.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Town {
    /// Where the server is.
    pub base_url: String,
    /// Other servers of the same installation.
    pub other_urls: Vec<String>,
    /// Who takes money.
    pub terminals: Vec<Till>,
    /// Where from.
    pub vouchers: Vec<Voucher>,
    /// Who may top up.
    pub staff: Vec<Staff>,
}

impl Voucher {
    /// The secret of its link.
    pub fn link_token(&self) -> Option<&str> {
        self.link.rsplit_once('#').map(|(_, token)| token)
    }
}

fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| Failure(format!("{}: {error}", path.display())))
}

/// The lines that say something; each gets a name that gives no secret away.
fn lines<T>(path: &Path, what: &str, made: impl Fn(String, &str) -> T) -> Result<Vec<T>, Failure> {
    let text = read(path)?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    Ok(lines.enumerate().map(|(at, line)| made(format!("{what} {}", at + 1), line)).collect())
}

impl Town {
    /// Every server.
    pub(crate) fn addresses(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.base_url).chain(&self.other_urls).map(String::as_str)
    }

    /// Reads the files that the options name.
    ///
    /// # Errors
    /// In words, also when there is nobody to take part.
    pub fn read(options: &Options) -> Result<Self, Failure> {
        let mut town = match &options.demo {
            Some(path) => serde_json::from_str(&read(path)?)
                .map_err(|error| Failure(format!("{}: not a demo.json: {error}", path.display())))?,
            None => Self::default(),
        };
        if let Some(path) = &options.terminals {
            town.terminals = lines(path, "terminal", |name, line| Till { name, token: line.to_owned() })?;
        }
        if let Some(path) = &options.vouchers_file {
            town.vouchers = lines(path, "voucher", |name, line| {
                let (code, link) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
                Voucher { name, qr_text: code.to_owned(), link: link.to_owned() }
            })?;
        }
        if let [url, others @ ..] = options.url.as_slice() {
            (town.base_url, town.other_urls) = (url.clone(), others.to_vec());
        }
        for (missing, what, how) in [
            (town.base_url.is_empty(), "server", "--url"),
            (town.terminals.is_empty(), "terminals", "--terminals"),
            (town.vouchers.is_empty(), "vouchers", "--vouchers-file"),
        ] {
            if missing {
                return Err(Failure(format!("no {what}: give --demo demo.json, or {how}")));
            }
        }
        if town.terminals.len() > usize::from(u16::MAX) {
            return Err(Failure("at most 65,535 terminals".to_owned()));
        }
        Ok(town)
    }
}
