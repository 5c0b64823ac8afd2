//! The token of an invitation: a secret that names what it opens.
//!
//! `cvi_`, the invitation's id, `_`, 32 random base62 digits (190.5 bits), and 6 that are the CRC-32 of all before them in
//! base62. It is shown once, opens once, and is kept as a SHA-256 digest, for the reasons that a
//! [`Secret`](super::Secret) is.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use super::{BASE62, CHECKSUM_DIGITS, RANDOM_DIGITS, SecretDigest, append_random_digits, checksum};
use crate::identity::{ID_END, InvitationId};
use crate::random_bytes::RandomBytes;

/// A token in clear. Made once, shown once.
pub struct InvitationToken(SecretString);

impl InvitationToken {
    /// How every token begins.
    pub const PREFIX: &'static str = "cvi_";

    /// Makes one of 40 random bytes; `None` when there are not enough left.
    pub fn generate(invitation: InvitationId, random: &mut RandomBytes) -> Option<Self> {
        let mut text = Zeroizing::new(String::with_capacity(64));
        text.push_str(Self::PREFIX);
        text.push_str(&format!("{invitation}_"));
        append_random_digits(&mut text, random)?;
        let checksum = checksum(&text);
        text.push_str(&checksum);
        Some(Self(SecretString::from(text.as_str())))
    }

    /// The text itself, for the one answer that shows it.
    pub fn reveal(&self) -> &str {
        self.0.expose_secret()
    }

    /// What is kept of it.
    pub fn digest(&self) -> SecretDigest {
        SecretDigest::of(self.reveal())
    }
}

impl fmt::Debug for InvitationToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InvitationToken(hidden)")
    }
}

/// A token as somebody presents it: the invitation that it names, and its digest. Nothing of it is trusted.
#[derive(Debug, Clone, Copy)]
pub struct PresentedToken {
    invitation: InvitationId,
    digest: SecretDigest,
}

impl PresentedToken {
    /// Reads what was sent; `None` for what cannot be a token.
    pub fn read(text: &str) -> Option<Self> {
        let (id, digits) = text.strip_prefix(InvitationToken::PREFIX)?.split_once('_')?;
        let plain = !id.starts_with('0') && id.len() <= ID_END.ilog10() as usize + 1;
        let number =
            if plain && id.bytes().all(|byte| byte.is_ascii_digit()) { id.parse().ok()? } else { return None };
        let fits = digits.len() == RANDOM_DIGITS + CHECKSUM_DIGITS && digits.bytes().all(|byte| BASE62.contains(&byte));
        fits.then_some(Self { invitation: InvitationId::new(number)?, digest: SecretDigest::of(text) })
    }

    /// The invitation that it names.
    pub const fn invitation(&self) -> InvitationId {
        self.invitation
    }

    /// Whether it is the token of which this is kept.
    pub fn opens(&self, kept: &SecretDigest) -> bool {
        self.digest.matches(kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(id: u64, byte: u8) -> InvitationToken {
        let id = InvitationId::new(id).expect("an id");
        InvitationToken::generate(id, &mut RandomBytes::new([byte; 96])).expect("enough bytes")
    }

    #[test]
    fn a_token_names_its_invitation_and_opens_that_alone() {
        for id in [1, 42, ID_END - 1] {
            let (made, other) = (token(id, 7), token(id, 8));
            let presented = PresentedToken::read(made.reveal()).expect("a token");
            assert_eq!(presented.invitation().number(), id);
            assert!(presented.opens(&made.digest()) && !presented.opens(&other.digest()));
            assert_eq!(format!("{made:?} {presented:?}").matches("hidden").count(), 2);
        }
    }

    #[test]
    fn what_cannot_be_a_token_is_none() {
        let made = token(42, 7);
        let text = made.reveal();
        let digits = text.rsplit('_').next().expect("digits");
        let wrong = [
            String::new(),
            "cvi_".to_owned(),
            digits.to_owned(),
            text.replace("cvi_", "cvg_"),
            text.replace("_42_", "_042_"),
            text.replace("_42_", "_+42_"),
            text.replace("_42_", "_0_"),
            text.replace("_42_", "_99999999999999999999999_"),
            format!("{text}0"),
            text[..text.len() - 1].to_owned(),
            format!(" {text}"),
            format!("cvi_42_{}", "ü".repeat(19)),
        ];
        for text in wrong {
            assert!(PresentedToken::read(&text).is_none(), "{text}");
        }
    }
}
