//! How much of what strangers do is recorded: so many a minute of one account, from one address, in one organization and
//! in all. What is above that is counted and not recorded.
//!
//! Memory is bounded whatever is sent, by the [`limiter`](crate::limiter): two names or addresses may share a cell and be
//! recorded less often. Nobody is refused anything here.

use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;

use claviger_access::identity::OrganizationId;
use governor::clock::{Clock, MonotonicClock};

use crate::limiter::{Limiter, neighbourhood};

/// So many a minute under one name.
pub const OF_ONE_NAME_MAX: NonZeroU32 = NonZeroU32::new(10).expect("a number");
/// So many a minute from one IPv4 address, or from the /64 of one IPv6 address.
pub const FROM_ONE_ADDRESS_MAX: NonZeroU32 = NonZeroU32::new(30).expect("a number");
/// So many a minute in one organization; those under names of no account are one more.
pub const OF_ONE_ORGANIZATION_MAX: NonZeroU32 = NonZeroU32::new(300).expect("a number");
/// So many a minute in all.
pub const IN_ALL_MAX: NonZeroU32 = NonZeroU32::new(3_000).expect("a number");

/// Names, or addresses, that do not share a cell at most.
const CELLS: usize = 4_096;

/// All of these limits.
pub struct Limits<C: Clock = MonotonicClock> {
    names: Limiter<C>,
    addresses: Limiter<C>,
    organizations: Limiter<C>,
    all: Limiter<C>,
}

impl<C: Clock + Clone> Limits<C> {
    /// None of them is reached.
    pub fn new(clock: &C) -> Self {
        let limiter = |max, cells| Limiter::per_minute(max, cells, clock);
        Self {
            names: limiter(OF_ONE_NAME_MAX, CELLS),
            addresses: limiter(FROM_ONE_ADDRESS_MAX, CELLS),
            organizations: limiter(OF_ONE_ORGANIZATION_MAX, CELLS),
            all: limiter(IN_ALL_MAX, 1),
        }
    }

    /// Whether one more of a stranger is recorded. The same work for a name that exists and for one that does not. His
    /// address is looked at first: what it has used up uses up nobody else's.
    pub fn let_through(&self, name: impl Hash, address: Option<IpAddr>, organization: Option<OrganizationId>) -> bool {
        self.addresses.count(address.map(neighbourhood)).is_ok() && self.let_through_known(name, organization)
    }

    /// The same of somebody who is known: his neighbours do not count.
    pub fn let_through_known(&self, name: impl Hash, organization: Option<OrganizationId>) -> bool {
        self.names.count(name).is_ok() && self.organizations.count(organization).is_ok() && self.all.count(()).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use governor::clock::FakeRelativeClock;

    use super::*;

    fn passed(limits: &Limits<FakeRelativeClock>, tries: u32, what: impl Fn(u32) -> (u32, u32, u64)) -> u32 {
        let tried = (0..tries).filter(|number| {
            let (name, address, organization) = what(*number);
            limits.let_through(name, Some(IpAddr::V4(address.into())), OrganizationId::new(organization))
        });
        tried.count() as u32
    }

    #[test]
    fn each_limit_holds_and_comes_back_in_a_minute() {
        /// Name, address and organization of a try of that number.
        type Tried = fn(u32) -> (u32, u32, u64);
        let cases: [(NonZeroU32, Tried); 4] = [
            (OF_ONE_NAME_MAX, |number| (0, number, u64::from(number) + 1)),
            (FROM_ONE_ADDRESS_MAX, |number| (number, 0, u64::from(number) + 1)),
            (OF_ONE_ORGANIZATION_MAX, |number| (number, number, 1)),
            (IN_ALL_MAX, |number| (number, number, u64::from(number) + 1)),
        ];
        for (max, what) in cases {
            let clock = FakeRelativeClock::default();
            let limits = Limits::new(&clock);
            // Two that share a cell count as one: so many tries do that a few are missed.
            let first = passed(&limits, 4 * max.get(), what);
            assert!(first <= max.get() && first * 10 >= max.get() * 9, "{first} of {max}");
            assert_eq!(passed(&limits, max.get(), |number| what(number % 2)), 0, "{max}");
            clock.advance(Duration::from_secs(60));
            let again = passed(&limits, 4 * max.get(), what);
            assert!(again <= max.get() && again * 10 >= max.get() * 9, "{again} of {max}");
        }
    }

    /// From an address that has used up its own, nothing uses up a name: whoever else comes under it is recorded.
    #[test]
    fn one_address_hides_nobody_elses_name() {
        let limits = Limits::new(&FakeRelativeClock::default());
        let organization = OrganizationId::new(1);
        let from = |address: u8| Some(IpAddr::from([192, 0, 2, address]));
        let loud = (0..10_000).filter(|number| limits.let_through(*number, from(1), organization)).count();
        assert!(loud <= FROM_ONE_ADDRESS_MAX.get() as usize, "{loud}");
        assert!((0..200).all(|_| !limits.let_through("the account", from(1), organization)));
        assert!(limits.let_through("the account", from(2), organization));
        assert!(limits.let_through_known(("the account", "with its secret"), organization));
    }
}
