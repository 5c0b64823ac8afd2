//! What a caller presents, and what is kept of a secret.
//!
//! [`present`] reads an `Authorization` header: HTTP Basic (RFC 7617), whose credentials are base64 of
//! `username:secret` **or the same as plain text**. A colon is not in the base64 alphabet (RFC 4648, section 4), so a
//! value with a colon is plain text and one without is base64: nothing is guessed, and nothing is decoded twice.
//!
//! A [`Secret`] exists in clear only where it is made and where it is presented; it cannot be printed, compared or
//! serialized. What is kept is its [`SecretDigest`]: SHA-256, since a secret of over 190 random bits leaves a thief of
//! digests nothing to guess, however fast the hash (NIST SP 800-63B, section 5.1.2.2: look-up secrets with at least
//! 112 bits need no slow hash). Only secrets made here get this digest; a secret that a person chose never does.

mod token;

use std::fmt;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

pub use self::token::{
    InvitationToken, PresentedSession, PresentedSetUp, PresentedToken, ResetToken, SessionToken, SetUpToken, Token,
};

use crate::random_bytes::RandomBytes;

/// The standard alphabet; padding whole, half or absent; nothing else.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A username and a secret as they were presented. Nothing of it is trusted, and it cannot be printed.
pub struct Presented<'a> {
    text: PresentedText<'a>,
    colon: usize,
}

enum PresentedText<'a> {
    Plain(&'a str),
    Decoded(Zeroizing<String>),
}

/// Which of the two forms of Basic was used. An organization may refuse plain text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BasicForm {
    /// As RFC 7617 says.
    Base64,
    /// `username:secret` as it is.
    PlainText,
}

impl Presented<'_> {
    fn text(&self) -> &str {
        match &self.text {
            PresentedText::Plain(text) => text,
            PresentedText::Decoded(text) => text,
        }
    }

    /// What stands before the first colon.
    pub fn username(&self) -> &str {
        &self.text()[..self.colon]
    }

    /// The digest of what stands after the first colon.
    pub fn digest(&self) -> SecretDigest {
        SecretDigest::of(&self.text()[self.colon + 1..])
    }

    /// How it was written.
    pub fn form(&self) -> BasicForm {
        match self.text {
            PresentedText::Plain(_) => BasicForm::PlainText,
            PresentedText::Decoded(_) => BasicForm::Base64,
        }
    }
}

/// Reads the values of all `Authorization` headers of a request. `None` unless there is exactly one, and it is a Basic
/// credential; never says why, since the caller is told nothing but 401.
pub fn present<'a>(mut headers: impl Iterator<Item = &'a [u8]>) -> Option<Presented<'a>> {
    let value = headers.next()?;
    if headers.next().is_some() {
        return None;
    }
    let value = std::str::from_utf8(value).ok()?;
    let credentials = match after_scheme(value, "basic") {
        Some(credentials) => credentials,
        // A documented client of the API that we are compatible with sends `Bearer Basic X`.
        None => after_scheme(after_scheme(value, "bearer")?, "basic")?,
    };
    let text = if credentials.contains(':') {
        PresentedText::Plain(credentials)
    } else {
        let mut decoded = Zeroizing::new(BASE64.decode(credentials).ok()?);
        // What is no text stays in there, and is wiped with it; what is one goes on in the same memory.
        std::str::from_utf8(&decoded).ok()?;
        PresentedText::Decoded(Zeroizing::new(String::from_utf8(std::mem::take(&mut *decoded)).ok()?))
    };
    let presented = Presented { colon: colon(&text)?, text };
    let (username, secret) = presented.text().split_at(presented.colon);
    let readable = !holds_control(presented.text());
    (readable && !username.is_empty() && secret.len() > 1).then_some(presented)
}

/// Whether there is a control character in it. Every request asks, of text that is ASCII as a rule: that is looked at many
/// bytes at a time, without leaving off early.
fn holds_control(text: &str) -> bool {
    match text.is_ascii() {
        true => text.bytes().fold(false, |held, byte| held | byte.is_ascii_control()),
        false => text.chars().any(char::is_control),
    }
}

fn colon(text: &PresentedText<'_>) -> Option<usize> {
    match text {
        PresentedText::Plain(text) => text.find(':'),
        PresentedText::Decoded(text) => text.find(':'),
    }
}

/// What follows the scheme, which may be written in any case, and the blanks behind it.
fn after_scheme<'a>(value: &'a str, scheme: &str) -> Option<&'a str> {
    let blank = |c| c == ' ' || c == '\t';
    let value = value.trim_matches(blank);
    let (word, rest) = value.split_at_checked(scheme.len())?;
    (word.eq_ignore_ascii_case(scheme) && rest.starts_with(blank)).then(|| rest.trim_matches(blank))
}

/// The digits of a secret, in the order that the checksum of code hosts' tokens uses.
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A secret in clear. Made once, shown once.
///
/// `cvg_`, 32 random base62 digits (190.5 bits), and 6 that are the CRC-32 of all before them in base62, so that
/// scanners for leaked secrets and the command line recognise one without asking a server.
pub struct Secret(SecretString);

impl Secret {
    /// How every secret begins.
    pub const PREFIX: &'static str = "cvg_";
    /// Characters in all.
    pub const LENGTH: usize = 42;

    /// Makes one of 40 random bytes; `None` when there are not enough left.
    pub fn generate(random: &mut RandomBytes) -> Option<Self> {
        let mut text = Zeroizing::new(String::with_capacity(Self::LENGTH));
        text.push_str(Self::PREFIX);
        append_random_digits(&mut text, random)?;
        let checksum = checksum(&text);
        text.push_str(&checksum);
        Some(Self(SecretString::from(text.as_str())))
    }

    /// Whether the text has a secret's form, checksum included. The server never asks: it does the same work whatever
    /// is presented. For command lines and log lines.
    pub fn is_well_formed(text: &str) -> bool {
        text.len() == Self::LENGTH
            && text.starts_with(Self::PREFIX)
            && text[Self::PREFIX.len()..].bytes().all(|byte| BASE62.contains(&byte))
            && text.ends_with(&checksum(&text[..Self::LENGTH - CHECKSUM_DIGITS]))
    }

    /// Whether there is one anywhere in a text.
    pub fn is_in(text: &str) -> bool {
        let mut places = text.match_indices(Self::PREFIX);
        places.any(|(at, _)| text.get(at..at + Self::LENGTH).is_some_and(Self::is_well_formed))
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

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(hidden)")
    }
}

/// How much of a secret is random, and how much tells whether it is one.
const RANDOM_DIGITS: usize = 32;
const CHECKSUM_DIGITS: usize = 6;

/// So many digits in a row may be a part of a secret; words and ids in names are shorter.
const TELLING_DIGITS: usize = 20;

/// Whether a good part of a secret or of a token may be in the text, whatever stands round it. For log lines: what was
/// presented in the wrong place, or mistyped, must not be found there.
pub fn may_hold_a_secret(text: &str) -> bool {
    text.as_bytes().chunk_by(|a, b| BASE62.contains(a) && BASE62.contains(b)).any(|run| run.len() >= TELLING_DIGITS)
}

/// Appends the random digits of a secret, of 40 random bytes; `None` when there are not enough left.
///
/// The bytes are read as a number, whose remainder by 62^32 is taken: with 320 bits for 190.5, no secret is likelier
/// than another by more than one part in 2^129.
fn append_random_digits(text: &mut String, random: &mut RandomBytes) -> Option<()> {
    let mut number = limbs(&Zeroizing::new(random.take::<40>()?));
    for _ in 0..RANDOM_DIGITS / DIGITS_AT_ONCE {
        let mut digits = remainder(&mut number);
        for _ in 0..DIGITS_AT_ONCE {
            text.push(char::from(BASE62[digits % 62]));
            digits /= 62;
        }
    }
    Some(())
}

/// Dividing the whole number is what making a secret costs, so it gives four digits each time.
const DIGITS_AT_ONCE: usize = 4;
const DIVISOR: u64 = 62_u64.pow(DIGITS_AT_ONCE as u32);
const _: () = assert!(RANDOM_DIGITS.is_multiple_of(DIGITS_AT_ONCE) && DIVISOR < 1 << 32);

/// A big-endian number in limbs, the highest first.
fn limbs(bytes: &[u8; 40]) -> Zeroizing<[u32; 10]> {
    let mut limbs = Zeroizing::new([0; 10]);
    for (limb, bytes) in limbs.iter_mut().zip(bytes.as_chunks::<4>().0) {
        *limb = u32::from_be_bytes(*bytes);
    }
    limbs
}

/// Divides the number by [`DIVISOR`] in place.
fn remainder(number: &mut [u32; 10]) -> usize {
    let mut remainder = 0;
    for limb in number.iter_mut() {
        let value = remainder << 32 | u64::from(*limb);
        *limb = (value / DIVISOR) as u32;
        remainder = value % DIVISOR;
    }
    remainder as usize
}

fn checksum(text: &str) -> String {
    let mut rest = crc32fast::hash(text.as_bytes()) as usize;
    let mut digits = [b'0'; CHECKSUM_DIGITS];
    for digit in digits.iter_mut().rev() {
        *digit = BASE62[rest % 62];
        rest /= 62;
    }
    digits.iter().map(|digit| char::from(*digit)).collect()
}

/// The SHA-256 of a secret: what the store and the directory hold. Compared in constant time only.
#[derive(Clone, Copy)]
pub struct SecretDigest([u8; 32]);

impl SecretDigest {
    pub(crate) fn of(secret: &str) -> Self {
        Self(Sha256::digest(secret.as_bytes()).into())
    }

    /// A digest read back from the store.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes to store.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether both are the same, in the same time wherever they differ.
    pub fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl fmt::Debug for SecretDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretDigest(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &[u8]) -> Option<(String, [u8; 32])> {
        let presented = present(std::iter::once(value))?;
        Some((presented.username().to_owned(), presented.digest().0))
    }

    fn pair(username: &str, secret: &str) -> Option<(String, [u8; 32])> {
        Some((username.to_owned(), SecretDigest::of(secret).0))
    }

    #[test]
    fn plain_text_and_base64_say_the_same() {
        assert_eq!(read(b"Basic user:secret"), pair("user", "secret"));
        assert_eq!(read(b"Basic dXNlcjpzZWNyZXQ="), pair("user", "secret"));
        assert_eq!(read(b"Bearer Basic dXNlcjpzZWNyZXQ="), pair("user", "secret"));
        assert_eq!(read(b"bearer basic user:secret"), pair("user", "secret"));
    }

    #[test]
    fn padding_may_be_whole_half_or_absent() {
        for value in ["YTpi", "YTpiYw==", "YTpiYw=", "YTpiYw"] {
            assert!(read(format!("Basic {value}").as_bytes()).is_some(), "{value}");
        }
        for value in ["YTpiYw===", "YTpiYw==x", "YT\npiYw==", "YTp-_w==", "YTpiY w=="] {
            assert_eq!(read(format!("Basic {value}").as_bytes()), None, "{value}");
        }
    }

    #[test]
    fn scheme_case_and_outer_blanks_are_tolerated() {
        for value in ["bAsIc user:secret", "Basic  \t user:secret", "  Basic user:secret\t "] {
            assert_eq!(read(value.as_bytes()), pair("user", "secret"), "{value:?}");
        }
        assert_eq!(read(b"Basic user :secret"), pair("user ", "secret"));
    }

    #[test]
    fn a_secret_is_seen_also_in_the_wrong_place() {
        let mut random = RandomBytes::new(std::array::from_fn(|at| at as u8));
        let secret = Secret::generate(&mut random).expect("enough bytes");
        let secret = secret.reveal();
        for text in [secret.to_owned(), format!("a.{secret}.b"), secret[3..].to_owned(), secret[..30].to_owned()] {
            assert!(may_hold_a_secret(&text), "{text}");
        }
        assert!(!may_hold_a_secret("nightly-export-of-the-whole-shop-and-more.b2f9ed.service-account"));
    }

    #[test]
    fn only_the_first_colon_separates() {
        assert_eq!(read(b"Basic user:a:b:c"), pair("user", "a:b:c"));
        assert_eq!(read(b"Basic user:dXNlcjpzZWNyZXQ="), pair("user", "dXNlcjpzZWNyZXQ="));
        // Base64 round a colon, but a colon is there: plain text.
        assert_eq!(read(b"Basic dXNl:cjpz"), pair("dXNl", "cjpz"));
    }

    #[test]
    fn everything_else_is_no_credential() {
        let twice = BASE64.encode("dXNlcjpzZWNyZXQ=");
        for value in [
            "",
            " ",
            "Basic",
            "Basic ",
            "Digest user:secret",
            "Basicuser:secret",
            "Basic :",
            "Basic user:",
            "Basic :secret",
            "Basic dXNlcg==",
            "Basic user%3Asecret",
            "Bearer user:secret",
            "Bearer Basic",
            &format!("Basic {twice}"),
            "Basic us\x01er:secret",
            "Basic user:sec\x7fret",
        ] {
            assert_eq!(read(value.as_bytes()), None, "{value:?}");
        }
        assert_eq!(read(b"Basic \xfcser:secret"), None);
        assert_eq!(read(format!("Basic {}", BASE64.encode(b"\xfcser:secret")).as_bytes()), None);
        assert_eq!(read(format!("Basic {}", BASE64.encode(b"us\0er:secret")).as_bytes()), None);
    }

    #[test]
    fn two_headers_are_none() {
        let header: &[u8] = b"Basic user:secret";
        assert!(present([header, header].into_iter()).is_none());
        assert!(present([].into_iter()).is_none());
    }

    #[test]
    fn a_secret_has_its_form_and_hides_itself() {
        let secret = Secret::generate(&mut RandomBytes::new([7; 96])).expect("enough bytes");
        assert!(Secret::is_well_formed(secret.reveal()), "{}", secret.reveal());
        assert_eq!(format!("{secret:?} {:?}", secret.digest()), "Secret(hidden) SecretDigest(hidden)");
        assert!(!Secret::is_well_formed(&secret.reveal().replace('_', "-")));
        let mut wrong = secret.reveal().to_owned();
        let last = wrong.pop().expect("a digit");
        wrong.push(if last == '0' { '1' } else { '0' });
        assert!(!Secret::is_well_formed(&wrong));
        assert!(!Secret::is_well_formed("cvg_ü"));
    }

    #[test]
    fn the_digits_are_those_of_the_number() {
        let mut bytes = [0; 96];
        bytes[39] = 63;
        let secret = Secret::generate(&mut RandomBytes::new(bytes)).expect("enough bytes");
        assert!(secret.reveal().starts_with("cvg_11000000"), "{}", secret.reveal());
    }
}
