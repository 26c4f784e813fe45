//! Encrypted connections to servers: whose certificates are believed, and what went wrong in an operator's words.
//!
//! A server's certificate is always verified, its name too; nothing switches that off.

use data_encoding::BASE64;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{AlertDescription, CertificateError, ClientConfig, Error as TlsError, RootCertStore};
use std::error::Error;
use std::io;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

/// Why an address cannot be used, in words.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct AddressError(pub(crate) String);

/// Those who may sign servers' certificates: whom the system trusts, and whom the operator names besides.
#[derive(Clone, Default)]
pub struct Authorities {
    /// Their certificates, PEM.
    named: Option<Arc<[u8]>>,
}

impl Authorities {
    /// Besides the system's, those of a PEM file.
    ///
    /// # Errors
    /// When it cannot be read, or holds no certificate.
    pub fn with_file(path: &Path) -> Result<Self, AddressError> {
        let unclear = |why: &dyn std::fmt::Display| AddressError(format!("{}: {why}", path.display()));
        let pem = std::fs::read(path).map_err(|error| unclear(&error))?;
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(&pem) {
            let certificate = certificate.map_err(|error| unclear(&error))?;
            roots.add(certificate).map_err(|error| unclear(&error))?;
        }
        if roots.is_empty() {
            return Err(unclear(&"there is no certificate in it (BEGIN CERTIFICATE)"));
        }
        Ok(Self { named: Some(pem.into()) })
    }

    /// Those that were named, PEM.
    pub(crate) fn named(&self) -> Option<&[u8]> {
        self.named.as_deref()
    }

    /// All that are believed. The system's are many, and one that cannot be read is no reason to believe none.
    fn all(&self) -> Result<Vec<CertificateDer<'static>>, AddressError> {
        let mut all = rustls_native_certs::load_native_certs().certs;
        all.extend(self.named().into_iter().flat_map(CertificateDer::pem_slice_iter).filter_map(Result::ok));
        all.retain(|certificate| RootCertStore::empty().add(certificate.clone()).is_ok());
        if all.is_empty() {
            return Err(AddressError(
                "this machine trusts no authority at all (on Debian: install ca-certificates): \
                 name the one that signed the server's certificate with --store-ca"
                    .to_owned(),
            ));
        }
        Ok(all)
    }

    /// All that are believed, PEM.
    ///
    /// # Errors
    /// When there are none.
    pub(crate) fn pem(&self) -> Result<Vec<u8>, AddressError> {
        let one = |certificate: CertificateDer<'_>| {
            let text = BASE64.encode(&certificate);
            format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
        };
        Ok(self.all()?.into_iter().map(one).collect::<String>().into_bytes())
    }

    /// How to encrypt.
    ///
    /// # Errors
    /// When nobody is believed.
    pub(crate) fn config(&self) -> Result<ClientConfig, AddressError> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(self.all()?);
        config(roots)
    }
}

/// How to encrypt towards whoever these have signed.
pub(crate) fn config(roots: RootCertStore) -> Result<ClientConfig, AddressError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let versions = versions.map_err(|error| AddressError(error.to_string()))?;
    Ok(versions.with_root_certificates(roots).with_no_client_auth())
}

/// Whether what is said to this host leaves the machine. A name may be anybody's.
pub(crate) fn is_elsewhere(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host != "localhost" && !host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// What went wrong on the way to a server: for a failed handshake what to do, else the error with its causes.
pub(crate) fn explained(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(failure) = failure(error) {
            return handshake(failure);
        }
        let said = error.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        next = error.source();
    }
    text
}

/// The failed handshake, if it is one: shared errors hide what they are, and an I/O error does not count what it
/// carries among its sources.
fn failure<'error>(error: &'error (dyn Error + 'static)) -> Option<&'error TlsError> {
    let error = match error.downcast_ref::<Arc<dyn Error + Send + Sync>>() {
        Some(shared) => &**shared as &(dyn Error + 'static),
        None => error,
    };
    let carried = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    error.downcast_ref().or_else(|| carried?.downcast_ref())
}

fn handshake(failure: &TlsError) -> String {
    use CertificateError::{
        BadSignature, Expired, ExpiredContext, NotValidForName, NotValidForNameContext, NotValidYet,
        NotValidYetContext, UnknownIssuer,
    };
    let remedy = match failure {
        // the latter is another authority by the same name
        TlsError::InvalidCertificate(UnknownIssuer | BadSignature) => {
            "no authority that is trusted here has signed it; name the one that did with --store-ca, \
             or find out who answers there"
        }
        TlsError::InvalidCertificate(NotValidForName | NotValidForNameContext { .. }) => {
            "reach the server by a name that its certificate has, or find out who answers there"
        }
        TlsError::InvalidCertificate(Expired | ExpiredContext { .. } | NotValidYet | NotValidYetContext { .. }) => {
            "renew it, or see to the clocks"
        }
        TlsError::InvalidMessage(_) => "the server does not speak TLS on this port",
        TlsError::AlertReceived(AlertDescription::CertificateRequired) => {
            "the server wants a certificate of whoever connects, and buono shows none; \
             for Redis set `tls-auth-clients no`"
        }
        _ => "TLS failed",
    };
    format!("{failure}: {remedy}")
}
