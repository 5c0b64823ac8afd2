//! The secrets that this process hands out: as many of them as the digest's safety is argued with.

use claviger::random;
use claviger_access::credential::Secret;

/// So many are drawn, each as a request draws it: from the system's random source.
const SECRETS: usize = 10_000_000;

/// Room for all their marks, with some to spare so that free places are near.
const PLACES: usize = 1 << 24;

/// What two secrets share if they are alike, and once in some 400,000 runs by chance: 64 bits made of their 32 digits.
fn mark(secret: &Secret) -> u64 {
    const ODD: u64 = 0x9E37_79B9_7F4A_7C15;
    let digits = &secret.reveal().as_bytes()[Secret::PREFIX.len()..][..32];
    digits.chunks_exact(8).fold(0, |mark, part| {
        let part = u64::from_le_bytes(part.try_into().expect("eight digits"));
        (mark ^ part).wrapping_mul(ODD)
    })
}

/// Marks stand in one table by their upper bits, each at the next place that is free: a set of the standard library
/// takes several times as long where tests are built without optimization.
#[test]
fn no_two_of_ten_million_are_alike() {
    let mut table = vec![0; PLACES];
    for _ in 0..SECRETS {
        let secret = Secret::generate(&mut random::bytes().expect("the system's random source")).expect("enough bytes");
        let mark = mark(&secret);
        let mut place = (mark >> 40) as usize;
        while table[place] != 0 {
            assert_ne!(table[place], mark, "{} was made twice", secret.reveal());
            place = (place + 1) % PLACES;
        }
        table[place] = mark;
    }
}
