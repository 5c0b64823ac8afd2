//! The one place that makes random numbers: the system's source, for secrets, marks, ids and hash keys.

use std::fmt;
use std::sync::Arc;

use claviger_access::second_factor::{RECOVERY_CODE_BYTES, RECOVERY_CODES};
use claviger_access::{Mark, RandomBytes};

/// The system gave no random bytes. Nothing that needs them can be decided.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the system's random source does not answer")]
pub struct NoRandomness;

fn fill<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    #[cfg(test)]
    if crate::simulation::here::fill(&mut bytes) {
        return Ok(bytes);
    }
    getrandom::fill(&mut bytes).map_err(|_| NoRandomness)?;
    Ok(bytes)
}

/// What one decision may use up.
pub fn bytes() -> Result<RandomBytes, NoRandomness> {
    fill().map(RandomBytes::new)
}

/// What tells one history from another.
pub fn mark() -> Result<Mark, NoRandomness> {
    fill().map(Mark)
}

/// What makes the directory's hashing this process's own.
pub fn hash_key() -> Result<u64, NoRandomness> {
    fill().map(u64::from_le_bytes)
}

/// What makes two hashes of one password differ.
pub fn salt() -> Result<[u8; 16], NoRandomness> {
    fill()
}

/// What is drawn anew each time something is sealed.
pub fn nonce() -> Result<[u8; 24], NoRandomness> {
    fill()
}

/// What an app computes codes from.
pub fn totp_secret() -> Result<[u8; 20], NoRandomness> {
    fill()
}

/// What recovery codes are made of.
pub fn recovery_codes() -> Result<[[u8; RECOVERY_CODE_BYTES]; RECOVERY_CODES], NoRandomness> {
    let mut codes = [[0; RECOVERY_CODE_BYTES]; RECOVERY_CODES];
    for code in &mut codes {
        *code = fill()?;
    }
    Ok(codes)
}

/// A key for the audit log.
pub fn audit_key() -> Result<[u8; 32], NoRandomness> {
    fill()
}

/// What tells one creation from another, for the command line's idempotency keys.
pub fn idempotency_key() -> Result<[u8; 16], NoRandomness> {
    fill()
}

/// What a form of the console is bound to, in lower-case hexadecimal digits.
pub fn form_key() -> Result<String, NoRandomness> {
    let bytes: [u8; 16] = fill()?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// A request's name in its answer, in the log and in the audit log: sorted by time, and not to be guessed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(Arc<str>);

impl RequestId {
    /// A new one.
    pub fn new() -> Self {
        #[expect(clippy::disallowed_methods, reason = "this is the place")]
        let id = uuid::Uuid::now_v7();
        let mut digits = uuid::Uuid::encode_buffer();
        Self(Arc::from(&*id.simple().encode_lower(&mut digits)))
    }

    /// The id, to be kept.
    pub fn shared(&self) -> Arc<str> {
        Arc::clone(&self.0)
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for RequestId {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
