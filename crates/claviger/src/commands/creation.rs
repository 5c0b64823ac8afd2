//! Naming a creation, so that what is made is made once, however often it is tried.

use claviger_client::{Error, IdempotencyKey};

use super::exit::Failed;

/// What names a creation.
#[derive(Debug, clap::Args)]
pub(super) struct CreationArgs {
    /// Names this creation: the same key within a day creates nothing new, so a script may try again [default: random]
    #[arg(long, value_name = "KEY", value_parser = IdempotencyKey::parse)]
    idempotency_key: Option<IdempotencyKey>,
}

impl CreationArgs {
    /// The key that was given, or else one of `random` bytes.
    pub(super) fn key(&self, random: [u8; 16]) -> IdempotencyKey {
        self.idempotency_key.clone().unwrap_or_else(|| IdempotencyKey::from_random(random))
    }
}

/// Why a creation with this key brought nothing.
pub(super) fn not_made(error: Error, key: &IdempotencyKey) -> Failed {
    match error {
        // It may have been created: only the same key finds out without creating another.
        Error::TimedOut { .. } | Error::Interrupted { .. } | Error::Unavailable(_) => {
            Failed::MayBeCreated { key: key.as_str().to_owned(), error }
        }
        other => Failed::Call(other),
    }
}
