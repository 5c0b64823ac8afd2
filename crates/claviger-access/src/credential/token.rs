//! A token: a secret that names what it opens.
//!
//! A prefix that tells what kind it is of, the id of what it opens, `_`, 32 random base62 digits (190.5 bits), and 6 that
//! are the CRC-32 of all before them in base62. It is shown once, and is kept as a SHA-256 digest, for the reasons that a
//! [`Secret`](super::Secret) is. An invitation's, a set-up link's and a reset link's open once, a
//! session's as long as the session lasts.

use std::fmt;
use std::marker::PhantomData;

use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use super::{BASE62, CHECKSUM_DIGITS, RANDOM_DIGITS, SecretDigest, append_random_digits, checksum};
use crate::identity::{ID_END, InvitationId, OrganizationId, PrincipalId, SessionId};
use crate::random_bytes::RandomBytes;

/// Something that a token opens.
pub trait Openable: Copy + fmt::Display {
    /// How every token of its kind begins.
    const PREFIX: &'static str;

    /// The id of this number.
    fn of_number(number: u64) -> Option<Self>;
}

impl Openable for InvitationId {
    const PREFIX: &'static str = "cvi_";

    fn of_number(number: u64) -> Option<Self> {
        Self::new(number)
    }
}

impl Openable for SessionId {
    const PREFIX: &'static str = "cvs_";

    fn of_number(number: u64) -> Option<Self> {
        Self::new(number)
    }
}

impl Openable for OrganizationId {
    const PREFIX: &'static str = "cvu_";

    fn of_number(number: u64) -> Option<Self> {
        Self::new(number)
    }
}

/// By its person: he has one such link at a time.
impl Openable for PrincipalId {
    const PREFIX: &'static str = "cvr_";

    fn of_number(number: u64) -> Option<Self> {
        Self::new(number)
    }
}

/// A token in clear. Made once, shown once.
pub struct Token<I> {
    text: SecretString,
    opens: PhantomData<I>,
}

/// The token of an invitation.
pub type InvitationToken = Token<InvitationId>;

/// The token of the link by which an organization gets its first owner who is a person. It names the organization, which
/// has one such link at most.
pub type SetUpToken = Token<OrganizationId>;

/// The token of a session, which its cookie holds.
pub type SessionToken = Token<SessionId>;

/// The token of a link by which a person chooses another password.
pub type ResetToken = Token<PrincipalId>;

impl<I: Openable> Token<I> {
    /// Makes one of 40 random bytes; `None` when there are not enough left.
    pub fn generate(opened: I, random: &mut RandomBytes) -> Option<Self> {
        let mut text = Zeroizing::new(String::with_capacity(64));
        text.push_str(I::PREFIX);
        text.push_str(&format!("{opened}_"));
        append_random_digits(&mut text, random)?;
        let checksum = checksum(&text);
        text.push_str(&checksum);
        Some(Self { text: SecretString::from(text.as_str()), opens: PhantomData })
    }

    /// The text itself, for the one answer that shows it.
    pub fn reveal(&self) -> &str {
        self.text.expose_secret()
    }

    /// What is kept of it.
    pub fn digest(&self) -> SecretDigest {
        SecretDigest::of(self.reveal())
    }
}

impl<I> fmt::Debug for Token<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(hidden)")
    }
}

/// A token as somebody presents it: what it names, and its digest. Nothing of it is trusted.
#[derive(Debug, Clone, Copy)]
pub struct PresentedToken<I> {
    named: I,
    digest: SecretDigest,
}

/// A set-up link's token as it stands in an address.
pub type PresentedSetUp = PresentedToken<OrganizationId>;

/// A session's token as a browser sends it.
pub type PresentedSession = PresentedToken<SessionId>;

impl<I: Openable> PresentedToken<I> {
    /// Reads what was sent; `None` for what cannot be a token of this kind.
    pub fn read(text: &str) -> Option<Self> {
        let (id, digits) = text.strip_prefix(I::PREFIX)?.split_once('_')?;
        let plain = !id.starts_with('0') && id.len() <= ID_END.ilog10() as usize + 1;
        let number =
            if plain && id.bytes().all(|byte| byte.is_ascii_digit()) { id.parse().ok()? } else { return None };
        let fits = digits.len() == RANDOM_DIGITS + CHECKSUM_DIGITS && digits.bytes().all(|byte| BASE62.contains(&byte));
        fits.then_some(Self { named: I::of_number(number)?, digest: SecretDigest::of(text) })
    }

    /// What it names.
    pub const fn named(&self) -> I {
        self.named
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
            let presented = PresentedToken::<InvitationId>::read(made.reveal()).expect("a token");
            assert_eq!(presented.named().number(), id);
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
            text.replace("cvi_", "cvs_"),
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
            assert!(PresentedToken::<InvitationId>::read(&text).is_none(), "{text}");
        }
    }
}
