//! The installation's master key, and the keys derived from it.
//!
//! One file of 32 random bytes, readable by its owner only. Losing it voids every printed code and
//! every sealed name, so it belongs into the backup, apart from the databases.

use crate::files::write_whole;
use domain::ids::VoucherId;
use domain::keys::PinTag;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Where randomness comes from: the operating system in production, a seed in tests.
pub trait Entropy: Send + Sync {
    /// Fills the buffer.
    fn fill(&self, buffer: &mut [u8]);
}

/// A fresh array of random bytes.
pub fn random<const N: usize>(entropy: &dyn Entropy) -> [u8; N] {
    let mut bytes = [0; N];
    entropy.fill(&mut bytes);
    bytes
}

/// All keys of an installation.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Keys {
    pub(crate) codes: [u8; 32],
    pub(crate) rotating: [u8; 32],
    pub(crate) index: [u8; 32],
    pub(crate) seal: [u8; 32],
    pin: [u8; 32],
    receipts: [u8; 32],
    nodes: [u8; 32],
    check: [u8; 16],
}

/// Why the key file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// It cannot be read or made.
    #[error("the key file cannot be used: {0}")]
    Io(#[from] std::io::Error),
    /// It is not 32 bytes.
    #[error("the key file is {0} bytes, not 32: restore it from the backup")]
    Length(usize),
    /// Others may read it.
    #[error("the key file has mode {0:o}: others may read it; set it to 600")]
    Mode(u32),
}

impl Keys {
    /// Reads the key file, or makes it where there is none.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn load_or_create(path: &Path, entropy: &dyn Entropy) -> Result<Self, KeyError> {
        match Self::load(path) {
            Err(KeyError::Io(error)) if error.kind() == std::io::ErrorKind::NotFound => {
                write_whole(path, &random::<32>(entropy))?;
                Self::load(path)
            }
            loaded => loaded,
        }
    }

    /// Reads the key file.
    ///
    /// # Errors
    /// [`KeyError`], also where there is none.
    pub fn load(path: &Path) -> Result<Self, KeyError> {
        let mut file = File::open(path)?;
        let mode = file.metadata()?.mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(KeyError::Mode(mode));
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let master = <[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| KeyError::Length(bytes.len()));
        bytes.zeroize();
        Ok(Self::derive(&master?))
    }

    /// Copies a key file that can be read to where none is.
    ///
    /// # Errors
    /// [`KeyError`], also when there is one already.
    pub fn copy(from: &Path, to: &Path) -> Result<(), KeyError> {
        Self::load(from)?;
        if to.try_exists()? {
            return Err(KeyError::Io(std::io::ErrorKind::AlreadyExists.into()));
        }
        let mut bytes = std::fs::read(from)?;
        let copied = <&[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| KeyError::Length(bytes.len()));
        let copied = copied.and_then(|master| Ok(write_whole(to, master)?));
        bytes.zeroize();
        copied
    }

    /// All keys from the master key.
    #[must_use]
    pub fn derive(master: &[u8; 32]) -> Self {
        Self {
            codes: blake3::derive_key("buono 2026 voucher codes and links", master),
            rotating: blake3::derive_key("buono 2026 codes that change with time", master),
            index: blake3::derive_key("buono 2026 blind indexes", master),
            seal: blake3::derive_key("buono 2026 seals of personal keys", master),
            pin: blake3::derive_key("buono 2026 pins", master),
            receipts: blake3::derive_key("buono 2026 receipts", master),
            nodes: blake3::derive_key("buono 2026 nodes", master),
            check: first16(blake3::Hasher::new_derive_key("buono 2026 check").update(master)),
        }
    }

    /// What tells this key file from another one, and nothing else of it.
    #[must_use]
    pub const fn check(&self) -> &[u8; 16] {
        &self.check
    }

    /// What nodes of one installation know each other by.
    #[must_use]
    pub const fn node_secret(&self) -> &[u8; 32] {
        &self.nodes
    }

    /// The secret that receipts are signed with.
    #[must_use]
    pub const fn receipt_secret(&self) -> &[u8; 32] {
        &self.receipts
    }

    /// What is kept of a voucher's PIN.
    #[must_use]
    pub fn pin_tag(&self, voucher: VoucherId, pin: &str) -> PinTag {
        let mut hasher = blake3::Hasher::new_keyed(&self.pin);
        hasher.update(voucher.uuid().as_bytes()).update(pin.as_bytes());
        PinTag(first16(&hasher))
    }

    /// Stands for a value in look-ups: equal values have equal indexes, and nothing else shows.
    #[must_use]
    pub fn blind_index(&self, kind: &str, value: &str) -> [u8; 16] {
        let mut hasher = blake3::Hasher::new_keyed(&self.index);
        hasher.update(kind.as_bytes()).update(&[0]).update(value.as_bytes());
        first16(&hasher)
    }
}

pub(crate) fn first16(hasher: &blake3::Hasher) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    bytes
}
