//! The requests of an account, day by day: a row of small bars, and what they add up to.

use super::super::words;
use crate::store::usage::{DAYS_KEPT, DayOfRequests};

/// Height of the picture, and of the smallest bar of a day that had any.
const HEIGHT: u64 = 22;
const HEIGHT_MIN: u64 = 2;

/// Days of a week.
const WEEK: usize = 7;

/// A day, in the units of the picture.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Bar {
    pub x: i64,
    pub y: u64,
    pub height: u64,
}

/// What is shown of them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Requests {
    pub label: String,
    pub bars: Vec<Bar>,
    /// Such as `38,214, 2 refused`.
    pub sum: String,
}

impl Requests {
    /// Nothing where nothing was counted yet, though it may have been used: counts are written some seconds later.
    pub(super) fn of(days: &[DayOfRequests], used: Option<i64>) -> Option<Self> {
        let begin = days.first()?.day.begin();
        let are_all_none = days.iter().all(|day| day.accepted == 0 && day.refused == 0);
        if are_all_none && used.is_some_and(|used| used >= begin) {
            return None;
        }
        let most = days.iter().map(|day| day.accepted).max().unwrap_or(0).max(1);
        let missing = DAYS_KEPT - i64::try_from(days.len()).unwrap_or(DAYS_KEPT);
        let bars = days.iter().zip(missing..).filter(|(day, _)| day.accepted > 0).map(|(day, place)| {
            let height = (day.accepted * HEIGHT / most).clamp(HEIGHT_MIN, HEIGHT);
            Bar { x: place * 4, y: HEIGHT - height, height }
        });
        let (accepted, refused) = days.iter().fold((0, 0), |sum, day| (sum.0 + day.accepted, sum.1 + day.refused));
        let count = |number: u64| words::count(usize::try_from(number).unwrap_or(usize::MAX));
        Some(Self {
            label: format!("Requests, {}", words::several(i64::try_from(days.len()).unwrap_or(DAYS_KEPT), "day")),
            bars: bars.collect(),
            sum: match refused {
                0 => count(accepted),
                _ => format!("{}, {} refused", count(accepted), count(refused)),
            },
        })
    }
}

/// How many were accepted in the last seven days.
pub(super) fn of_a_week(days: &[DayOfRequests]) -> u64 {
    days.iter().rev().take(WEEK).map(|day| day.accepted).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::usage::Day;

    fn days(accepted: &[u64]) -> Vec<DayOfRequests> {
        accepted
            .iter()
            .zip(0..)
            .map(|(accepted, day)| DayOfRequests { day: Day(day), accepted: *accepted, refused: 1 })
            .collect()
    }

    #[test]
    fn the_busiest_day_is_the_highest_and_today_is_at_the_right() {
        let shown = Requests::of(&days(&[0, 1, 38_000]), Some(0)).expect("some");
        assert_eq!((shown.label.as_str(), shown.sum.as_str()), ("Requests, 3 days", "38,001, 3 refused"));
        assert_eq!(shown.bars, [Bar { x: 112, y: 20, height: 2 }, Bar { x: 116, y: 0, height: 22 }]);
        assert_eq!(Requests::of(&[], None), None);
        let none = [DayOfRequests { day: Day(1), accepted: 0, refused: 0 }];
        let sum = |used| Requests::of(&none, used).map(|shown| (shown.bars.len(), shown.sum));
        assert_eq!((sum(None), sum(Some(86_399))), (Some((0, "0".to_owned())), Some((0, "0".to_owned()))));
        assert_eq!(sum(Some(86_400)), None, "used, and not counted yet");
    }

    #[test]
    fn a_week_is_seven_days() {
        assert_eq!(of_a_week(&days(&[100, 1, 1, 1, 1, 1, 1, 1])), 7);
    }
}
