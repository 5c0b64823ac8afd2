//! Hashing people's passwords: Argon2id, a few at a time.
//!
//! A chosen password can be guessed, so what is kept of it must be dear to try: 19 MiB and two passes each (RFC 9106;
//! OWASP Password Storage). That is dear for us as well. Two are hashed at a time, some wait, and whoever comes after that
//! is told to come back: a thousand log-ins at once cost neither memory nor the checks' time. Hashing never happens while
//! a write holds the head, and its thread is one of those that may block.
//!
//! What must stay true: this is the one place that hashes, and it is asked only by who knows a token or an address.

use std::sync::Arc;

use argon2::password_hash::phc;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use claviger_access::password::{Password, PasswordHash};
use tokio::sync::Semaphore;

use crate::random::{self, NoRandomness};

/// So many are hashed at a time. Each takes 19 MiB.
const AT_ONCE: usize = 2;

/// So many more may wait: less than a second's worth.
const WAITING_MAX: usize = 16;

/// Why a password was not hashed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotHashed {
    /// As many wait as may.
    #[error("too many passwords are being looked at; try again in a second")]
    Busy,
    /// The system gives no random bytes.
    #[error("the installation has run out of randomness; nothing was changed")]
    NoRandomness,
    /// A fault of ours, or a hash in the store that none of ours wrote.
    #[error("the password could not be hashed: {0}")]
    Failed(String),
}

impl From<NoRandomness> for NotHashed {
    fn from(_: NoRandomness) -> Self {
        Self::NoRandomness
    }
}

/// Hashes, and compares with hashes.
pub struct Passwords {
    at_once: Arc<Semaphore>,
    places: Arc<Semaphore>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self { at_once: Arc::new(Semaphore::new(AT_ONCE)), places: Arc::new(Semaphore::new(AT_ONCE + WAITING_MAX)) }
    }
}

impl Passwords {
    /// What is to be kept of a password.
    pub async fn hash(&self, password: Password) -> Result<PasswordHash, NotHashed> {
        let salt = random::salt()?;
        let hash = move || {
            let hash: phc::PasswordHash = hasher()?.hash_password_with_salt(password.expose_bytes(), &salt)?;
            Ok(PasswordHash::from_phc(hash.to_string()))
        };
        self.run(hash).await
    }

    /// Whether it is the password of which this is kept. The same work where nothing is kept.
    pub async fn verify(&self, password: Password, kept: Option<PasswordHash>) -> Result<bool, NotHashed> {
        let verify = move || {
            let Some(kept) = kept else {
                let _: phc::PasswordHash = hasher()?.hash_password_with_salt(password.expose_bytes(), &[0; 16])?;
                return Ok(false);
            };
            let kept = phc::PasswordHash::new(kept.as_phc())?;
            match hasher()?.verify_password(password.expose_bytes(), &kept) {
                Ok(()) => Ok(true),
                Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
                Err(error) => Err(error),
            }
        };
        self.run(verify).await
    }

    async fn run<R: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<R, argon2::password_hash::Error> + Send + 'static,
    ) -> Result<R, NotHashed> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| NotHashed::Busy)?;
        let turn = Arc::clone(&self.at_once).acquire_owned().await.map_err(|_| NotHashed::Busy)?;
        // Whoever asked may go away: the work goes on to its end, and keeps its place until then.
        let working = tokio::task::spawn_blocking(move || {
            let done = work();
            drop((turn, place));
            done
        });
        let done = working.await.map_err(|error| NotHashed::Failed(error.to_string()))?;
        done.map_err(|error| NotHashed::Failed(error.to_string()))
    }
}

/// 19 MiB, two passes, one lane.
fn hasher() -> Result<Argon2<'static>, argon2::password_hash::Error> {
    let params = Params::new(19 * 1024, 2, 1, None)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        Password::parse(text).expect("a password")
    }

    #[tokio::test]
    async fn a_password_is_that_of_its_hash_and_of_no_other() {
        let passwords = Passwords::default();
        let text = "correct horse battery";
        let hash = passwords.hash(password(text)).await.expect("a hash");
        assert!(hash.as_phc().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", hash.as_phc());
        let again = passwords.hash(password(text)).await.expect("a hash");
        assert_ne!(hash.as_phc(), again.as_phc(), "each has a salt of its own");
        assert_eq!(passwords.verify(password(text), Some(hash.clone())).await, Ok(true));
        assert_eq!(passwords.verify(password("correct horse batterx"), Some(hash)).await, Ok(false));
        assert_eq!(passwords.verify(password(text), None).await, Ok(false));
        let broken = PasswordHash::from_phc("no hash".to_owned());
        assert!(matches!(passwords.verify(password(text), Some(broken)).await, Err(NotHashed::Failed(_))));
    }

    /// Counted, not timed: those in places are told apart from those who find none.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn of_very_many_at_once_a_few_wait_and_the_others_are_told_to_come_back() {
        let passwords = Arc::new(Passwords::default());
        let held = Arc::clone(&passwords.at_once).acquire_many_owned(AT_ONCE as u32).await.expect("all turns");
        let mut asked = Vec::new();
        for _ in 0..AT_ONCE + WAITING_MAX {
            let passwords = Arc::clone(&passwords);
            asked.push(tokio::spawn(async move { passwords.verify(password("correct horse battery"), None).await }));
        }
        while passwords.places.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        for _ in 0..1_000 {
            assert_eq!(passwords.verify(password("correct horse battery"), None).await, Err(NotHashed::Busy));
        }
        drop(held);
        for one in asked {
            assert_eq!(one.await.expect("an end"), Ok(false));
        }
        assert_eq!(passwords.places.available_permits(), AT_ONCE + WAITING_MAX);
    }
}
