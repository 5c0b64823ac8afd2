//! Codes from an app: TOTP (RFC 6238) with HMAC-SHA-1, six digits and steps of 30 seconds, since that is what every app
//! speaks. SHA-1 is broken for collisions, not as a keyed function (RFC 6238, appendix B of its errata; NIST SP 800-107).
//!
//! The clock of a phone may be a little off, and typing takes a moment: the step before and the step after count as well.
//! That a code counts once is decided by the rules, which keep the latest step that was used.

use std::fmt;

use claviger_access::Moment;
use claviger_access::second_factor::TimeStep;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::random::{self, NoRandomness};

/// Bytes of a secret: as many as the digest has (RFC 4226, section 4).
pub const SECRET_LENGTH: usize = 20;

const STEP_S: i64 = 30;
const DIGITS: usize = 6;
const MODULUS: u32 = 1_000_000;

/// So many steps off still count.
const DRIFT: i64 = 1;

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// What an app and this installation share. Cannot be printed, and is wiped when it is dropped.
pub struct TotpSecret(Zeroizing<[u8; SECRET_LENGTH]>);

impl fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TotpSecret(hidden)")
    }
}

impl TotpSecret {
    /// A new one.
    pub fn generate() -> Result<Self, NoRandomness> {
        random::totp_secret().map(|bytes| Self(Zeroizing::new(bytes)))
    }

    /// The secret of these bytes; `None` for too few or too many.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(|bytes| Self(Zeroizing::new(bytes)))
    }

    /// The bytes, to be sealed.
    pub fn expose(&self) -> &[u8] {
        &*self.0
    }

    /// As one types it into an app, in groups of four.
    pub fn in_base32(&self) -> Zeroizing<String> {
        let digits = Zeroizing::new(self.digits().collect::<Vec<u8>>());
        let groups: Vec<&str> = digits.chunks(4).map(|group| std::str::from_utf8(group).unwrap_or_default()).collect();
        Zeroizing::new(groups.join(" "))
    }

    /// As an app reads it from a picture.
    pub fn uri(&self, account: &str) -> Zeroizing<String> {
        let secret = Zeroizing::new(self.digits().map(char::from).collect::<String>());
        let account: String = account.bytes().map(percent_encoded).collect();
        Zeroizing::new(format!(
            "otpauth://totp/Claviger:{account}?secret={}&issuer=Claviger&algorithm=SHA1&digits={DIGITS}&period={STEP_S}",
            *secret
        ))
    }

    /// For which step this is the code, if it is for one that counts now. The same work whichever it is.
    pub fn step_of(&self, typed: &str, now: Moment) -> Option<TimeStep> {
        let typed: Zeroizing<String> = Zeroizing::new(typed.chars().filter(|c| !c.is_whitespace()).collect());
        let current = now.seconds().div_euclid(STEP_S);
        let mut found = None;
        for step in current - DRIFT..=current + DRIFT {
            let code = self.code(TimeStep(step));
            if bool::from(code.as_bytes().ct_eq(typed.as_bytes())) {
                found = Some(TimeStep(step));
            }
        }
        found
    }

    /// The code of a step (RFC 4226, section 5.3).
    fn code(&self, step: TimeStep) -> Zeroizing<String> {
        // HMAC takes keys of any length.
        let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(&*self.0) else { return Zeroizing::default() };
        mac.update(&step.0.to_be_bytes());
        let digest = mac.finalize().into_bytes();
        let offset = usize::from(digest[19] & 0xf);
        let four = [digest[offset], digest[offset + 1], digest[offset + 2], digest[offset + 3]];
        let number = u32::from_be_bytes(four) & 0x7fff_ffff;
        Zeroizing::new(format!("{:0DIGITS$}", number % MODULUS))
    }

    /// Five bits at a time, the highest first.
    fn digits(&self) -> impl Iterator<Item = u8> {
        self.0.chunks(5).flat_map(|chunk| {
            let bits = chunk.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
            (0..8).rev().map(move |place| BASE32[(bits >> (place * 5) & 31) as usize])
        })
    }
}

fn percent_encoded(byte: u8) -> String {
    match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Moment {
        Moment::from_seconds(seconds).expect("a moment")
    }

    fn of_the_standard() -> TotpSecret {
        TotpSecret::from_bytes(b"12345678901234567890").expect("a secret")
    }

    /// the table of RFC 6238, appendix B, of whose eight digits we show the last six
    #[test]
    fn codes_are_those_of_the_standard() {
        let secret = of_the_standard();
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(secret.step_of(code, at(seconds)), Some(TimeStep(seconds / 30)), "{seconds}");
        }
        assert_eq!(secret.in_base32().as_str(), "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
    }

    #[test]
    fn one_step_off_counts_and_two_do_not() {
        let secret = of_the_standard();
        let step = TimeStep(1_234_567_890 / 30);
        let begins = step.0 * 30;
        for (seconds, counts) in
            [(begins - 31, false), (begins - 30, true), (begins, true), (begins + 59, true), (begins + 60, false)]
        {
            assert_eq!(secret.step_of("005924", at(seconds)), counts.then_some(step), "{seconds}");
        }
        assert_eq!(secret.step_of(" 005 924 ", at(begins)), Some(step), "as apps show it");
        for typed in ["", "5924", "05924", "0005924", "00592４", "005925", "abcdef"] {
            assert_eq!(secret.step_of(typed, at(begins)), None, "{typed}");
        }
    }

    #[test]
    fn an_address_is_written_as_a_uri_wants_it() {
        let uri = of_the_standard().uri("a+b&c=d@example.com");
        assert_eq!(
            uri.as_str(),
            "otpauth://totp/Claviger:a%2Bb%26c%3Dd%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Claviger&algorithm=SHA1&digits=6&period=30"
        );
        assert_eq!(format!("{:?}", of_the_standard()), "TotpSecret(hidden)");
    }
}
