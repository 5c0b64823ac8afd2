//! Requests of the last days, as bars and as a table.

use crate::console::words;
use crate::store::usage::{DAYS_KEPT, DayOfRequests};

/// A bar and the room beside it, in units of the picture's own.
const SLOT: u64 = 24;

/// How tall a picture is, in the same units, and the one below it.
const HEIGHT: u64 = 120;
const HEIGHT_SMALL: u64 = 56;

/// What requests came to.
pub(super) struct Requests {
    /// Such as "50.3 million accepted, 3,207 refused".
    pub sum: String,
    /// Since when they are counted, where that is not as long ago as is shown.
    pub since: Option<String>,
    /// The first day of the picture.
    pub begin: String,
    /// Of what was accepted and of what was refused, as far as there was any.
    pub charts: Vec<Chart>,
    /// The latest day first.
    pub rows: Vec<Row>,
}

/// A picture of one number a day.
pub(super) struct Chart {
    pub height: u64,
    pub is_small: bool,
    /// What it shows, for who does not see it.
    pub label: String,
    /// The same in short, below it.
    pub caption: String,
    pub bars: Vec<Bar>,
}

pub(super) struct Bar {
    pub x: u64,
    pub y: u64,
    pub height: u64,
    pub title: String,
}

/// A day, in numbers.
pub(super) struct Row {
    pub day: String,
    pub accepted: String,
    pub refused: String,
}

impl Requests {
    /// `None` where none were counted yet. `days` are day by day up to today.
    pub(super) fn of(days: &[DayOfRequests]) -> Option<Self> {
        let (first, last) = (days.first()?, days.last()?);
        let sum = |number: fn(&DayOfRequests) -> u64| words::large(days.iter().map(number).sum());
        let (accepted, refused) = (sum(|day| day.accepted), sum(|day| day.refused));
        let begin = last.day.0 - DAYS_KEPT + 1;
        Some(Self {
            sum: format!("{accepted} accepted, {refused} refused"),
            since: (first.day.0 > begin).then(|| words::date(first.day.begin())),
            begin: words::day(begin * words::DAY),
            charts: [
                chart(days, ("Accepted", HEIGHT), |day| day.accepted),
                chart(days, ("Refused", HEIGHT_SMALL), |day| day.refused),
            ]
            .into_iter()
            .flatten()
            .collect(),
            rows: days.iter().rev().map(row).collect(),
        })
    }
}

/// Each has a scale of its own. What is not known has no bar: days end at the right.
fn chart(days: &[DayOfRequests], (what, height): (&str, u64), number: impl Fn(&DayOfRequests) -> u64) -> Option<Chart> {
    let numbers = || days.iter().map(&number);
    let (lowest, highest) = (numbers().min()?, numbers().max().filter(|highest| *highest > 0)?);
    let empty = u64::try_from(DAYS_KEPT).unwrap_or(0).saturating_sub(days.len() as u64);
    let day_told = |day: &DayOfRequests| words::day(day.day.begin());
    let range = match days {
        [first, .., last] => format!("{} to {}", day_told(first), day_told(last)),
        _ => days.first().map(day_told).unwrap_or_default(),
    };
    let shown = |number: u64| words::count(usize::try_from(number).unwrap_or(usize::MAX));
    let bars = days.iter().enumerate().map(|(place, day)| {
        let tall = tall(number(day), highest, height);
        Bar {
            x: (empty + place as u64) * SLOT,
            y: height - tall,
            height: tall,
            title: format!("{}: {}", day_told(day), shown(number(day))),
        }
    });
    Some(Chart {
        height,
        is_small: height < HEIGHT,
        label: format!("{what} requests per day, {range}, between {} and {}", shown(lowest), shown(highest)),
        caption: format!("{what} per day, highest {}", words::large(highest)),
        bars: bars.collect(),
    })
}

/// Whatever there was is seen.
fn tall(number: u64, highest: u64, height: u64) -> u64 {
    if number == 0 {
        return 0;
    }
    let tall = u128::from(number) * u128::from(height) / u128::from(highest);
    u64::try_from(tall).unwrap_or(height).clamp(1, height)
}

fn row(day: &DayOfRequests) -> Row {
    let shown = |number: u64| words::count(usize::try_from(number).unwrap_or(usize::MAX));
    Row { day: words::date(day.day.begin()), accepted: shown(day.accepted), refused: shown(day.refused) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::usage::Day;

    fn days(numbers: &[(u64, u64)]) -> Vec<DayOfRequests> {
        // The last is 24 Nov 2026.
        let first = 20_781 - numbers.len() as i64 + 1;
        let day = |(place, (accepted, refused)): (usize, &(u64, u64))| DayOfRequests {
            day: Day(first + place as i64),
            accepted: *accepted,
            refused: *refused,
        };
        numbers.iter().enumerate().map(day).collect()
    }

    #[test]
    fn days_that_are_not_known_have_no_bar_and_no_row() {
        let shown = Requests::of(&days(&[(200, 0), (100, 1)])).expect("two days");
        assert_eq!((shown.since.as_deref(), &*shown.begin), (Some("23 Nov 2026"), "26 Oct"));
        let bars: Vec<_> = shown.charts[0].bars.iter().map(|bar| (bar.x, bar.y, bar.height, &*bar.title)).collect();
        assert_eq!(bars, [(672, 0, 120, "23 Nov: 200"), (696, 60, 60, "24 Nov: 100")]);
        assert_eq!(shown.charts[1].label, "Refused requests per day, 23 Nov to 24 Nov, between 0 and 1");
        assert_eq!(shown.rows.len(), 2);
        assert_eq!((&*shown.rows[0].day, &*shown.rows[0].refused), ("24 Nov 2026", "1"));
        assert!(Requests::of(&[]).is_none());
    }

    #[test]
    fn what_is_small_beside_the_highest_is_seen_and_nothing_is_not() {
        let shown = Requests::of(&days(&[(u64::MAX / 31, 0); 29].into_iter().chain([(1, 0)]).collect::<Vec<_>>()));
        let shown = shown.expect("days");
        let heights: Vec<u64> = shown.charts[0].bars.iter().map(|bar| bar.height).collect();
        assert_eq!((heights[0], heights[29], shown.since), (120, 1, None));
        assert_eq!(shown.charts.len(), 1, "nothing was refused");
    }
}
