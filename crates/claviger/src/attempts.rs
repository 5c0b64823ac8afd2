//! How many wrong credentials a stranger may present: from one address, and under one username.
//!
//! Only what was refused is counted, and only what is refused is slowed: a right credential always passes, from whatever
//! address and under whatever name, also while somebody guesses there. So a guesser locks nobody out, and a right request
//! pays nothing. Names that no account has count like the others: being slowed tells nobody whether there is one.
//!
//! What must stay true: memory is fixed, whatever is sent ([`limiter`](crate::limiter)); no name is kept.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, MonotonicClock};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

use crate::limiter::{Limiter, neighbourhood};

/// So many at once from one IPv4 address, or from the /64 of one IPv6 address.
pub const FROM_ONE_ADDRESS_MAX: NonZeroU32 = NonZeroU32::new(100).expect("a number");
/// Then one more after each of these.
pub const FROM_ONE_ADDRESS_EVERY: Duration = Duration::from_secs(1);

/// So many at once under one username.
pub const OF_ONE_NAME_MAX: NonZeroU32 = NonZeroU32::new(50).expect("a number");
/// Then one more after each of these.
pub const OF_ONE_NAME_EVERY: Duration = Duration::from_secs(5);

/// Addresses, and names, that do not share a cell at most.
const CELLS: usize = 16_384;

/// The wrong credentials of the last minutes.
pub struct Attempts<C: Clock = MonotonicClock> {
    addresses: Limiter<C>,
    names: Limiter<C>,
    slowed: Family<SlowedBy, Counter>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SlowedBy {
    by: &'static str,
}

const BY_ADDRESS: SlowedBy = SlowedBy { by: "address" };
const BY_NAME: SlowedBy = SlowedBy { by: "username" };

impl Default for Attempts {
    fn default() -> Self {
        Self::new(&MonotonicClock)
    }
}

impl<C: Clock + Clone> Attempts<C> {
    fn new(clock: &C) -> Self {
        let slowed = Family::default();
        // From the start, or the first one would not be seen as more than before.
        [BY_ADDRESS, BY_NAME].iter().for_each(|by| drop(slowed.get_or_create(by)));
        Self {
            addresses: Limiter::every(FROM_ONE_ADDRESS_EVERY, FROM_ONE_ADDRESS_MAX, CELLS, clock),
            names: Limiter::every(OF_ONE_NAME_EVERY, OF_ONE_NAME_MAX, CELLS, clock),
            slowed,
        }
    }

    /// One more that was refused; or how long to wait until another is looked at as one.
    pub fn refused(&self, username: &str, address: Option<IpAddr>) -> Result<(), Duration> {
        // Both are counted, or who is slowed by one would go on filling the other for nothing.
        let (by_address, by_name) = (self.addresses.count(address.map(neighbourhood)), self.names.count(username));
        for (limit, by) in [(&by_address, BY_ADDRESS), (&by_name, BY_NAME)] {
            if limit.is_err() {
                self.slowed.get_or_create(&by).inc();
            }
        }
        match (by_address, by_name) {
            (Err(one), Err(other)) => Err(one.max(other)),
            (Err(wait), Ok(())) | (Ok(()), Err(wait)) => Err(wait),
            (Ok(()), Ok(())) => Ok(()),
        }
    }

    /// Has it shown how often somebody was slowed, and by which limit.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "attempts_slowed",
            "Wrong credentials that were answered with 429, by the limit",
            self.slowed.clone(),
        );
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use governor::clock::FakeRelativeClock;

    use super::*;

    fn from(number: u32) -> Option<IpAddr> {
        Some(IpAddr::V4(Ipv4Addr::from(number)))
    }

    #[test]
    fn one_address_is_slowed_whatever_the_names() {
        let clock = FakeRelativeClock::default();
        let attempts = Attempts::new(&clock);
        let waits: Vec<_> = (0..101).map(|number| attempts.refused(&format!("bot-{number}"), from(7))).collect();
        assert!(waits[..100].iter().all(Result::is_ok), "{waits:?}");
        assert_eq!(waits[100], Err(FROM_ONE_ADDRESS_EVERY));
        assert_eq!(attempts.refused("bot-x", from(8)), Ok(()), "another address");
        clock.advance(FROM_ONE_ADDRESS_EVERY);
        assert_eq!(attempts.refused("bot-y", from(7)), Ok(()));
        assert!(attempts.refused("bot-z", from(7)).is_err());
    }

    #[test]
    fn one_name_is_slowed_from_whatever_address() {
        let clock = FakeRelativeClock::default();
        let attempts = Attempts::new(&clock);
        let waits: Vec<_> = (0..51).map(|number| attempts.refused("bot", from(number))).collect();
        assert!(waits[..50].iter().all(Result::is_ok), "{waits:?}");
        assert_eq!(waits[50], Err(OF_ONE_NAME_EVERY));
        assert_eq!(attempts.refused("other", from(1)), Ok(()), "another name");
        clock.advance(OF_ONE_NAME_EVERY);
        assert_eq!(attempts.refused("bot", from(99)), Ok(()));
    }
}
