//! An authority of a test's own, and the certificate that it gave a server.
#![allow(dead_code, reason = "not every user needs all of it")]

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use std::path::{Path, PathBuf};

/// The one name that certificates are for.
pub const NAME: &str = "localhost";

/// Files that end with this value.
pub struct Certificates {
    folder: tempfile::TempDir,
}

impl Certificates {
    /// A new authority, unlike any other.
    pub fn new() -> Self {
        let certificates = Self { folder: tempfile::tempdir().unwrap() };
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec![NAME.to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
        std::fs::write(certificates.authority(), authority.pem()).unwrap();
        std::fs::write(certificates.certificate(), certificate.pem()).unwrap();
        std::fs::write(certificates.key(), key.serialize_pem()).unwrap();
        certificates
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn authority(&self) -> PathBuf {
        self.file("ca.pem")
    }

    pub fn certificate(&self) -> PathBuf {
        self.file("server.pem")
    }

    pub fn key(&self) -> PathBuf {
        self.file("server.key")
    }

    /// What Redis or Valkey is told, besides the port.
    pub fn redis_options(&self) -> [(&'static str, String); 4] {
        let said = |path: &Path| path.to_str().unwrap().to_owned();
        [
            ("tls-cert-file", said(&self.certificate())),
            ("tls-key-file", said(&self.key())),
            ("tls-ca-cert-file", said(&self.authority())),
            ("tls-auth-clients", "no".to_owned()),
        ]
    }
}
