//! The two series of events in the audit log: what was changed, and what was only observed.
//!
//! Each is numbered and chained on its own, so that what is observed waits for no write. What must stay true: a number
//! says which series an event is in, and no number is in both.

/// Events that are numbered and chained together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Series {
    /// What mutations did: numbered from 1.
    Mutations,
    /// Refusals and log-ins: numbered from a thousand billions and one.
    Observations,
}

/// Below what JSON's clients read exactly (2^53), above what an installation will ever change, and easily told.
const OBSERVATIONS_AFTER: i64 = 1_000_000_000_000_000;

impl Series {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Mutations, Self::Observations];

    /// The series that an event of this number is in.
    pub const fn of(event: i64) -> Self {
        if event > OBSERVATIONS_AFTER { Self::Observations } else { Self::Mutations }
    }

    /// Its numbers are greater than this.
    pub const fn after(self) -> i64 {
        match self {
            Self::Mutations => 0,
            Self::Observations => OBSERVATIONS_AFTER,
        }
    }

    /// Its numbers are not greater than this.
    pub const fn up_to(self) -> i64 {
        match self {
            Self::Mutations => OBSERVATIONS_AFTER,
            Self::Observations => i64::MAX,
        }
    }

    /// In the store, and for programs.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Mutations => "mutations",
            Self::Observations => "observations",
        }
    }

    /// What the seal of its beginning is for: that of one series does not fit the other.
    pub(crate) const fn anchor_purpose(self) -> &'static str {
        match self {
            Self::Mutations => "claviger audit anchor 1",
            Self::Observations => "claviger observation anchor 1",
        }
    }

    /// What the digest before its first event is for.
    pub(crate) const fn beginning_purpose(self) -> &'static str {
        match self {
            Self::Mutations => "claviger audit chain 1",
            Self::Observations => "claviger observation chain 1",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_is_in_one_series() {
        for (event, series) in [
            (1, Series::Mutations),
            (OBSERVATIONS_AFTER, Series::Mutations),
            (OBSERVATIONS_AFTER + 1, Series::Observations),
            (i64::MAX, Series::Observations),
        ] {
            assert_eq!(Series::of(event), series, "{event}");
            assert!(event > series.after() && event <= series.up_to(), "{event}");
        }
    }
}
