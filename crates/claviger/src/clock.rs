//! The one place that reads clocks.
//!
//! Everything else takes a [`Moment`] as an argument, and the linter keeps it so. What must stay true: within a process
//! the time never goes back, so a credential that was refused as expired is not accepted again when the system's clock
//! is set back.

pub mod pauses;

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use claviger_access::Moment;
use claviger_lease::Reading;
use rustix::time::{ClockId, clock_gettime};

/// The greatest second that was read so far.
static LATEST: AtomicI64 = AtomicI64::new(0);

/// The system's time in UTC, whole seconds, never before what was read earlier.
#[expect(clippy::disallowed_methods, reason = "this is the place")]
pub fn now() -> Moment {
    #[cfg(test)]
    if let Some(now) = crate::simulation::here::now() {
        return now;
    }
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs());
    never_back(&LATEST, i64::try_from(elapsed).unwrap_or(i64::MAX))
}

/// What was read, or what was read before it if that is later.
fn never_back(latest: &AtomicI64, read: i64) -> Moment {
    let latest = latest.fetch_max(read, Ordering::Relaxed).max(read);
    Moment::from_seconds(latest).unwrap_or(Moment::LAST)
}

/// A reading of the monotonic clock, for durations in the log.
#[expect(clippy::disallowed_methods, reason = "this is the place")]
pub fn instant() -> Instant {
    #[cfg(test)]
    if let Some(instant) = crate::simulation::here::instant() {
        return instant;
    }
    Instant::now()
}

/// How long ago a reading of [`instant`] was taken.
pub fn since(earlier: Instant) -> Duration {
    instant().saturating_duration_since(earlier)
}

/// The clock that leases go by: it counts the time that the machine sleeps, too, and nobody sets it.
pub fn reading() -> Reading {
    #[cfg(test)]
    if let Some(reading) = crate::simulation::here::reading() {
        return reading;
    }
    let since_boot = clock_gettime(ClockId::Boottime);
    let seconds = u64::try_from(since_boot.tv_sec).unwrap_or_default();
    Reading(Duration::new(seconds, u32::try_from(since_boot.tv_nsec).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_set_back_is_not_followed() {
        let latest = AtomicI64::new(0);
        let seconds = |read| never_back(&latest, read).seconds();
        assert_eq!([seconds(100), seconds(40), seconds(99), seconds(101), seconds(-5)], [100, 100, 100, 101, 101]);
        assert_eq!(seconds(i64::MAX), Moment::LAST.seconds());
    }

    #[test]
    fn it_is_later_than_when_this_was_written() {
        assert!(now().seconds() > 1_760_000_000);
    }
}
