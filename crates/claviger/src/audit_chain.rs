//! What the audit log is chained with: keys that are not in the database, and digests made with them.
//!
//! Each event's digest covers all of its columns and the digest of the event before it, and cannot be made without the
//! key: who can write the database can change an event, take one out or put one in, but cannot make the digests that
//! would hide it. What he can do is cut the tail off and put an older end in the head row; that a [`mark`] shows, which
//! was kept elsewhere.
//!
//! What must stay true: what a digest covers can be read in one way only. So every value goes in with its kind and its
//! length, after a name that says what the digest is for.

pub mod key_file;
pub mod mark;
pub mod series;

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest as _, Sha256};

/// The digest of an event, or of what stands before the first one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChainDigest(pub [u8; 32]);

/// A key and its name. The name is made of the key, and says nothing about it.
#[derive(Clone)]
pub struct ChainKey {
    id: String,
    hmac: Hmac<Sha256>,
}

/// The keys of a log, in the order in which they came. The last one is used, all of them are known.
#[derive(Debug, Clone)]
pub struct KeyRing {
    first: Vec<ChainKey>,
    last: ChainKey,
}

/// Covers values one after the other.
pub struct Sealing {
    hmac: Hmac<Sha256>,
}

impl ChainKey {
    /// The key of these bytes.
    pub fn new(bytes: &[u8; 32]) -> Self {
        let digest = Sha256::new().chain_update(b"claviger audit key").chain_update(bytes).finalize();
        let id = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        // A key of 32 bytes is padded to a block, and a block is what the function takes.
        let mut block = [0; 64];
        block[..32].copy_from_slice(bytes);
        Self { id, hmac: Hmac::new(&block.into()) }
    }

    /// Its name.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Begins a digest for one purpose.
    pub fn seal(&self, purpose: &str) -> Sealing {
        let mut sealing = Sealing { hmac: self.hmac.clone() };
        sealing.text(purpose).text(&self.id);
        sealing
    }
}

impl fmt::Debug for ChainKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChainKey({})", self.id)
    }
}

impl KeyRing {
    /// These keys; none of no keys.
    pub fn new(mut keys: Vec<ChainKey>) -> Option<Self> {
        let last = keys.pop()?;
        Some(Self { first: keys, last })
    }

    /// The key that is used now.
    pub fn current(&self) -> &ChainKey {
        &self.last
    }

    /// The key of that name, and its place in the order.
    pub fn find(&self, id: &str) -> Option<(usize, &ChainKey)> {
        self.first.iter().chain([&self.last]).enumerate().find(|(_, key)| key.id == id)
    }
}

impl Sealing {
    /// Covers a text.
    pub fn text(&mut self, text: &str) -> &mut Self {
        self.hmac.update(&[2]);
        self.hmac.update(&(text.len() as u64).to_be_bytes());
        self.hmac.update(text.as_bytes());
        self
    }

    /// Covers a number.
    pub fn number(&mut self, number: i64) -> &mut Self {
        self.hmac.update(&[1]);
        self.hmac.update(&number.to_be_bytes());
        self
    }

    /// Covers a text, or that there is none.
    pub fn maybe_text(&mut self, text: Option<&str>) -> &mut Self {
        match text {
            Some(text) => self.text(text),
            None => self.nothing(),
        }
    }

    /// Covers a number, or that there is none.
    pub fn maybe_number(&mut self, number: Option<i64>) -> &mut Self {
        match number {
            Some(number) => self.number(number),
            None => self.nothing(),
        }
    }

    /// Covers a digest.
    pub fn digest(&mut self, digest: &ChainDigest) -> &mut Self {
        self.hmac.update(&[3]);
        self.hmac.update(&digest.0);
        self
    }

    fn nothing(&mut self) -> &mut Self {
        self.hmac.update(&[0]);
        self
    }

    /// The digest of all that was covered.
    pub fn finish(self) -> ChainDigest {
        ChainDigest(self.hmac.finalize().into_bytes().into())
    }

    /// Whether this is the digest of all that was covered.
    pub fn is(self, digest: &ChainDigest) -> bool {
        self.hmac.verify_slice(&digest.0).is_ok()
    }
}

impl fmt::Display for ChainDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl ChainDigest {
    /// Reads 64 lower-case hex digits.
    pub fn parse(text: &str) -> Option<Self> {
        read_hex(text).map(Self)
    }
}

/// Reads 32 bytes from lower-case hex digits.
fn read_hex(text: &str) -> Option<[u8; 32]> {
    let plain = text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = plain.then(|| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).flatten()?;
    }
    plain.then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> ChainKey {
        ChainKey::new(&[byte; 32])
    }

    /// what Python's hmac makes of the same bytes
    #[test]
    fn it_is_hmac_sha256() {
        let digest = Sealing { hmac: key(0x0b).hmac }.finish().to_string();
        assert_eq!(digest, "5177e637aaac0b50e5dca8bb05b0b571444bd59b9b0d834d50681af21fc14b1e");
    }

    #[test]
    fn no_two_ways_to_read_what_is_covered() {
        let digest = |cover: fn(&mut Sealing) -> &mut Sealing| {
            let mut sealing = key(1).seal("test");
            cover(&mut sealing);
            sealing.finish()
        };
        let all = [
            digest(|to| to.text("ab").text("c")),
            digest(|to| to.text("a").text("bc")),
            digest(|to| to.text("abc")),
            digest(|to| to.text("abc").text("")),
            digest(|to| to.text("abc").maybe_text(None)),
            digest(|to| to.text("abc").number(0)),
            digest(|to| to.number(0).text("abc")),
            digest(|to| to.maybe_number(None).text("abc")),
        ];
        for (at, one) in all.iter().enumerate() {
            assert!(all[at + 1..].iter().all(|other| other != one), "{at}");
        }
        assert_ne!(key(1).seal("test").finish(), key(1).seal("tost").finish());
        assert_ne!(key(1).seal("test").finish(), key(2).seal("test").finish());
    }

    #[test]
    fn a_ring_knows_all_and_uses_the_last() {
        assert!(KeyRing::new(Vec::new()).is_none());
        let ring = KeyRing::new(vec![key(1), key(2)]).expect("keys");
        assert_eq!(ring.current().id(), key(2).id());
        assert_eq!(ring.find(key(1).id()).map(|(place, _)| place), Some(0));
        assert!(ring.find(key(3).id()).is_none());
        assert!(!format!("{ring:?}").contains("0101"));
    }

    #[test]
    fn a_digest_is_read_as_it_is_written() {
        let digest = key(1).seal("test").finish();
        assert_eq!(ChainDigest::parse(&digest.to_string()), Some(digest));
        for text in [digest.to_string().to_uppercase(), "ab".to_owned(), "g".repeat(64), "ä".repeat(32)] {
            assert_eq!(ChainDigest::parse(&text), None, "{text}");
        }
    }
}
