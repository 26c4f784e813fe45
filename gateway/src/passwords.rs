//! Passwords and PINs as they are kept: argon2id, which takes tens of milliseconds. Not on a thread that serves tills.

use crate::edge::SystemEntropy;
use crate::problem::Problem;
use actix_web::web;
use argon2::password_hash::PasswordHasher;
use argon2::{Argon2, PasswordHash, PasswordVerifier};
use store::keys::random;
use tokio::sync::OwnedSemaphorePermit;

/// Does it away from the threads that serve tills, and holds the permit as long as it takes.
///
/// # Errors
/// `not_executed` where the process ends meanwhile.
pub async fn apart<T: Send + 'static>(
    permit: OwnedSemaphorePermit,
    hash: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    let done = web::block(move || {
        let _permit = permit;
        hash()
    });
    done.await.map_err(|_| Problem::new("not_executed"))
}

/// The hash of a password, under a salt of its own.
///
/// # Errors
/// `internal_error`.
pub fn hashed(password: &str) -> Result<String, Problem> {
    let hash = Argon2::default().hash_password_with_salt(password.as_bytes(), &random::<16>(&SystemEntropy));
    Ok(hash.map_err(|_| Problem::new("internal_error"))?.to_string())
}

/// Whether it is the password of a hash.
#[must_use]
pub fn matches(hash: &str, password: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_password_matches_its_own_hash_alone() {
        let hash = hashed("1234").unwrap();
        assert!(matches(&hash, "1234"));
        assert!(!matches(&hash, "1235") && !matches("no hash", "1234"));
        assert_ne!(hashed("1234").unwrap(), hash, "each has a salt of its own");
    }
}
