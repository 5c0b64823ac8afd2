//! How often something may happen under one key, in fixed memory.
//!
//! Strangers choose the keys: names, addresses. So they share a fixed number of cells, found by a hash with a key of this
//! process's own, and two keys may meet in one cell and be limited together. Nothing is allocated after the start,
//! whatever is sent.

use std::hash::{BuildHasher, Hash, RandomState};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, MonotonicClock};
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed, StateStore};
use governor::{Quota, RateLimiter};

/// A fixed number of states.
struct Cells(Box<[InMemoryState]>);

impl StateStore for Cells {
    type Key = u64;

    fn measure_and_replace<T, F, E>(&self, key: &u64, measure: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let at = (key % self.0.len() as u64) as usize;
        self.0[at].measure_and_replace(&NotKeyed::NonKey, measure)
    }
}

/// So many a minute, or an hour, under each key. What was not used up comes back one by one over that time.
pub struct Limiter<C: Clock = MonotonicClock> {
    hasher: RandomState,
    clock: C,
    cells: RateLimiter<u64, Cells, C, NoOpMiddleware<<C as Clock>::Instant>>,
}

impl<C: Clock + Clone> Limiter<C> {
    /// Nothing happened yet. So many keys at most do not share a cell.
    pub fn per_minute(max: NonZeroU32, cells: usize, clock: &C) -> Self {
        Self::new(Quota::per_minute(max), cells, clock)
    }

    /// The same an hour.
    pub fn per_hour(max: NonZeroU32, cells: usize, clock: &C) -> Self {
        Self::new(Quota::per_hour(max), cells, clock)
    }

    /// So many at once, then one more each time after this long.
    pub fn every(after: Duration, max: NonZeroU32, cells: usize, clock: &C) -> Self {
        let quota = Quota::with_period(after).unwrap_or_else(|| Quota::per_second(max));
        Self::new(quota.allow_burst(max), cells, clock)
    }

    fn new(quota: Quota, cells: usize, clock: &C) -> Self {
        let cells = Cells((0..cells).map(|_| InMemoryState::default()).collect());
        let cells = RateLimiter::new(quota, cells, clock.clone());
        Self { hasher: RandomState::new(), clock: clock.clone(), cells }
    }

    /// It happens once more under this key; or how long to wait until it may.
    pub fn count(&self, key: impl Hash) -> Result<(), Duration> {
        // Its clock is the machine's, and which keys share a cell is left to chance.
        #[cfg(test)]
        if crate::simulation::here::is_simulated() {
            return Ok(());
        }
        let refused = self.cells.check_key(&self.hasher.hash_one(key)).err();
        refused.map_or(Ok(()), |until| Err(until.wait_time_from(self.clock.now())))
    }
}

/// A wait as answers tell it, in whole seconds: never too short, and at least one.
pub fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs_f64().ceil().max(1.0) as u64
}

/// Whoever has an IPv6 address has the /64 that it is in.
pub fn neighbourhood(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) >> 64 << 64).into()),
    }
}

#[cfg(test)]
mod tests {
    use governor::clock::FakeRelativeClock;

    use super::*;

    #[test]
    fn who_is_refused_is_told_when_it_may_happen_again() {
        let clock = FakeRelativeClock::default();
        let limiter = Limiter::per_minute(NonZeroU32::new(3).expect("a number"), 4_096, &clock);
        assert_eq!([(); 3].map(|()| limiter.count("a")), [Ok(()); 3]);
        assert_eq!(limiter.count("a"), Err(Duration::from_secs(20)));
        assert_eq!(limiter.count("b"), Ok(()));
        clock.advance(Duration::from_secs(20));
        assert_eq!((limiter.count("a"), limiter.count("a")), (Ok(()), Err(Duration::from_secs(20))));
    }

    #[test]
    fn addresses_of_one_network_of_version_6_are_one() {
        let same = |a: &str, b: &str| {
            let read = |text: &str| neighbourhood(text.parse().expect("an address"));
            read(a) == read(b)
        };
        assert!(same("2001:db8:1:2::1", "2001:db8:1:2:ffff::9"));
        assert!(!same("2001:db8:1:2::1", "2001:db8:1:3::1"));
        assert!(!same("192.0.2.1", "192.0.2.2"));
    }
}
