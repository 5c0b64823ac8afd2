//! Passwords that people choose, and what is kept of them.
//!
//! A chosen password gets a slow hash, made outside the rules: here are the types that carry both, and what a password
//! must be like. No rules of composition: length is what helps (NIST SP 800-63B, section 5.1.1.2).

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

/// Why a text is no password for us. Never holds any of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Too few characters.
    #[error("has fewer than {} characters; choose a longer one, such as a few words", Password::LENGTH_MIN)]
    TooShort,
    /// Too many characters.
    #[error("has more than {} characters; choose a shorter one", Password::LENGTH_MAX)]
    TooLong,
}

/// A password in clear. Cannot be printed, and is wiped when it is dropped.
pub struct Password(SecretString);

impl Password {
    /// Fewest characters.
    pub const LENGTH_MIN: usize = 12;
    /// Most characters.
    pub const LENGTH_MAX: usize = 1_024;

    /// Reads what was typed, as NFC: keyboards differ in how they write the same letters. Nothing is trimmed.
    pub fn parse(typed: &str) -> Result<Self, PasswordError> {
        let mut text = Zeroizing::new(String::with_capacity(typed.len().min(Self::LENGTH_MAX * 4) * 3));
        for (place, character) in typed.nfc().enumerate() {
            if place >= Self::LENGTH_MAX {
                return Err(PasswordError::TooLong);
            }
            text.push(character);
        }
        if text.chars().count() < Self::LENGTH_MIN {
            return Err(PasswordError::TooShort);
        }
        Ok(Self(SecretString::from(text.as_str())))
    }

    /// The bytes, for the one place that hashes.
    pub fn expose_bytes(&self) -> &[u8] {
        self.0.expose_secret().as_bytes()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(hidden)")
    }
}

/// What is kept of a password: a slow hash with its parameters and salt, as a PHC string. The store alone holds it.
#[derive(Clone)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// A hash that was made just now, or read from the store.
    pub const fn from_phc(phc: String) -> Self {
        Self(phc)
    }

    /// The PHC string.
    pub fn as_phc(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_alone_counts_in_characters() {
        let read = |typed: &str| Password::parse(typed).map(|_| ());
        assert_eq!(read("elevenchars"), Err(PasswordError::TooShort));
        assert_eq!(read("aaaaaaaaaaaa"), Ok(()));
        assert_eq!(read(&"ü".repeat(12)), Ok(()));
        assert_eq!(read(&"ü".repeat(1_024)), Ok(()));
        assert_eq!(read(&"ü".repeat(1_025)), Err(PasswordError::TooLong));
        assert_eq!(read(&"x".repeat(10_000_000)), Err(PasswordError::TooLong));
        assert_eq!(read(" leading and trailing blanks count "), Ok(()));
    }

    #[test]
    fn two_ways_to_write_the_same_letters_are_one_password() {
        let bytes = |typed: &str| Password::parse(typed).map(|password| password.expose_bytes().to_vec());
        assert_eq!(bytes("cafe\u{301} au lait"), bytes("caf\u{e9} au lait"));
        assert_ne!(bytes("Correct Horse"), bytes("correct horse"));
    }

    #[test]
    fn neither_can_be_printed() {
        let password = Password::parse("correct horse battery").expect("a password");
        let hash = PasswordHash::from_phc("$argon2id$x".to_owned());
        assert_eq!(format!("{password:?} {hash:?}"), "Password(hidden) PasswordHash(hidden)");
    }
}
