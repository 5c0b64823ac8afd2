//! The `Idempotency-Key` of a creation: repeating it makes nothing new.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use claviger_access::identity::PrincipalId;
use sha2::{Digest, Sha256};

use super::failure::Failure;
use crate::store::writing::IdempotencyKey;

/// Most characters of a key.
const LENGTH_MAX: usize = 255;

/// A key, as a digest: clients may put into it what is nobody's business.
pub(super) struct Idempotency(Option<String>);

impl Idempotency {
    /// The caller's key, if he sent one.
    pub(super) fn of(self, caller: PrincipalId) -> Option<IdempotencyKey> {
        self.0.map(|digest| IdempotencyKey { caller, digest })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Idempotency {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let mut values = parts.headers.get_all("idempotency-key").iter();
        let Some(value) = values.next() else { return Ok(Self(None)) };
        let key = value.as_bytes();
        let visible = key.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ');
        if values.next().is_some() || key.is_empty() || key.len() > LENGTH_MAX || !visible {
            let sentence = format!("send one Idempotency-Key of 1 to {LENGTH_MAX} visible ASCII characters");
            return Err(Failure::bad_request("idempotency_key_invalid", sentence));
        }
        let digest: [u8; 32] = Sha256::digest(key).into();
        Ok(Self(Some(digest.iter().map(|byte| format!("{byte:02x}")).collect())))
    }
}
