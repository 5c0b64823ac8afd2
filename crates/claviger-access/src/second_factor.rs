//! A second factor: what is kept of it, and what somebody shows who has one.
//!
//! It is a code from an app (TOTP, RFC 6238), or in its place one of a few recovery codes. Nothing here computes a code or
//! opens a secret: whoever asks the rules has seen that a code is right, and says for which step of time. The rules say
//! whether it counts: a step counts once, and so does a recovery code.
//!
//! A recovery code has 120 random bits, so that its SHA-256 digest leaves a thief of digests nothing to guess, for the
//! reasons that [`credential`](crate::credential) gives.

use std::fmt;

use zeroize::Zeroizing;

use crate::credential::SecretDigest;

/// So many recovery codes are made at a time.
pub const RECOVERY_CODES: usize = 10;

/// So many random bytes make a recovery code.
pub const RECOVERY_CODE_BYTES: usize = 15;

/// The letters and digits of base32 (RFC 4648), as recovery codes are shown.
const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// Digits of a recovery code, and how many stand together.
const DIGITS: usize = RECOVERY_CODE_BYTES * 8 / 5;
const GROUP: usize = 4;

/// The secret that an app and this installation share, sealed with a key that is not in the store. Opaque to the rules.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedSecret(String);

impl SealedSecret {
    /// What was sealed just now, or read from the store.
    pub const fn from_text(text: String) -> Self {
        Self(text)
    }

    /// As the store holds it.
    pub fn as_text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SealedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealedSecret(hidden)")
    }
}

/// Which 30 seconds since 1970 a code is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeStep(pub i64);

/// A recovery code in clear. Made once, shown once.
pub struct RecoveryCode(Zeroizing<String>);

impl RecoveryCode {
    /// The code of these random bytes.
    pub fn of_bytes(bytes: &[u8; RECOVERY_CODE_BYTES]) -> Self {
        Self(Zeroizing::new(base32(bytes).map(char::from).collect()))
    }

    /// The code for the one page that shows it, in groups: `abcd-efgh-ijkl-mnop-qrst-uvwx`.
    pub fn reveal(&self) -> Zeroizing<String> {
        let groups: Vec<&str> =
            self.0.as_bytes().chunks(GROUP).map(|group| std::str::from_utf8(group).unwrap_or_default()).collect();
        Zeroizing::new(groups.join("-"))
    }

    /// What is kept of it.
    pub fn digest(&self) -> SecretDigest {
        SecretDigest::of(&self.0)
    }
}

impl fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryCode(hidden)")
    }
}

/// Five bits at a time, the highest first.
fn base32(bytes: &[u8]) -> impl Iterator<Item = u8> {
    bytes.chunks(5).flat_map(|chunk| {
        let bits = chunk.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        (0..8).rev().map(move |place| BASE32[(bits >> (place * 5) & 31) as usize])
    })
}

/// The digest of what was typed as a recovery code, whatever its case, with or without what parts the groups. `None` for
/// what cannot be one.
pub fn typed_recovery_code(typed: &str) -> Option<SecretDigest> {
    let mut code = Zeroizing::new(String::with_capacity(DIGITS));
    for character in typed.chars().filter(|character| !character.is_whitespace() && *character != '-') {
        let digit = character.to_ascii_lowercase();
        if code.len() == DIGITS || !digit.is_ascii() || !BASE32.contains(&(digit as u8)) {
            return None;
        }
        code.push(digit);
    }
    (code.len() == DIGITS).then(|| SecretDigest::of(&code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recovery_code_is_read_however_it_is_typed() {
        let code = RecoveryCode::of_bytes(b"foobarfoobarfoo");
        let shown = code.reveal();
        assert_eq!(shown.as_str(), "mzxw-6ytb-ojtg-633c-mfzg-m33p", "as base32 of others says");
        for typed in [shown.to_string(), shown.to_uppercase(), shown.replace('-', " "), shown.replace('-', "")] {
            assert!(typed_recovery_code(&typed).is_some_and(|digest| digest.matches(&code.digest())), "{typed}");
        }
        for typed in ["", "aaaa", &shown[1..], &format!("{}a", *shown), &shown.replace('m', "0"), "ä", "İ"] {
            assert!(typed_recovery_code(typed).is_none(), "{typed}");
        }
        assert_eq!(format!("{code:?}"), "RecoveryCode(hidden)");
    }
}
