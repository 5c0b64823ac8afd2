//! Who asks: a username and its secret.

use secrecy::{ExposeSecret, SecretString};

/// A username and its secret. Prints the username alone.
#[derive(Debug, Clone)]
pub struct Credential {
    username: String,
    secret: SecretString,
}

/// Why a pair is no credential. Never quotes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoCredential {
    /// Nothing there.
    #[error("the username is empty; it looks like nightly-export.b2f9ed.service-account")]
    NoUsername,
    /// The first colon separates, so a username cannot hold one.
    #[error("the username contains a colon; give the part before it as the username, the rest as the secret")]
    ColonInUsername,
    /// Nothing there.
    #[error("the secret is empty")]
    NoSecret,
    /// No server accepts it.
    #[error("the username or the secret contains a line break or another control character; remove it")]
    ControlCharacter,
}

impl Credential {
    /// Puts the two together.
    pub fn new(username: &str, secret: SecretString) -> Result<Self, NoCredential> {
        if username.is_empty() {
            return Err(NoCredential::NoUsername);
        }
        if username.contains(':') {
            return Err(NoCredential::ColonInUsername);
        }
        if secret.expose_secret().is_empty() {
            return Err(NoCredential::NoSecret);
        }
        if username.chars().chain(secret.expose_secret().chars()).any(char::is_control) {
            return Err(NoCredential::ControlCharacter);
        }
        Ok(Self { username: username.to_owned(), secret })
    }

    /// The full username.
    pub fn username(&self) -> &str {
        &self.username
    }

    /// For the one header that carries it.
    pub(crate) fn secret(&self) -> &str {
        self.secret.expose_secret()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(username: &str, secret: &str) -> Result<Credential, NoCredential> {
        Credential::new(username, SecretString::from(secret))
    }

    #[test]
    fn it_hides_its_secret() {
        let printed = format!("{:?}", new("ada", "cvg_hush"));
        assert!(printed.contains("ada") && !printed.contains("hush"), "{printed}");
    }

    #[test]
    fn what_no_server_accepts_is_refused_before_it_is_sent() {
        assert_eq!(new("", "s").err(), Some(NoCredential::NoUsername));
        assert_eq!(new("a:b", "s").err(), Some(NoCredential::ColonInUsername));
        assert_eq!(new("a", "").err(), Some(NoCredential::NoSecret));
        assert_eq!(new("a", "s\nt").err(), Some(NoCredential::ControlCharacter));
        assert!(new("a", "s:t").is_ok());
    }
}
