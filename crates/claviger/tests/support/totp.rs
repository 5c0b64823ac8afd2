//! The codes of an app, as RFC 6238 says it, for tests of second factors: of 30 seconds, by HMAC-SHA1, of six digits.

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

/// The step of time that it is now.
pub(crate) fn step() -> u64 {
    claviger::clock::now().seconds().unsigned_abs() / 30
}

/// What an app shows at that step.
pub(crate) fn code_at(secret: &str, step: u64) -> String {
    let digit = |c: u8| u64::from(if c.is_ascii_digit() { c - b'2' + 26 } else { c - b'A' });
    let digits: Vec<u64> = secret.bytes().filter(|c| *c != b' ').map(digit).collect();
    let key: Vec<u8> = digits
        .chunks(8)
        .flat_map(|chunk| chunk.iter().fold(0, |bits, digit| bits << 5 | digit).to_be_bytes()[3..].to_vec())
        .collect();
    let mut mac = Hmac::<Sha1>::new_from_slice(&key).unwrap();
    mac.update(&step.to_be_bytes());
    let digest = mac.finalize().into_bytes();
    let offset = usize::from(digest[19] & 15);
    let number = u32::from_be_bytes(digest[offset..offset + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}
