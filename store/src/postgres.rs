//! A Postgres server: where it is, and how both clients reach it, the ledger's and the journal's.
//!
//! The address is that of libpq, `postgres://user:password@host:port/database?sslmode=verify-full`. There are two
//! ways and nothing between them: without encryption (`sslmode=disable`, or none), and with a certificate that is
//! verified (`require`, `verify-ca` and `verify-full` all mean that). `allow` and `prefer`, which would do without
//! where somebody is in the way, are refused.

use crate::tls::{AddressError, Authorities, config, explained, is_elsewhere};
use rustls::RootCertStore;
use rustls_tokio_postgres::MakeRustlsConnect;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use std::error::Error;
use std::path::PathBuf;
use std::str::FromStr;
use tokio_postgres::Config;
use tokio_postgres::config::SslMode;
use url::Url;

/// What to say to somebody whom `pg_hba.conf` does not let in.
pub(crate) const NO_TLS: &str = ": pg_hba.conf does not let this user in this way; where it asks for TLS (hostssl), \
    add sslmode=verify-full to the address";

/// Whether a server's error says that.
pub(crate) fn is_unwelcome(code: &str) -> bool {
    code == "28000"
}

/// A server, and how it is reached.
#[derive(Clone)]
pub struct PostgresServer {
    /// For the ledger's client.
    pub(crate) ledger: PgConnectOptions,
    /// For the journal's.
    pub(crate) journal: Config,
    /// What it encrypts with, if it does.
    pub(crate) connector: MakeRustlsConnect,
}

impl FromStr for PostgresServer {
    type Err = AddressError;

    /// A server whose certificate, if it needs one, the system's authorities have signed.
    fn from_str(address: &str) -> Result<Self, AddressError> {
        Self::parse(address, &Authorities::default())
    }
}

/// What an address says about encryption.
#[derive(Default)]
struct Encryption {
    mode: Option<String>,
    authority: Option<PathBuf>,
}

impl PostgresServer {
    /// A server from its address.
    ///
    /// # Errors
    /// When it is none, asks for what is not safe, or names an authority that cannot be read.
    pub fn parse(address: &str, authorities: &Authorities) -> Result<Self, AddressError> {
        let unclear = |error: &(dyn Error + 'static)| {
            AddressError(format!("no address of a Postgres server: {}", explained(error)))
        };
        let mut url = Url::parse(address).map_err(|error| unclear(&error))?;
        let asked = Encryption::taken_from(&mut url)?;
        let ledger: PgConnectOptions = url.as_str().parse().map_err(|error: sqlx::Error| unclear(&error))?;
        let mut journal: Config = url.as_str().parse().map_err(|error: tokio_postgres::Error| unclear(&error))?;
        if !asked.is_wanted()? {
            journal.ssl_mode(SslMode::Disable);
            let connector = MakeRustlsConnect::new(config(RootCertStore::empty())?);
            return Ok(Self { ledger: ledger.ssl_mode(PgSslMode::Disable), journal, connector });
        }
        let authorities = match asked.authority {
            Some(path) => Authorities::with_file(&path)?,
            None => authorities.clone(),
        };
        journal.ssl_mode(SslMode::Require);
        let ledger = ledger.ssl_mode(PgSslMode::VerifyFull);
        let ledger = match authorities.named() {
            Some(pem) => ledger.ssl_root_cert_from_pem(pem.to_vec()),
            None => ledger,
        };
        Ok(Self { ledger, journal, connector: MakeRustlsConnect::new(authorities.config()?) })
    }

    /// Whether what is said to it is encrypted.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.journal.get_ssl_mode() == SslMode::Require
    }

    /// Its name and port, if what is said to it leaves the machine in the clear.
    #[must_use]
    pub fn overheard(&self) -> Option<String> {
        let host = self.ledger.get_host();
        let local = self.ledger.get_socket().is_some() || host.starts_with('/') || !is_elsewhere(host);
        (!self.is_encrypted() && !local).then(|| format!("{host}:{}", self.ledger.get_port()))
    }
}

impl Encryption {
    /// Takes out of the address what the two clients would each understand in their own way.
    fn taken_from(url: &mut Url) -> Result<Self, AddressError> {
        let mut asked = Self::default();
        for (name, value) in url.query_pairs() {
            match &*name {
                "sslmode" => asked.mode = Some(value.into_owned()),
                "sslrootcert" => asked.authority = Some(PathBuf::from(value.into_owned())),
                // some would do without what is asked for here, and say nothing
                other if other.starts_with("ssl") => {
                    return Err(AddressError(format!("{other} is not known: sslmode and sslrootcert are")));
                }
                _ => {}
            }
        }
        let is_other = |part: &&str| !part.starts_with("sslmode=") && !part.starts_with("sslrootcert=");
        let rest = url.query().map(|query| query.split('&').filter(is_other).collect::<Vec<_>>().join("&"));
        url.set_query(rest.as_deref().filter(|rest| !rest.is_empty()));
        Ok(asked)
    }

    fn is_wanted(&self) -> Result<bool, AddressError> {
        match self.mode.as_deref() {
            Some("require" | "verify-ca" | "verify-full") => Ok(true),
            None | Some("disable") if self.authority.is_none() => Ok(false),
            None | Some("disable") => {
                Err(AddressError("sslrootcert says whom to believe: write sslmode=verify-full, too".to_owned()))
            }
            Some(mode) => Err(AddressError(format!(
                "sslmode={mode} does not say whether to encrypt: write verify-full, or disable on one machine"
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(address: &str) -> Result<PostgresServer, String> {
        address.parse().map_err(|error: AddressError| error.to_string())
    }

    #[test]
    fn an_address_is_encrypted_and_verified_or_neither() {
        for (query, encrypted) in [("", false), ("?sslmode=disable", false), ("?options=-c%20work_mem=4MB", false)] {
            let server = parse(&format!("postgres://u:p%40ss@10.0.0.1:5433/d{query}")).unwrap();
            assert_eq!(server.is_encrypted(), encrypted, "{query}");
            assert_eq!(server.overheard().as_deref(), Some("10.0.0.1:5433"));
            assert_eq!(server.journal.get_password(), Some(b"p@ss".as_slice()));
        }
        for mode in ["require", "verify-ca", "verify-full"] {
            let server = parse(&format!("postgres://db.example/d?application_name=x&sslmode={mode}&port=7")).unwrap();
            assert!(server.is_encrypted() && server.overheard().is_none());
            assert!(matches!(server.ledger.get_ssl_mode(), PgSslMode::VerifyFull));
            assert_eq!((server.journal.get_application_name(), server.ledger.get_port()), (Some("x"), 7));
        }
    }

    #[test]
    fn what_is_said_on_one_machine_is_not_overheard() {
        for host in ["127.0.0.1", "localhost", "[::1]", "%2Fvar%2Frun%2Fpostgresql"] {
            assert_eq!(parse(&format!("postgres://u@{host}/d")).unwrap().overheard(), None, "{host}");
        }
        assert_eq!(parse("postgres:///d?host=/var/run/postgresql").unwrap().overheard(), None);
        assert_eq!(parse("postgres://u@db/d").unwrap().overheard().as_deref(), Some("db:5432"));
    }

    #[test]
    fn what_would_not_be_safe_or_not_be_understood_is_refused() {
        for (query, said) in [
            ("sslmode=prefer", "sslmode=prefer does not say whether to encrypt"),
            ("sslmode=allow", "verify-full"),
            ("sslmode=", "does not say"),
            ("sslrootcert=/ca.pem", "write sslmode=verify-full, too"),
            ("sslmode=disable&sslrootcert=/ca.pem", "write sslmode=verify-full, too"),
            ("sslmode=verify-full&sslrootcert=/nowhere.pem", "/nowhere.pem: No such file"),
            ("sslmode=verify-full&sslrootcert=/dev/null", "no certificate in it"),
            ("sslmode=verify-full&sslcert=me.pem", "sslcert is not known"),
            ("ssl-mode=disable", "ssl-mode is not known"),
        ] {
            let error = parse(&format!("postgres://u:secret@db/d?{query}")).err().unwrap();
            assert!(error.contains(said) && !error.contains("secret"), "{query}: {error}");
        }
        assert!(parse("db.example").err().unwrap().contains("no address of a Postgres server"));
        assert!(parse("postgres://u:secret@db:port/d").err().is_some_and(|error| !error.contains("secret")));
    }
}
