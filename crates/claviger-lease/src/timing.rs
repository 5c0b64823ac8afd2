//! Lengths of time, and moments on one node's own clock.

use std::time::Duration;

/// What a node's clock showed: the time since some start of its own. It says nothing about any other node's.
///
/// The clock counts the time that a machine sleeps, too (`CLOCK_BOOTTIME` on Linux): a lease must not outlast its wait
/// because its holder slept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reading(pub Duration);

impl Reading {
    /// So much later on the same clock.
    #[must_use]
    pub fn after(self, time: Duration) -> Self {
        Self(self.0.saturating_add(time))
    }

    /// How long since an earlier reading of the same clock.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

/// For how long a node may answer after its last report. Each node has its own, and its row says which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeaseLength(Duration);

/// A lease is no length of time that a node could keep up, or that a write could wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a lease lasts from {} milliseconds to {} seconds", LeaseLength::MIN.as_millis(), LeaseLength::MAX.as_secs())]
pub struct LeaseLengthOutOfRange;

impl LeaseLength {
    /// Reports go out four times as often: below this they would be all that a node does.
    pub const MIN: Duration = Duration::from_millis(200);

    /// A silent node holds up each write for longer than its lease, once.
    pub const MAX: Duration = Duration::from_secs(300);

    /// What is chosen where nothing else is.
    pub const USUAL: Self = Self(Duration::from_secs(3));

    /// A length within bounds.
    pub fn new(length: Duration) -> Result<Self, LeaseLengthOutOfRange> {
        if (Self::MIN..=Self::MAX).contains(&length) { Ok(Self(length)) } else { Err(LeaseLengthOutOfRange) }
    }

    /// The length.
    #[must_use]
    pub const fn length(self) -> Duration {
        self.0
    }
}

/// By how much the clocks of two nodes may differ in their speed, in percent of the slower one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Drift(u8);

/// An allowance that two clocks under one time daemon would exceed, or that nobody would wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("clocks may be allowed to differ by {} to {} percent", Drift::MIN, Drift::MAX)]
pub struct DriftOutOfRange;

impl Drift {
    /// Linux lets a time daemon bend a clock by a tenth either way, and 1.1 / 0.9 is 1.22.
    pub const MIN: u8 = 23;

    /// A wait of twice the lease.
    pub const MAX: u8 = 100;

    /// What is chosen where nothing else is.
    pub const USUAL: Self = Self(25);

    /// An allowance within bounds.
    pub fn new(percent: u8) -> Result<Self, DriftOutOfRange> {
        if (Self::MIN..=Self::MAX).contains(&percent) { Ok(Self(percent)) } else { Err(DriftOutOfRange) }
    }

    /// How long, on a clock that may be the faster one, until a lease has run out on one that may be the slower.
    #[must_use]
    pub fn outlasts(self, lease: LeaseLength) -> Duration {
        lease.0 + lease.0 * u32::from(self.0) / 100
    }
}
