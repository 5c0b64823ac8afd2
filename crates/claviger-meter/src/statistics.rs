//! What many rounds add up to.
//!
//! What must stay true: a round in which an address gave nothing but errors is no round in which nobody was accepted there: it
//! proves nothing, is counted as that, and is in no percentile of windows. A percentile is a value that was measured (nearest
//! rank), not one in between. Memory is bounded, for a meter that runs for ever.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use serde::Serialize;

use super::round::{Measured, Round};
use super::tally::AtAddress;

/// Of so many rounds, the latest, times are kept.
const TIMES_MAX: usize = 100_000;

/// So many different failures, and so many credentials that were left behind, are told one by one.
const TOLD_MAX: usize = 100;

/// What a round shows of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// After the revocation it was refused, everywhere, and accepted nowhere.
    Clean,
    /// It was accepted after the revocation.
    Late,
    /// It was not seen to be accepted, and not seen to be refused everywhere.
    Unproven,
    /// There was nothing to see.
    Failed,
}

impl Verdict {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Clean, Self::Late, Self::Unproven, Self::Failed];

    /// As results name it.
    pub fn text(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::Late => "late",
            Self::Unproven => "unproven",
            Self::Failed => "failed",
        }
    }
}

impl Measured {
    /// What it shows.
    pub fn verdict(&self) -> Verdict {
        if self.accepted_after() > 0 {
            Verdict::Late
        } else if self.addresses.iter().all(|address| address.is_proven) {
            Verdict::Clean
        } else {
            Verdict::Unproven
        }
    }

    /// Uses that were sent after the revocation's answer, and accepted.
    pub fn accepted_after(&self) -> u64 {
        self.addresses.iter().map(|address| address.accepted_after).sum()
    }

    /// From the revocation's answer to when the last of those was sent.
    pub fn window(&self) -> Duration {
        self.addresses.iter().map(|address| address.window).max().unwrap_or_default()
    }

    /// Refusals before anybody asked for the revocation.
    pub fn refused_while_valid(&self) -> u64 {
        self.addresses.iter().map(|address| address.refused_while_valid).sum()
    }

    /// What was neither, over all addresses.
    pub fn no_answers(&self) -> u64 {
        self.addresses.iter().flat_map(|address| address.no_answers.values()).sum()
    }
}

/// What all rounds so far add up to.
#[derive(Debug, Default)]
pub struct Statistics {
    counts: Counts,
    accepted_after: u64,
    refused_while_valid: u64,
    asked_again: u64,
    windows: Times,
    accepted_everywhere: Times,
    revoking: Times,
    addresses: Vec<OfAddress>,
    failures: BTreeMap<String, u64>,
    left: Vec<String>,
    left_untold: u64,
}

/// How many rounds there were, by what they show.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// In all, without one that was stopped.
    pub run: u64,
    /// Refused everywhere, accepted nowhere.
    pub clean: u64,
    /// Accepted after the revocation.
    pub late: u64,
    /// Of those: still accepted when the round was given up, so that its window is a least one.
    pub never_settled: u64,
    /// Not accepted, and not seen to be refused everywhere.
    pub unproven: u64,
    /// Nothing was measured.
    pub failed: u64,
}

/// The latest times.
#[derive(Debug, Default)]
struct Times(VecDeque<Duration>);

impl Times {
    fn add(&mut self, time: Duration) {
        if self.0.len() == TIMES_MAX {
            self.0.pop_front();
        }
        self.0.push_back(time);
    }

    fn spread(&self) -> Option<Spread> {
        let mut sorted: Vec<_> = self.0.iter().copied().collect();
        sorted.sort_unstable();
        let worst = millis(*sorted.last()?);
        let at = |percent| millis(percentile(&sorted, percent).unwrap_or_default());
        Some(Spread { count: sorted.len(), p50: at(50), p90: at(90), p99: at(99), worst })
    }
}

/// The smallest of these that so many percent are not above.
fn percentile(sorted: &[Duration], percent: usize) -> Option<Duration> {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied()
}

fn millis(time: Duration) -> f64 {
    // Microseconds are as fine as is told.
    (time.as_secs_f64() * 1_000_000.0).round() / 1_000.0
}

/// How times are spread, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spread {
    /// How many.
    pub count: usize,
    /// The median.
    pub p50: f64,
    /// The ninetieth percentile.
    pub p90: f64,
    /// The ninety-ninth.
    pub p99: f64,
    /// The longest.
    pub worst: f64,
}

/// What was seen at one address, over all rounds.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct OfAddress {
    /// Which.
    pub address: String,
    /// Uses in all.
    pub uses: u64,
    /// Sent after a revocation's answer, and accepted.
    pub accepted_after_revocation: u64,
    /// From a revocation's answer to the last of those, at worst.
    pub worst_window_ms: f64,
    /// Sent after a revocation's answer, and refused.
    pub refused_after_revocation: u64,
    /// Rounds in which it was not seen that it refuses.
    pub unproven_rounds: u64,
    /// The longest time after a revocation in which nothing was sent that anything came of.
    pub worst_blind_ms: f64,
    /// What was neither, by what it was.
    pub no_answers: BTreeMap<String, u64>,
}

impl OfAddress {
    fn add(&mut self, seen: &AtAddress) {
        self.uses += seen.uses;
        self.accepted_after_revocation += seen.accepted_after;
        self.worst_window_ms = self.worst_window_ms.max(millis(seen.window));
        self.refused_after_revocation += seen.refused_after;
        self.unproven_rounds += u64::from(!seen.is_proven);
        self.worst_blind_ms = self.worst_blind_ms.max(millis(seen.blind));
        for (what, count) in &seen.no_answers {
            *self.no_answers.entry(what.to_string()).or_default() += count;
        }
    }
}

/// All of it, to be shown.
#[derive(Debug, Serialize)]
pub struct Report {
    /// How many rounds.
    pub rounds: Counts,
    /// Uses that were sent after the answered revocation, and accepted.
    pub accepted_after_revocation: u64,
    /// From the revocation's answer to when the last of those was sent; 0 where there was none. Of clean and late rounds.
    pub window_ms: Option<Spread>,
    /// From the creation's answer to the first acceptance on every connection.
    pub accepted_everywhere_ms: Option<Spread>,
    /// From asking for a revocation to its answer.
    pub revoking_ms: Option<Spread>,
    /// Refusals after the creation's answer, before anybody asked for the revocation.
    pub refused_while_valid: u64,
    /// Revocations that were asked for once more, since no answer came.
    pub revocations_asked_again: u64,
    /// What was seen, by address.
    pub addresses: Vec<OfAddress>,
    /// Why rounds failed, and how often.
    pub failures: BTreeMap<String, u64>,
    /// Credentials that are, or may be, still there.
    pub left_behind: Vec<String>,
    /// And so many more.
    pub left_behind_untold: u64,
}

impl Statistics {
    /// One more round; what it shows, if it was not stopped.
    pub fn add(&mut self, round: &Round) -> Option<Verdict> {
        let verdict = match round {
            Round::Measured(measured) => self.measured(measured),
            Round::Failed(failed) => {
                self.left_behind(failed.left.as_deref());
                let has_room = self.failures.len() < TOLD_MAX;
                let reason =
                    if has_room || self.failures.contains_key(&failed.reason) { &*failed.reason } else { "others" };
                *self.failures.entry(reason.to_owned()).or_default() += 1;
                self.counts.failed += 1;
                Verdict::Failed
            }
            Round::Stopped { left } => {
                self.left_behind(left.as_deref());
                return None;
            }
        };
        self.counts.run += 1;
        Some(verdict)
    }

    fn measured(&mut self, measured: &Measured) -> Verdict {
        let verdict = measured.verdict();
        match verdict {
            Verdict::Clean => self.counts.clean += 1,
            Verdict::Late => self.counts.late += 1,
            Verdict::Unproven | Verdict::Failed => self.counts.unproven += 1,
        }
        if verdict == Verdict::Late && !measured.is_settled {
            self.counts.never_settled += 1;
        }
        if matches!(verdict, Verdict::Clean | Verdict::Late) {
            self.windows.add(measured.window());
        }
        self.accepted_after += measured.accepted_after();
        self.refused_while_valid += measured.refused_while_valid();
        self.asked_again += u64::from(measured.tries.saturating_sub(1));
        self.accepted_everywhere.add(measured.accepted_everywhere);
        self.revoking.add(measured.revoking);
        for (place, seen) in measured.addresses.iter().enumerate() {
            if self.addresses.len() == place {
                self.addresses.push(OfAddress { address: seen.address.clone(), ..OfAddress::default() });
            }
            self.addresses[place].add(seen);
        }
        verdict
    }

    fn left_behind(&mut self, left: Option<&str>) {
        match left {
            Some(left) if self.left.len() < TOLD_MAX => self.left.push(left.to_owned()),
            Some(_) => self.left_untold += 1,
            None => {}
        }
    }

    /// How many rounds there were.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Uses that were sent after the answered revocation, and accepted.
    pub fn accepted_after(&self) -> u64 {
        self.accepted_after
    }

    /// Credentials that are, or may be, still there.
    pub fn left_behind_count(&self) -> u64 {
        self.left.len() as u64 + self.left_untold
    }

    /// The windows, in no order.
    pub fn windows(&self) -> impl Iterator<Item = Duration> {
        self.windows.0.iter().copied()
    }

    /// All of it.
    pub fn report(&self) -> Report {
        Report {
            rounds: self.counts,
            accepted_after_revocation: self.accepted_after,
            window_ms: self.windows.spread(),
            accepted_everywhere_ms: self.accepted_everywhere.spread(),
            revoking_ms: self.revoking.spread(),
            refused_while_valid: self.refused_while_valid,
            revocations_asked_again: self.asked_again,
            addresses: self.addresses.clone(),
            failures: self.failures.clone(),
            left_behind: self.left.clone(),
            left_behind_untold: self.left_untold,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::round::NotMeasured;

    fn seen(accepted_after: u64, window_ms: u64, is_proven: bool) -> AtAddress {
        AtAddress {
            address: "one".to_owned(),
            uses: 10,
            refused_while_valid: 1,
            accepted_after,
            window: Duration::from_millis(window_ms),
            refused_after: 3,
            is_proven,
            blind: Duration::from_millis(2),
            no_answers: BTreeMap::new(),
        }
    }

    fn round(addresses: Vec<AtAddress>, is_settled: bool) -> Round {
        let (accepted_everywhere, revoking) = (Duration::from_millis(3), Duration::from_millis(4));
        Round::Measured(Measured { accepted_everywhere, revoking, tries: 2, is_settled, addresses })
    }

    #[test]
    fn each_round_is_counted_as_what_it_shows() {
        let mut statistics = Statistics::default();
        let failed = Round::Failed(NotMeasured { reason: "create: no".to_owned(), left: Some("id 7".to_owned()) });
        for (round, verdict) in [
            (round(vec![seen(0, 0, true)], true), Some(Verdict::Clean)),
            (round(vec![seen(0, 0, true), seen(0, 0, false)], false), Some(Verdict::Unproven)),
            (round(vec![seen(4, 80, true), seen(0, 0, false)], true), Some(Verdict::Late)),
            (round(vec![seen(9, 900, false)], false), Some(Verdict::Late)),
            (failed, Some(Verdict::Failed)),
            (Round::Stopped { left: None }, None),
        ] {
            assert_eq!(statistics.add(&round), verdict);
        }
        let report = statistics.report();
        let expected = Counts { run: 5, clean: 1, late: 2, never_settled: 1, unproven: 1, failed: 1 };
        assert_eq!((report.rounds, report.accepted_after_revocation), (expected, 13));
        let spread = Spread { count: 3, p50: 80.0, p90: 900.0, p99: 900.0, worst: 900.0 };
        assert_eq!(report.window_ms, Some(spread), "the unproven round is in no percentile");
        assert_eq!(report.failures, [("create: no".to_owned(), 1)].into());
        assert_eq!(report.left_behind, ["id 7"]);
        assert_eq!((report.revocations_asked_again, report.refused_while_valid), (4, 6));
        assert_eq!((report.addresses[0].unproven_rounds, report.addresses[1].unproven_rounds), (1, 2));
    }

    #[test]
    fn memory_is_bounded() {
        let mut statistics = Statistics::default();
        for number in 0..TOLD_MAX + 10 {
            let left = Some(number.to_string());
            statistics.add(&Round::Failed(NotMeasured { reason: number.to_string(), left }));
        }
        let report = statistics.report();
        assert_eq!((report.left_behind.len(), report.left_behind_untold), (TOLD_MAX, 10));
        assert_eq!((report.failures.len(), report.failures["others"]), (TOLD_MAX + 1, 10));
        let mut times = Times::default();
        (0..TIMES_MAX + 5).for_each(|number| times.add(Duration::from_nanos(number as u64)));
        assert_eq!((times.0.len(), times.0.front()), (TIMES_MAX, Some(&Duration::from_nanos(5))));
    }

    proptest! {
        /// As many percent as are asked for are at or below it, and fewer are below.
        #[test]
        fn a_percentile_is_one_of_the_values(mut values in prop::collection::vec(0_u64..50, 1..200), percent in 1_usize..=100) {
            values.sort_unstable();
            let sorted: Vec<_> = values.iter().map(|value| Duration::from_millis(*value)).collect();
            let found = percentile(&sorted, percent).expect("a value");
            let (at_most, below) = (sorted.iter().filter(|value| **value <= found).count(), sorted.iter().filter(|value| **value < found).count());
            prop_assert!(sorted.contains(&found));
            prop_assert!(at_most * 100 >= percent * sorted.len());
            prop_assert!(below * 100 < percent * sorted.len());
        }
    }
}
