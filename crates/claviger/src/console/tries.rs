//! How often somebody may try to sign in, to change a password or to open a link: so many times a minute from one address,
//! and so many under one e-mail address; how many codes a person may try, from wherever; and how many letters go to one
//! address.
//!
//! Each try counts, also one that would have been right: whoever guesses learns nothing above the limit. Addresses that
//! nobody has count like the others. Somebody who is guessed at is kept out for as long as that goes on; his session is
//! not.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use claviger_access::email::EmailAddress;
use claviger_access::identity::PrincipalId;
use governor::clock::{Clock, MonotonicClock};

use crate::limiter::{Limiter, neighbourhood};

/// So many a minute from one IPv4 address, or from the /64 of one IPv6 address.
pub(super) const FROM_ONE_ADDRESS_MAX: NonZeroU32 = NonZeroU32::new(20).expect("a number");
/// So many a minute under one e-mail address.
pub(super) const OF_ONE_ACCOUNT_MAX: NonZeroU32 = NonZeroU32::new(10).expect("a number");

/// So many codes a minute of one person: a million guesses at three of a million codes take months.
pub(super) const CODES_MAX: NonZeroU32 = NonZeroU32::new(5).expect("a number");

/// So many letters an hour to one e-mail address.
pub(super) const LETTERS_MAX: NonZeroU32 = NonZeroU32::new(3).expect("a number");

/// Addresses that do not share a cell at most.
const CELLS: usize = 4_096;

/// Too many. When the next may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TooMany {
    /// From this address.
    FromAddress(Duration),
    /// Under this e-mail address.
    OfAccount(Duration),
    /// Codes of this person.
    OfCodes(Duration),
}

/// The tries of the last minute.
pub(super) struct Tries<C: Clock = MonotonicClock> {
    addresses: Limiter<C>,
    accounts: Limiter<C>,
    codes: Limiter<C>,
    letters: Limiter<C>,
}

impl Default for Tries {
    fn default() -> Self {
        Self::new(&MonotonicClock)
    }
}

impl<C: Clock + Clone> Tries<C> {
    fn new(clock: &C) -> Self {
        Self {
            addresses: Limiter::per_minute(FROM_ONE_ADDRESS_MAX, CELLS, clock),
            accounts: Limiter::per_minute(OF_ONE_ACCOUNT_MAX, CELLS, clock),
            codes: Limiter::per_minute(CODES_MAX, CELLS, clock),
            letters: Limiter::per_hour(LETTERS_MAX, CELLS, clock),
        }
    }

    /// One more of something that only an address tells apart.
    pub(super) fn count_from(&self, address: Option<IpAddr>) -> Result<(), TooMany> {
        self.addresses.count(address.map(neighbourhood)).map_err(TooMany::FromAddress)
    }

    /// One more under what was typed as an e-mail address. It counts as whom it finds, however it was typed; what finds
    /// nobody counts as what it is.
    pub(super) fn count(&self, address: Option<IpAddr>, email: &str) -> Result<(), TooMany> {
        self.count_from(address)?;
        let whose = EmailAddress::parse(email);
        let whose = whose.map_or_else(|_| email.trim().to_lowercase(), |parsed| parsed.as_str().to_owned());
        self.accounts.count(whose).map_err(TooMany::OfAccount)
    }

    /// One more letter to an address, whether or not somebody has it; or that there were enough.
    pub(super) fn count_letter(&self, email: &EmailAddress) -> bool {
        self.letters.count(email.as_str()).is_ok()
    }

    /// One more code of somebody who has shown his password.
    pub(super) fn count_code(&self, person: PrincipalId) -> Result<(), TooMany> {
        self.codes.count(person).map_err(TooMany::OfCodes)
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use governor::clock::FakeRelativeClock;

    use super::*;

    #[test]
    fn each_limit_holds_and_says_when_to_come_back() {
        let clock = FakeRelativeClock::default();
        let address = |number: u32| Some(IpAddr::V4(Ipv4Addr::from(number)));
        let tries = Tries::new(&clock);
        let account: Vec<_> = (0..11).map(|number| tries.count(address(number), "Ada@example.com")).collect();
        assert!(account[..10].iter().all(Result::is_ok), "{account:?}");
        assert_eq!(account[10], Err(TooMany::OfAccount(Duration::from_secs(6))));
        assert!(matches!(tries.count(address(99), "ada@EXAMPLE.com"), Err(TooMany::OfAccount(_))));
        let tries = Tries::new(&clock);
        let from: Vec<_> = (0..21).map(|number| tries.count(address(7), &format!("{number}@example.com"))).collect();
        assert!(from[..20].iter().all(Result::is_ok), "{from:?}");
        assert_eq!(from[20], Err(TooMany::FromAddress(Duration::from_secs(3))));
        clock.advance(Duration::from_secs(3));
        assert_eq!(tries.count(address(7), "x@example.com"), Ok(()));
        let person = |number| PrincipalId::new(number).expect("an id");
        let codes: Vec<_> = (0..6).map(|_| tries.count_code(person(7))).collect();
        assert!(codes[..5].iter().all(Result::is_ok), "{codes:?}");
        assert_eq!(codes[5], Err(TooMany::OfCodes(Duration::from_secs(12))));
        assert_eq!(tries.count_code(person(8)), Ok(()));
        let ada = EmailAddress::parse("ada@example.com").expect("an address");
        let letters = [(); 4].map(|()| tries.count_letter(&ada));
        assert_eq!(letters, [true, true, true, false]);
        clock.advance(Duration::from_secs(20 * 60));
        assert!(tries.count_letter(&ada) && !tries.count_letter(&ada));
    }

    #[test]
    fn an_address_counts_once_however_it_is_typed() {
        let address = |number: u32| Some(IpAddr::V4(Ipv4Addr::from(number)));
        for spellings in [
            ["rené@example.com", " RENÉ@example.com", "rene\u{301}@example.com\n", "\u{a0}rené@Example.com\u{3000}"],
            ["no address", " NO address\t", "No Address", "\u{2003}no address"],
        ] {
            let tries = Tries::new(&FakeRelativeClock::default());
            let tried: Vec<_> = (0..12).map(|n| tries.count(address(n), spellings[n as usize % 4])).collect();
            assert_eq!(tried.iter().filter(|tried| tried.is_ok()).count(), 10, "{tried:?}");
        }
    }
}
