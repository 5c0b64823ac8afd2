//! Naming one creation, so that it is made once however often it arrives.

/// The value of an `Idempotency-Key` header. The same key from the same caller within a day makes nothing new: the
/// server answers [`Error::Conflict`](crate::Error::Conflict) with the id of what the first request made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(String);

/// Why a text is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an idempotency key is 1 to {} visible ASCII characters without blanks", IdempotencyKey::LENGTH_MAX)]
pub struct NoKey;

impl IdempotencyKey {
    /// Most characters.
    pub const LENGTH_MAX: usize = 255;

    /// A key that nobody else has: the bytes must be random.
    pub fn from_random(bytes: [u8; 16]) -> Self {
        Self(format!("{:032x}", u128::from_be_bytes(bytes)))
    }

    /// A key that the caller made up.
    pub fn parse(text: &str) -> Result<Self, NoKey> {
        let fits = (1..=Self::LENGTH_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        if fits { Ok(Self(text.to_owned())) } else { Err(NoKey) }
    }

    /// The key.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_visible_ascii_of_bounded_length() {
        assert!(IdempotencyKey::parse("nightly-2026-11-24").is_ok());
        for text in ["", "a b", "a\r\nX: y", "schlüssel", &"k".repeat(256)] {
            assert_eq!(IdempotencyKey::parse(text), Err(NoKey), "{text:?}");
        }
    }

    #[test]
    fn random_bytes_become_hex() {
        assert_eq!(IdempotencyKey::from_random([0xAB; 16]).as_str(), "ab".repeat(16));
        assert_eq!(IdempotencyKey::from_random([0; 16]).as_str(), "0".repeat(32));
    }
}
