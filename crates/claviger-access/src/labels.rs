//! Labels: what people sort service accounts by. A few keys with a value each, without a meaning here.

use std::collections::BTreeMap;

use crate::text::{TextError, line};

/// Why labels were not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LabelError {
    /// More than the limit.
    #[error("there are more than {} labels; send fewer", Labels::COUNT_MAX)]
    TooMany,
    /// Not a key's form. What was sent is not told.
    #[error(
        "a label's key has 1 to {} small ASCII letters, digits, . _ and -, and begins with a letter or a digit",
        Labels::KEY_LENGTH_MAX
    )]
    Key,
    /// A value that is no text for a line.
    #[error("the value of the label {key} {error}")]
    Value {
        /// Which label.
        key: String,
        /// What is wrong.
        error: TextError,
    },
}

/// The labels of one account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Labels(BTreeMap<String, String>);

impl Labels {
    /// Most labels of one account.
    pub const COUNT_MAX: usize = 20;
    /// Most characters of a key.
    pub const KEY_LENGTH_MAX: usize = 63;
    /// Most characters of a value, after trimming and normalizing. It may be empty.
    pub const VALUE_LENGTH_MAX: usize = 128;

    /// Reads what was typed.
    pub fn parse<'a>(typed: impl Iterator<Item = (&'a str, &'a str)>) -> Result<Self, LabelError> {
        let mut labels = BTreeMap::new();
        for (key, value) in typed {
            if !Self::is_key(key) {
                return Err(LabelError::Key);
            }
            let value = line(value, Self::VALUE_LENGTH_MAX);
            let value = value.map_err(|error| LabelError::Value { key: key.to_owned(), error })?;
            labels.insert(key.to_owned(), value);
            if labels.len() > Self::COUNT_MAX {
                return Err(LabelError::TooMany);
            }
        }
        Ok(Self(labels))
    }

    /// Whether a text has a key's form.
    pub fn is_key(text: &str) -> bool {
        let plain = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit();
        text.len() <= Self::KEY_LENGTH_MAX
            && text.bytes().next().is_some_and(plain)
            && text.bytes().all(|c| plain(c) || b"._-".contains(&c))
    }

    /// Each key with its value, by key.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_plain_and_values_are_lines() {
        let parse = |key: &str, value: &str| Labels::parse([(key, value)].into_iter());
        for key in ["a", "0", "team", "cost-center", "a.b_c-9", &"k".repeat(63)] {
            assert!(parse(key, "").is_ok(), "{key}");
        }
        for key in ["", "Team", "-a", ".a", "a b", "a:b", "ä", "a=b", &"k".repeat(64)] {
            assert_eq!(parse(key, "x"), Err(LabelError::Key), "{key}");
        }
        let labels = parse("team", "  Cafe\u{301} ").expect("a label");
        assert_eq!(labels.iter().collect::<Vec<_>>(), [("team", "Caf\u{e9}")]);
        assert!(parse("team", &"ü".repeat(128)).is_ok());
        for value in ["a\nb", "a\u{202e}b", &"x".repeat(129)] {
            assert!(matches!(parse("team", value), Err(LabelError::Value { .. })), "{value:?}");
        }
    }

    #[test]
    fn there_are_twenty_at_most() {
        let keys: Vec<String> = (0..21).map(|number| format!("k{number}")).collect();
        let first = |count: usize| Labels::parse(keys[..count].iter().map(|key| (key.as_str(), "v")));
        assert!(first(20).is_ok());
        assert_eq!(first(21), Err(LabelError::TooMany));
    }
}
