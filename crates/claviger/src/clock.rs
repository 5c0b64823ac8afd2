//! The one place that reads a clock.
//!
//! Everything else takes a [`Moment`] as an argument, and the linter keeps it so. What must stay true: within a process
//! the time never goes back, so a credential that was refused as expired is not accepted again when the system's clock
//! is set back.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use claviger_access::Moment;

/// The greatest second that was read so far.
static LATEST: AtomicI64 = AtomicI64::new(0);

/// The system's time in UTC, whole seconds, never before what was read earlier.
#[expect(clippy::disallowed_methods, reason = "this is the place")]
pub fn now() -> Moment {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs());
    let read = i64::try_from(elapsed).unwrap_or(i64::MAX);
    let latest = LATEST.fetch_max(read, Ordering::Relaxed).max(read);
    Moment::from_seconds(latest).unwrap_or(Moment::LAST)
}

/// A reading of the monotonic clock, for durations in the log.
#[expect(clippy::disallowed_methods, reason = "this is the place")]
pub fn instant() -> Instant {
    Instant::now()
}
