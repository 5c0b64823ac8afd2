//! The one place that reads a clock: the monotonic one, by which everything is measured.

use std::time::Instant;

/// Now.
#[expect(clippy::disallowed_methods, reason = "this is the place")]
pub(crate) fn instant() -> Instant {
    Instant::now()
}
