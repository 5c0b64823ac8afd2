//! Sealing what must come back in clear, and must not lie in the database in clear: the secrets that apps compute codes
//! from. A password needs comparing alone and gets a hash; such a secret is needed itself at each sign-in.
//!
//! What seals is a key that is not in the database: it is derived from the key of the audit log, which lies in a private
//! file. Whoever has the database, or a copy of it, has no codes of anybody; whoever has the host as well has all there is,
//! and no design of one machine helps against that. Deriving is HMAC-SHA-256 of that key over a name of the purpose (the
//! expand step of HKDF, RFC 5869, where one block is enough): sealing for one purpose opens nothing of another, and says
//! nothing about the audit log's digests. Sealing is XChaCha20-Poly1305, whose nonces are long enough to be drawn at random.
//! What a sealed text belongs to is authenticated with it, so none can be moved from one person's row to another's.
//!
//! A sealed text names its key: after a new key came into the file, what was sealed with an older one still opens. Where the
//! key is lost it does not, and people come in by their recovery codes, which need no key.

use std::fmt;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use crate::audit_chain::{ChainKey, KeyRing};
use crate::random::{self, NoRandomness};

/// What something is sealed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To be kept: the secret of a second factor.
    SecondFactor,
    /// A secret that was shown to its person, and that he has not confirmed yet.
    SettingUp,
    /// Whoever has shown his password, and no code yet.
    PasswordShown,
}

impl Purpose {
    const fn name(self) -> &'static str {
        match self {
            Self::SecondFactor => "sealing key 1: second factor",
            Self::SettingUp => "sealing key 1: second factor that is being set up",
            Self::PasswordShown => "sealing key 1: password shown",
        }
    }
}

/// Why nothing was sealed.
#[derive(Debug, Clone, Copy, thiserror::Error)]
pub enum NotSealed {
    /// The system gives no random bytes.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// A fault of ours.
    #[error("the cipher refuses")]
    Failed,
}

/// What parts the name of the key from what was sealed.
const PARTING: char = '.';

const NONCE_LENGTH: usize = 24;

/// Seals and opens with the keys of this installation.
pub struct Seals {
    ring: KeyRing,
}

impl fmt::Debug for Seals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seals(hidden)")
    }
}

impl Seals {
    /// With keys that are derived from these.
    pub fn of(ring: KeyRing) -> Self {
        Self { ring }
    }

    /// Seals it, for this purpose and as a part of what is named.
    pub fn seal(&self, purpose: Purpose, belongs_to: &[impl AsRef<[u8]>], clear: &[u8]) -> Result<String, NotSealed> {
        let key = self.ring.current();
        let nonce = random::nonce()?;
        let payload = Payload { msg: clear, aad: &joined(belongs_to) };
        let sealed = cipher(key, purpose).encrypt(&XNonce::from(nonce), payload).map_err(|_| NotSealed::Failed)?;
        let bytes = nonce.iter().chain(&sealed).map(|byte| format!("{byte:02x}"));
        Ok(format!("{}{PARTING}{}", key.id(), bytes.collect::<String>()))
    }

    /// What was sealed for this purpose as a part of the same; `None` for whatever else it is.
    pub fn open(&self, purpose: Purpose, belongs_to: &[impl AsRef<[u8]>], text: &str) -> Option<Zeroizing<Vec<u8>>> {
        let (id, digits) = text.split_once(PARTING)?;
        let (_, key) = self.ring.find(id)?;
        let bytes = unhex(digits)?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE_LENGTH>()?;
        let payload = Payload { msg: sealed, aad: &joined(belongs_to) };
        cipher(key, purpose).decrypt(&XNonce::from(*nonce), payload).ok().map(Zeroizing::new)
    }
}

fn cipher(key: &ChainKey, purpose: Purpose) -> XChaCha20Poly1305 {
    let derived = Zeroizing::new(key.seal(purpose.name()).finish().0);
    XChaCha20Poly1305::new(&(*derived).into())
}

/// Each with its length, so that no two lists read alike.
fn joined(parts: &[impl AsRef<[u8]>]) -> Vec<u8> {
    let mut joined = Vec::new();
    for part in parts.iter().map(AsRef::as_ref) {
        joined.extend((part.len() as u64).to_be_bytes());
        joined.extend_from_slice(part);
    }
    joined
}

fn unhex(digits: &str) -> Option<Vec<u8>> {
    let is_hex = digits.len().is_multiple_of(2) && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let pairs =
        digits.as_bytes().chunks_exact(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
    is_hex.then(|| pairs.collect())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seals(keys: &[u8]) -> Seals {
        Seals::of(KeyRing::new(keys.iter().map(|byte| ChainKey::new(&[*byte; 32])).collect()).expect("keys"))
    }

    #[test]
    fn what_is_sealed_opens_as_what_it_was_and_as_nothing_else() {
        let (ours, clear) = (seals(&[1]), b"hush hush");
        let sealed = ours.seal(Purpose::SecondFactor, &[b"42"], clear).expect("sealed");
        let open = |seals: &Seals, purpose, belongs_to: &[&[u8]], text: &str| {
            seals.open(purpose, belongs_to, text).map(|clear| clear.to_vec())
        };
        assert_eq!(open(&ours, Purpose::SecondFactor, &[b"42"], &sealed), Some(clear.to_vec()));
        assert_eq!(
            open(&seals(&[1, 2]), Purpose::SecondFactor, &[b"42"], &sealed),
            Some(clear.to_vec()),
            "a newer key came"
        );
        assert_eq!(open(&seals(&[2]), Purpose::SecondFactor, &[b"42"], &sealed), None);
        assert_eq!(open(&ours, Purpose::SettingUp, &[b"42"], &sealed), None, "for something else");
        for other in [&[b"43" as &[u8]][..], &[b"4", b"2"], &[], &[b"42", b""]] {
            assert_eq!(open(&ours, Purpose::SecondFactor, other, &sealed), None, "{other:?}");
        }
        assert!(!sealed.contains("68757368"), "{sealed}");
        assert_ne!(sealed, ours.seal(Purpose::SecondFactor, &[b"42"], clear).expect("sealed"), "a nonce each");
    }

    #[test]
    fn a_text_that_was_bent_opens_nothing() {
        let ours = seals(&[1]);
        let sealed = ours.seal(Purpose::SecondFactor, &[b""; 0], b"hush hush").expect("sealed");
        let last = if sealed.ends_with('0') { "1" } else { "0" };
        let bent = format!("{}{last}", &sealed[..sealed.len() - 1]);
        for text in
            [&bent, &sealed[..sealed.len() - 2], &sealed.to_uppercase(), "", ".", "a.b", &sealed.replace('.', ".ä")]
        {
            assert!(ours.open(Purpose::SecondFactor, &[b""; 0], text).is_none(), "{text}");
        }
    }
}
