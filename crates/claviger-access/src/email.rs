//! E-mail addresses, by which people are told apart.
//!
//! One normal form: trimmed, NFC, and in small letters as a whole, so that two addresses are the same if their texts are.
//! Mail hosts that tell capitals in the part before the `@` apart are not met in practice, and two people who differ in
//! nothing else would be told apart by nobody. Quoted local parts, comments and address literals are refused.

use std::fmt;

use unicode_normalization::UnicodeNormalization;

use crate::text::{TextError, normalized};

/// The address of a person or of somebody who is invited.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct EmailAddress(String);

impl EmailAddress {
    /// Most bytes (RFC 5321, section 4.5.3.1.3, less the angle brackets).
    pub const LENGTH_MAX: usize = 254;

    /// Most bytes before the `@` (RFC 5321, section 4.5.3.1.1).
    const LOCAL_LENGTH_MAX: usize = 64;

    /// Most bytes between two dots of the domain (RFC 1035, section 2.3.4).
    const LABEL_LENGTH_MAX: usize = 63;

    /// Reads what was typed.
    pub fn parse(typed: &str) -> Result<Self, TextError> {
        let text = normalized(typed, Self::LENGTH_MAX, |_| false)?;
        let text: String = text.to_lowercase().nfc().collect();
        if text.is_empty() {
            return Err(TextError::Empty);
        }
        if text.len() > Self::LENGTH_MAX {
            return Err(TextError::TooLong { length_max: Self::LENGTH_MAX });
        }
        let (local, domain) = text.rsplit_once('@').ok_or(TextError::NoEmailAddress)?;
        let fits = !local.is_empty()
            && local.len() <= Self::LOCAL_LENGTH_MAX
            && local.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_of_atom))
            && domain.split('.').all(is_label);
        if fits { Ok(Self(text)) } else { Err(TextError::NoEmailAddress) }
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Letters of any script, and the signs of an atom (RFC 5322, section 3.2.3).
fn is_of_atom(character: char) -> bool {
    character.is_alphanumeric() || is_mark(character) || "!#$%&'*+/=?^_`{|}~-".contains(character)
}

/// Marks that belong to letters of their script, beyond ASCII and Latin.
fn is_mark(character: char) -> bool {
    !character.is_ascii() && unicode_normalization::char::is_combining_mark(character)
}

fn is_label(label: &str) -> bool {
    let is_inner = |c: char| c.is_alphanumeric() || is_mark(c) || c == '-';
    !label.is_empty()
        && label.len() <= EmailAddress::LABEL_LENGTH_MAX
        && label.chars().all(is_inner)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(typed: &str) -> Result<String, TextError> {
        EmailAddress::parse(typed).map(|address| address.as_str().to_owned())
    }

    #[test]
    fn one_address_has_one_form() {
        let cafe = Ok("rené@café.example".to_owned());
        for typed in ["rené@café.example", " Rene\u{301}@CAFE\u{301}.Example\t", "RENÉ@café.EXAMPLE"] {
            assert_eq!(read(typed), cafe, "{typed:?}");
        }
        for kept in ["a@b", "ada.lovelace+x@example.co.uk", "o'brien@x-y.example", "=1+1@example.com", "会社@例え.jp"]
        {
            assert_eq!(read(kept), Ok(kept.to_owned()));
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let no_addresses = [
            "ada",
            "@example.com",
            "ada@",
            "ada@example..com",
            "ada@.com",
            "ada@-x.com",
            "ada@x-.com",
            ".ada@example.com",
            "ada.@example.com",
            "a..b@example.com",
            "a b@example.com",
            "a@b@example.com",
            "\"a b\"@example.com",
            "Ada <ada@example.com>",
            "ada@example.com, bob@example.com",
            "ada@[127.0.0.1]",
            "ada@exa_mple.com",
        ];
        for typed in no_addresses {
            assert_eq!(read(typed), Err(TextError::NoEmailAddress), "{typed:?}");
        }
        assert_eq!(read(&format!("{}@example.com", "x".repeat(65))), Err(TextError::NoEmailAddress));
        assert_eq!(read(&format!("a@{}.com", "x".repeat(64))), Err(TextError::NoEmailAddress));
        assert_eq!(read("  "), Err(TextError::Empty));
        assert_eq!(read(&format!("a@{}com", "x.".repeat(125))), Err(TextError::TooLong { length_max: 254 }));
        for hidden in ["a\r\nBcc: x@example.com", "a\u{200b}@example.com", "a@exa\u{202e}mple.com", "a\0@example.com"] {
            assert!(matches!(read(hidden), Err(TextError::Invisible { .. })), "{hidden:?}");
        }
    }
}
