//! The `Authorization` header, read letter by letter from the contract's paragraph on credentials.
//!
//! Slow, obvious, and written without a look at the parser that it is held against. The fuzz target
//! `authorization_header` reads with it too.

use sha2::{Digest, Sha256};

pub(crate) const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Base64 one bit at a time: padding whole, half or absent, no more; the bits that are left over must be 0.
pub(crate) fn decoded(text: &[u8]) -> Option<Vec<u8>> {
    let digits = text.iter().take_while(|byte| **byte != b'=').count();
    let padding = text.len() - digits;
    if text[digits..].iter().any(|byte| *byte != b'=') {
        return None;
    }
    let padding_max = match digits % 4 {
        0 => 0,
        2 => 2,
        3 => 1,
        _ => return None,
    };
    if padding > padding_max {
        return None;
    }
    let mut bits = Vec::new();
    for byte in &text[..digits] {
        let number = BASE64.iter().position(|digit| digit == byte)?;
        bits.extend((0..6).rev().map(|bit| (number >> bit & 1) as u8));
    }
    let whole = bits.len() / 8 * 8;
    if bits[whole..].contains(&1) {
        return None;
    }
    Some(bits[..whole].chunks(8).map(|eight| eight.iter().fold(0, |byte, bit| byte * 2 + bit)).collect())
}

/// What was presented.
#[derive(Debug, PartialEq, Eq, Clone)]
pub(crate) struct Read {
    pub username: String,
    pub secret_digest: [u8; 32],
    pub is_plain_text: bool,
}

pub(crate) fn sha256(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

/// Takes blanks off both ends, one by one.
fn without_outer_blanks(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = bytes {
        bytes = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}

/// The first word in small letters, and what follows its blanks. `None` if nothing follows.
fn first_word(bytes: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let end = bytes.iter().position(|byte| matches!(byte, b' ' | b'\t'))?;
    Some((bytes[..end].to_ascii_lowercase(), without_outer_blanks(&bytes[end..])))
}

/// The contract's paragraph on credentials, sentence by sentence.
pub(crate) fn read_slowly(headers: &[Vec<u8>]) -> Option<Read> {
    let [header] = headers else { return None };
    let (scheme, mut rest) = first_word(without_outer_blanks(header))?;
    if scheme == b"bearer" {
        let (second, after) = first_word(rest)?;
        if second != b"basic" {
            return None;
        }
        rest = after;
    } else if scheme != b"basic" {
        return None;
    }
    let is_plain_text = rest.contains(&b':');
    let bytes = if is_plain_text { rest.to_vec() } else { decoded(rest)? };
    let text = String::from_utf8(bytes).ok()?;
    if text.chars().any(|c| matches!(u32::from(c), 0..=0x1f | 0x7f..=0x9f)) {
        return None;
    }
    let (username, secret) = text.split_once(':')?;
    if username.is_empty() || secret.is_empty() {
        return None;
    }
    Some(Read { username: username.to_owned(), secret_digest: sha256(secret), is_plain_text })
}
