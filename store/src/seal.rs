//! Personal data, sealed for each person with a key of their own, so that destroying the key
//! erases the person from every backup too.

use crate::keys::{Entropy, Keys, random};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use uuid::Uuid;
use zeroize::Zeroize;

const NONCE_LEN: usize = 24;

/// A sealed value and the key to it, itself sealed by the installation's key.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Sealed {
    /// The subject's own key.
    pub wrapped_key: Vec<u8>,
    /// The value.
    pub sealed: Vec<u8>,
}

/// The seal is broken: another key, another row, or changed bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a sealed value cannot be opened")]
pub struct Broken;

fn cipher(key: &[u8; 32]) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(&Key::from(*key))
}

fn close(key: &[u8; 32], place: &[u8], value: &[u8], entropy: &dyn Entropy) -> Result<Vec<u8>, Broken> {
    let nonce = random::<NONCE_LEN>(entropy);
    let payload = Payload { msg: value, aad: place };
    let mut out = nonce.to_vec();
    out.extend(cipher(key).encrypt(&XNonce::from(nonce), payload).map_err(|_| Broken)?);
    Ok(out)
}

fn open(key: &[u8; 32], place: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Broken> {
    let (nonce, msg) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(Broken)?;
    cipher(key).decrypt(&XNonce::from(*nonce), Payload { msg, aad: place }).map_err(|_| Broken)
}

/// The place that a value belongs to: moved to another row, it no longer opens.
fn place(table: &str, column: &str, row: Uuid) -> Vec<u8> {
    [table.as_bytes(), b"/", column.as_bytes(), b"/", row.as_bytes()].concat()
}

impl Keys {
    /// Seals a value for a row, under a new key.
    ///
    /// # Errors
    /// [`Broken`] for a value of absurd length.
    pub fn seal(&self, table: &str, row: Uuid, value: &[u8], entropy: &dyn Entropy) -> Result<Sealed, Broken> {
        let mut own = random::<32>(entropy);
        let wrapped = close(&self.seal, &place(table, "wrapped_key", row), &own, entropy);
        let sealed = close(&own, &place(table, "sealed", row), value, entropy);
        own.zeroize();
        Ok(Sealed { wrapped_key: wrapped?, sealed: sealed? })
    }

    /// Opens what [`seal`](Self::seal) sealed for the same row.
    ///
    /// # Errors
    /// [`Broken`].
    pub fn unseal(&self, table: &str, row: Uuid, sealed: &Sealed) -> Result<Vec<u8>, Broken> {
        let mut own = open(&self.seal, &place(table, "wrapped_key", row), &sealed.wrapped_key)?;
        let key = <[u8; 32]>::try_from(own.as_slice()).map_err(|_| Broken);
        own.zeroize();
        open(&key?, &place(table, "sealed", row), &sealed.sealed)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU8, Ordering};

    struct Counting(AtomicU8);

    impl Entropy for Counting {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill_with(|| self.0.fetch_add(1, Ordering::Relaxed));
        }
    }

    #[test]
    fn opens_only_in_its_own_row_with_its_own_key() {
        let (keys, entropy) = (Keys::derive(&[1; 32]), Counting(AtomicU8::new(0)));
        let (row, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let sealed = keys.seal("person", row, b"Maria", &entropy).unwrap();
        assert!(!sealed.sealed.windows(5).any(|window| window == b"Maria"));
        assert_eq!(keys.unseal("person", row, &sealed).unwrap(), b"Maria");
        assert_eq!(keys.unseal("person", other, &sealed), Err(Broken));
        assert_eq!(keys.unseal("shop", row, &sealed), Err(Broken));
        assert_eq!(Keys::derive(&[2; 32]).unseal("person", row, &sealed), Err(Broken));
        let mut changed = sealed.clone();
        changed.sealed[30] ^= 1;
        assert_eq!(keys.unseal("person", row, &changed), Err(Broken));
        let cut = Sealed { sealed: vec![1, 2], ..sealed };
        assert_eq!(keys.unseal("person", row, &cut), Err(Broken));
    }
}
