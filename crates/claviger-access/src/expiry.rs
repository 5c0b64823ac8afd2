//! Time as the rules see it: whole seconds, and an end that may never come.

/// A point in time: whole seconds since 1970-01-01T00:00:00Z, leap seconds not counted. A fraction is cut off, which
/// is what makes "refused from the instant `expires` on" exact: the cut second reaches `expires` when the clock does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(i64);

impl Moment {
    /// 9999-12-31T23:59:59Z, the last second that RFC 3339 can write with four digits for the year.
    pub const LAST: Moment = Moment(253_402_300_799);

    /// The moment so many seconds after the epoch; `None` before the epoch or after [`Moment::LAST`].
    pub const fn from_seconds(seconds: i64) -> Option<Self> {
        if seconds < 0 || seconds > Self::LAST.0 { None } else { Some(Self(seconds)) }
    }

    /// Seconds since the epoch.
    pub const fn seconds(self) -> i64 {
        self.0
    }

    /// This moment and so many seconds; `None` after [`Moment::LAST`].
    pub fn plus_seconds(self, seconds: u64) -> Option<Self> {
        Self::from_seconds(self.0.checked_add(i64::try_from(seconds).ok()?)?)
    }
}

/// When a secret ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Expiry(i64);

impl Expiry {
    /// It does not.
    pub const NEVER: Expiry = Expiry(i64::MAX);

    /// It is refused from this moment on.
    pub const fn at(moment: Moment) -> Self {
        Self(moment.0)
    }

    /// Whether a request at `now` is refused: from the very instant on.
    pub const fn has_passed(self, now: Moment) -> bool {
        now.0 >= self.0
    }

    /// The moment, or `None` for never.
    pub const fn moment(self) -> Option<Moment> {
        if self.0 == i64::MAX { None } else { Some(Moment(self.0)) }
    }
}

impl From<Option<Moment>> for Expiry {
    fn from(moment: Option<Moment>) -> Self {
        moment.map_or(Self::NEVER, Self::at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_refused_from_the_instant_on() {
        let ten = Moment::from_seconds(10).expect("a moment");
        assert!(!Expiry::at(ten).has_passed(Moment(9)));
        assert!(Expiry::at(ten).has_passed(ten));
        assert!(!Expiry::NEVER.has_passed(Moment::LAST));
        assert_eq!(Expiry::from(None).moment(), None);
    }

    #[test]
    fn no_moment_is_beyond_four_digits_of_year() {
        assert_eq!(Moment::from_seconds(-1), None);
        assert_eq!(Moment::LAST.plus_seconds(1), None);
        assert_eq!(Moment(0).plus_seconds(u64::MAX), None);
    }
}
