//! Sets of HTTP statuses, as a plan writes them: `200-299`, `401,403`.

use std::fmt;
use std::ops::RangeInclusive;

/// Which statuses mean something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statuses(Vec<RangeInclusive<u16>>);

/// The text is no set of statuses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no set of statuses; write it as 200-299 or 401,403, between 100 and 599")]
pub struct NoStatuses(String);

impl Statuses {
    /// Reads one.
    pub fn parse(text: &str) -> Result<Self, NoStatuses> {
        let read = |part: &str| {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let range = status(first)?..=status(last)?;
            (!range.is_empty()).then_some(range)
        };
        text.split(',').map(read).collect::<Option<Vec<_>>>().map(Self).ok_or_else(|| NoStatuses(text.to_owned()))
    }

    /// Whether this one is among them.
    pub fn contain(&self, status: u16) -> bool {
        self.0.iter().any(|range| range.contains(&status))
    }

    /// Whether some status is in both.
    pub fn meet(&self, other: &Self) -> bool {
        (100..=599).any(|status| self.contain(status) && other.contain(status))
    }
}

impl fmt::Display for Statuses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, range) in self.0.iter().enumerate() {
            let comma = if place > 0 { "," } else { "" };
            match (range.start(), range.end()) {
                (first, last) if first == last => write!(f, "{comma}{first}")?,
                (first, last) => write!(f, "{comma}{first}-{last}")?,
            }
        }
        Ok(())
    }
}

fn status(text: &str) -> Option<u16> {
    let text = text.trim();
    let is_number = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|status| is_number && (100..=599).contains(status))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_told_apart() {
        let refused = Statuses::parse("401, 403,429").expect("statuses");
        assert_eq!([401, 403, 429, 402, 200].map(|status| refused.contain(status)), [true, true, true, false, false]);
        let accepted = Statuses::parse("200-299").expect("statuses");
        assert_eq!([199, 200, 299, 300].map(|status| accepted.contain(status)), [false, true, true, false]);
        assert!(!accepted.meet(&refused) && accepted.meet(&Statuses::parse("299-301").expect("statuses")));
        assert_eq!(format!("{refused} {accepted}"), "401,403,429 200-299");
    }

    #[test]
    fn what_is_none_is_refused() {
        for text in ["", ",", "20", "+200", "2000", "099", "600", "300-200", "200-", "200-299-300", "abc", "٢٠٠"] {
            assert!(Statuses::parse(text).is_err(), "{text}");
        }
    }
}
