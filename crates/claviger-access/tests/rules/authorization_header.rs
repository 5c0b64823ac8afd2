//! What a caller presents, against a parser that goes letter by letter (`slow_reading`); and the form of secrets.

use std::collections::HashSet;

use claviger_access::RandomBytes;
use claviger_access::credential::{self, BasicForm, Secret, SecretDigest};
use proptest::prelude::*;

use crate::chance::Chance;
use crate::slow_reading::{BASE64, Read, decoded, read_slowly, sha256};

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Base64 one bit at a time, without padding.
fn encoded(bytes: &[u8]) -> String {
    let mut bits: Vec<u8> = bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).collect();
    while !bits.len().is_multiple_of(6) {
        bits.push(0);
    }
    let digit = |six: &[u8]| BASE64[six.iter().fold(0, |number, bit| number * 2 + usize::from(*bit))];
    bits.chunks(6).map(|six| char::from(digit(six))).collect()
}

fn read(headers: &[Vec<u8>]) -> Option<Read> {
    let presented = credential::present(headers.iter().map(Vec::as_slice))?;
    Some(Read {
        username: presented.username().to_owned(),
        secret_digest: *presented.digest().as_bytes(),
        is_plain_text: presented.form() == BasicForm::PlainText,
    })
}

/// Any mixture of large and small letters.
fn in_any_case(word: &'static str) -> impl Strategy<Value = String> {
    prop::collection::vec(any::<bool>(), word.len()).prop_map(move |large| {
        let letter = |(c, large): (char, bool)| if large { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() };
        word.chars().zip(large).map(letter).collect()
    })
}

fn scheme() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => in_any_case("basic"),
        4 => (in_any_case("bearer"), "[ \t]{1,2}", in_any_case("basic")).prop_map(|(a, b, c)| format!("{a}{b}{c}")),
        1 => in_any_case("bearer"),
        1 => Just("Basic Basic".to_owned()),
        1 => "[A-Za-z]{0,7}",
    ]
}

/// Texts that are, or are nearly, `username:secret`.
fn pair() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        6 => "[a-z .@]{0,6}:[ -~]{0,8}".prop_map(String::into_bytes),
        2 => "\\PC{0,6}:\\PC{0,6}".prop_map(String::into_bytes),
        2 => "[a-z:\u{0}\u{9}\u{a}\u{d}\u{7f}\u{80}\u{9f}\u{a0}\u{feff}]{0,8}".prop_map(String::into_bytes),
        1 => "[ -~]{0,8}".prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 0..12),
    ]
}

fn whole_base64() -> impl Strategy<Value = Vec<u8>> {
    pair().prop_map(|pair| {
        let text = encoded(&pair);
        format!("{text}{}", "=".repeat((4 - text.len() % 4) % 4)).into_bytes()
    })
}

fn credentials() -> impl Strategy<Value = Vec<u8>> {
    let padded = |(pair, padding): (Vec<u8>, &str)| format!("{}{padding}", encoded(&pair)).into_bytes();
    let base64 = (pair(), prop::sample::select(vec!["", "=", "==", "==="])).prop_map(padded);
    let bent = (whole_base64(), any::<prop::sample::Index>(), "[A-Za-z0-9+/=_:\t \u{a}-]").prop_map(
        |(mut text, place, other)| {
            if !text.is_empty() {
                let place = place.index(text.len());
                text.splice(place..=place, other.bytes());
            }
            text
        },
    );
    let digits = "[A-Za-z0-9+/]{0,9}={0,3}".prop_map(String::into_bytes);
    prop_oneof![3 => pair(), 3 => base64, 3 => whole_base64(), 3 => bent, 1 => digits]
}

fn nearly_valid_header() -> impl Strategy<Value = Vec<u8>> {
    ("[ \t]{0,2}", scheme(), "[ \t]{0,3}", credentials(), "[ \t]{0,2}").prop_map(
        |(before, scheme, between, credentials, after)| {
            [before.as_bytes(), scheme.as_bytes(), between.as_bytes(), &credentials, after.as_bytes()].concat()
        },
    )
}

fn without_files(cases: u32) -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases) }
}

proptest! {
    #![proptest_config(without_files(8_000))]

    #[test]
    fn any_bytes_are_read_as_the_slow_parser_reads_them(header in prop::collection::vec(any::<u8>(), 0..40)) {
        let headers = [header];
        prop_assert_eq!(read(&headers), read_slowly(&headers));
    }

    #[test]
    fn nearly_valid_headers_are_read_as_the_slow_parser_reads_them(header in nearly_valid_header()) {
        let headers = [header];
        prop_assert_eq!(read(&headers), read_slowly(&headers));
    }
}

proptest! {
    #![proptest_config(without_files(2_000))]

    #[test]
    fn a_username_and_a_secret_come_back_out_of_base64(username in "[^:\\p{Cc}]{1,12}", secret in "[^\\p{Cc}]{1,12}") {
        let text = encoded(format!("{username}:{secret}").as_bytes());
        let sent = Read { username, secret_digest: sha256(&secret), is_plain_text: false };
        let whole = "=".repeat((4 - text.len() % 4) % 4);
        for padding in ["", &whole[..whole.len() / 2], &whole] {
            for scheme in ["Basic", "Bearer Basic"] {
                prop_assert_eq!(read(&[format!("{scheme} {text}{padding}").into_bytes()]), Some(sent.clone()));
            }
        }
    }

    /// Blanks at the two outer ends are the header's, so they cannot be sent in this form.
    #[test]
    fn a_username_and_a_secret_come_back_out_of_plain_text(
        username in "[^:\\p{Cc} ][^:\\p{Cc}]{0,12}",
        secret in "[^\\p{Cc}]{0,12}[^\\p{Cc} ]",
    ) {
        let sent = Read { username, secret_digest: sha256(&secret), is_plain_text: true };
        for scheme in ["Basic", "Bearer Basic"] {
            let header = format!("{scheme} {}:{secret}", sent.username);
            prop_assert_eq!(read(&[header.into_bytes()]), Some(sent.clone()));
        }
    }

    #[test]
    fn no_text_that_was_not_made_as_a_secret_is_taken_for_one(text in "(cvg_)?[0-9A-Za-z\\PC]{0,44}") {
        prop_assert!(!Secret::is_well_formed(&text));
    }

    #[test]
    fn none_or_several_headers_are_no_credential(
        headers in prop_oneof![Just(Vec::new()), prop::collection::vec(nearly_valid_header(), 2..4)],
    ) {
        prop_assert_eq!(read(&headers), None);
        prop_assert_eq!(read_slowly(&headers), None);
    }

    #[test]
    fn a_secret_with_one_wrong_digit_is_recognised(seed: u64, place in 4_usize..42, other in 1_usize..62) {
        let secret = made(&mut Chance::seeded(seed));
        let mut bytes = secret.reveal().as_bytes().to_vec();
        let digit = BASE62.iter().position(|digit| *digit == bytes[place]).unwrap();
        bytes[place] = BASE62[(digit + other) % 62];
        prop_assert!(!Secret::is_well_formed(std::str::from_utf8(&bytes).unwrap()));
    }
}

/// Whether the slow parser itself is to be trusted: the examples of the contract and of the security catalogue.
#[test]
fn the_slow_parser_reads_the_examples() {
    let user =
        |is_plain_text| Some(Read { username: "user".to_owned(), secret_digest: sha256("secret"), is_plain_text });
    let slow = |header: &[u8]| read_slowly(&[header.to_vec()]);
    assert_eq!(slow(b"Basic user:secret"), user(true));
    for header in ["Basic dXNlcjpzZWNyZXQ=", "bAsIc  \tdXNlcjpzZWNyZXQ ", "Bearer Basic dXNlcjpzZWNyZXQ"] {
        assert_eq!(slow(header.as_bytes()), user(false), "{header}");
    }
    for header in ["", "Basic", "Basic dXNlcjpzZWNyZXQ==", "Basic dXNlcjpzZWNyZXR=", "Bearer user:secret", "Basic :x"] {
        assert_eq!(slow(header.as_bytes()), None, "{header}");
    }
    assert_eq!(decoded(b"_-8="), None);
    assert_eq!(decoded(b"+/8="), Some(vec![0xfb, 0xff]));
}

fn made(chance: &mut Chance) -> Secret {
    // The deciders draw usernames first, so a secret never begins at the first byte; here it may.
    Secret::generate(&mut RandomBytes::new(chance.bytes())).expect("enough bytes")
}

/// CRC-32 (IEEE 802.3) one bit at a time, in base62.
fn slow_checksum(text: &str) -> String {
    let mut crc = u32::MAX;
    for byte in text.bytes() {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 };
        }
    }
    let (mut rest, mut digits) = ((!crc) as usize, Vec::new());
    for _ in 0..6 {
        digits.push(char::from(BASE62[rest % 62]));
        rest /= 62;
    }
    digits.iter().rev().collect()
}

/// How far counts are from being equal: about 61 on average for 62 of them, with a deviation of 11.
fn chi_square(counts: &[u32; 62]) -> f64 {
    let expected = f64::from(counts.iter().sum::<u32>()) / 62.0;
    counts.iter().map(|count| (f64::from(*count) - expected).powi(2) / expected).sum()
}

/// Counted at each of the 32 places on its own, so that no place is biased either. The bound is ten deviations off.
#[test]
fn each_digit_of_a_secret_is_equally_likely() {
    const SECRETS: u32 = 100_000;
    let mut chance = Chance::seeded(62);
    let mut counts = [[0_u32; 62]; 32];
    for _ in 0..SECRETS {
        let secret = made(&mut chance);
        for (place, byte) in secret.reveal().bytes().skip(4).take(32).enumerate() {
            counts[place][BASE62.iter().position(|digit| *digit == byte).expect("a base62 digit")] += 1;
        }
    }
    let mut all = [0_u32; 62];
    for place in &counts {
        assert!(chi_square(place) < 171.0, "{place:?}");
        all.iter_mut().zip(place).for_each(|(sum, count)| *sum += count);
    }
    assert_eq!(all.iter().sum::<u32>(), 32 * SECRETS);
    assert!(chi_square(&all) < 171.0, "{all:?}");
}

/// Nothing of the randomness is thrown away: another bit anywhere, another secret.
#[test]
fn each_random_bit_counts() {
    let bytes: [u8; 96] = Chance::seeded(3).bytes();
    let mut all = HashSet::new();
    for bit in 0..320 {
        let mut bytes = bytes;
        bytes[bit / 8] ^= 1 << (bit % 8);
        all.insert(Secret::generate(&mut RandomBytes::new(bytes)).unwrap().reveal().to_owned());
    }
    all.insert(Secret::generate(&mut RandomBytes::new(bytes)).unwrap().reveal().to_owned());
    assert_eq!(all.len(), 321);
}

#[test]
fn a_secret_is_its_prefix_32_digits_and_the_checksum_of_both() {
    let mut chance = Chance::seeded(4);
    for _ in 0..2_000 {
        let secret = made(&mut chance);
        let (body, checksum) = secret.reveal().split_at(36);
        assert!(body.starts_with("cvg_") && body[4..].bytes().all(|byte| BASE62.contains(&byte)), "{body}");
        assert_eq!(checksum, slow_checksum(body));
        assert!(Secret::is_well_formed(secret.reveal()));
        assert!(secret.digest().matches(&SecretDigest::from_bytes(sha256(secret.reveal()))));
    }
}

/// The first 20 digits against one division of the whole number; 62^20 is the greatest power that leaves room for it.
#[test]
fn the_digits_of_a_secret_are_those_of_the_random_number() {
    let mut chance = Chance::seeded(5);
    for _ in 0..500 {
        let bytes: [u8; 96] = chance.bytes();
        let power = 62_u128.pow(20);
        let mut rest = bytes[..40].iter().fold(0, |number, byte| (number * 256 + u128::from(*byte)) % power);
        let secret = Secret::generate(&mut RandomBytes::new(bytes)).unwrap();
        for digit in secret.reveal().bytes().skip(4).take(20) {
            assert_eq!(digit, BASE62[(rest % 62) as usize]);
            rest /= 62;
        }
    }
}
