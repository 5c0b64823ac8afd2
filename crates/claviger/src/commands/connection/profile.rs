//! The profile: a small TOML file with one server and one credential.

use std::path::Path;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer};

use super::ConnectionError;
use crate::private_file;

/// What a profile holds. Its server and its user are there, so that its secret belongs to both.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Profile {
    pub(super) url: String,
    pub(super) username: String,
    #[serde(default, deserialize_with = "secret")]
    pub(super) secret: Option<SecretString>,
    #[serde(default)]
    pub(super) organization: Option<u64>,
}

impl Profile {
    /// Reads a profile that only we can read.
    pub(super) fn read(path: &Path) -> Result<Self, ConnectionError> {
        let text = private_file::read(path).map_err(|unfit| ConnectionError::File { path: path.into(), unfit })?;
        let text = text.expose_secret();
        toml::from_str(text).map_err(|error| {
            // The error's own sentence quotes the line, which may be the one with the secret.
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            ConnectionError::Profile { path: path.into(), line: before.matches('\n').count() + 1 }
        })
    }
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SecretString>, D::Error> {
    String::deserialize(deserializer).map(|secret| Some(SecretString::from(secret)))
}
