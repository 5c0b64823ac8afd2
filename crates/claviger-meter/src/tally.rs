//! What one connection saw in one round, and what follows from it: the arithmetic of the measurement, without a clock.
//!
//! What must stay true: a use counts as one after the revocation if it was *sent* after the moment at which the whole answer of the
//! revocation had arrived, both read from one clock of one process. So what was on its way when the answer came is held against
//! nobody, and no clocks of several machines are compared. What is neither accepted nor refused says nothing about the
//! credential, and is counted apart.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

/// What came of a use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Came {
    /// The credential was accepted.
    Accepted,
    /// It was refused.
    Refused,
    /// Neither.
    Nothing(NoAnswer),
}

/// What is neither acceptance nor refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NoAnswer {
    /// An answer with a status that the plan takes for neither.
    Status(u16),
    /// No whole answer in time.
    TimedOut,
    /// Nothing was sent.
    CannotConnect,
    /// The connection ended before the whole answer.
    Interrupted,
    /// A program ended otherwise, or could not be run.
    Program,
    /// It could not be written where the plan has it.
    Unfit,
}

impl fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "status {status}"),
            Self::TimedOut => f.write_str("timed out"),
            Self::CannotConnect => f.write_str("cannot connect"),
            Self::Interrupted => f.write_str("interrupted"),
            Self::Program => f.write_str("program failed"),
            Self::Unfit => f.write_str("value does not fit"),
        }
    }
}

/// A use that has ended.
#[derive(Debug, Clone, Copy)]
pub struct Use {
    /// When it was sent.
    pub sent: Instant,
    /// When its answer, or whatever came instead, was there.
    pub ended: Instant,
    /// What came.
    pub came: Came,
}

/// How far the revocation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revocation {
    /// Nobody has asked for it.
    NotAsked,
    /// It is asked for. Any moment until its answer is known may turn out to be before or after it.
    Asked,
    /// Its whole answer had arrived at this moment.
    Answered(Instant),
}

/// What one connection saw.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    first_accepted: Option<Instant>,
    refused_while_valid: u64,
    uses: u64,
    no_answers: BTreeMap<NoAnswer, u64>,
    /// Of uses that ended while the revocation was asked for: it is not known yet on which side they are.
    undecided: Vec<Use>,
    after: After,
}

/// What was seen of uses that were sent after the revocation's answer.
#[derive(Debug, Clone, Default)]
struct After {
    accepted: u64,
    last_accepted: Option<Instant>,
    refused: u64,
    refused_since: u64,
    last_told: Option<Instant>,
    blind: Duration,
}

impl Tally {
    /// One more use.
    pub fn add(&mut self, ended: Use, revocation: Revocation) {
        self.uses += 1;
        if let Came::Nothing(what) = ended.came {
            *self.no_answers.entry(what).or_default() += 1;
        }
        if ended.came == Came::Accepted && self.first_accepted.is_none() {
            self.first_accepted = Some(ended.ended);
        }
        match revocation {
            Revocation::NotAsked => self.refused_while_valid += u64::from(ended.came == Came::Refused),
            Revocation::Asked => self.undecided.push(ended),
            Revocation::Answered(at) => {
                self.decide(at);
                self.after.add(ended, at);
            }
        }
    }

    /// Puts what is undecided on its side.
    pub fn decide(&mut self, answered: Instant) {
        for ended in self.undecided.drain(..) {
            self.after.add(ended, answered);
        }
    }

    /// When the first acceptance was there.
    pub fn first_accepted(&self) -> Option<Instant> {
        self.first_accepted
    }

    /// When the last use was sent that was accepted after the revocation.
    pub fn last_accepted(&self) -> Option<Instant> {
        self.after.last_accepted
    }

    /// Refusals after the revocation, since the last acceptance.
    pub fn refused_since(&self) -> u64 {
        self.after.refused_since
    }
}

impl After {
    fn blind_until(&self, answered: Instant, ended: Instant) -> Duration {
        self.blind.max(ended.saturating_duration_since(self.last_told.unwrap_or(answered)))
    }

    fn add(&mut self, ended: Use, answered: Instant) {
        if ended.sent <= answered || matches!(ended.came, Came::Nothing(_)) {
            return;
        }
        // In between nothing was sent here that anything came of, so nothing is known of it.
        let blind = ended.sent.saturating_duration_since(self.last_told.unwrap_or(answered));
        self.blind = self.blind.max(blind);
        self.last_told = Some(ended.sent);
        if ended.came == Came::Accepted {
            self.accepted += 1;
            self.refused_since = 0;
            self.last_accepted = self.last_accepted.max(Some(ended.sent));
        } else {
            self.refused += 1;
            self.refused_since += 1;
        }
    }
}

/// From when until when it was looked.
#[derive(Debug, Clone, Copy)]
pub struct Watched {
    /// The whole answer of the revocation was there.
    pub answered: Instant,
    /// The round was over.
    pub ended: Instant,
}

/// What was seen at one address, over all connections to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AtAddress {
    /// Which.
    pub address: String,
    /// Uses in all.
    pub uses: u64,
    /// Refusals before anybody asked for the revocation.
    pub refused_while_valid: u64,
    /// Uses that were sent after the revocation's answer, and accepted.
    pub accepted_after: u64,
    /// From the revocation's answer to when the last of those was sent.
    pub window: Duration,
    /// Uses that were sent after the revocation's answer, and refused.
    pub refused_after: u64,
    /// Each connection was refused as often as is asked for, and accepted no more.
    pub is_proven: bool,
    /// The longest time between the revocation and the end of the round in which nothing was sent that was accepted or
    /// refused, on the connection that saw most.
    pub blind: Duration,
    /// What was neither, by what it was.
    pub no_answers: BTreeMap<NoAnswer, u64>,
}

impl AtAddress {
    /// Adds up what its connections saw.
    pub fn of(address: &str, tallies: &[Tally], watched: Watched, refusals_min: u64) -> Self {
        let Watched { answered, ended } = watched;
        let sum = |number: fn(&Tally) -> u64| tallies.iter().map(number).sum();
        let last = tallies.iter().filter_map(Tally::last_accepted).max();
        let mut no_answers = BTreeMap::new();
        for (what, count) in tallies.iter().flat_map(|tally| &tally.no_answers) {
            *no_answers.entry(*what).or_default() += count;
        }
        Self {
            address: address.to_owned(),
            uses: sum(|tally| tally.uses),
            refused_while_valid: sum(|tally| tally.refused_while_valid),
            accepted_after: sum(|tally| tally.after.accepted),
            window: last.map_or(Duration::ZERO, |last| last.saturating_duration_since(answered)),
            refused_after: sum(|tally| tally.after.refused),
            is_proven: tallies.iter().all(|tally| tally.refused_since() >= refusals_min),
            blind: tallies.iter().map(|tally| tally.after.blind_until(answered, ended)).min().unwrap_or_default(),
            no_answers,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::clock;

    const MS: Duration = Duration::from_millis(1);

    fn at(begin: Instant, sent_ms: u32, came: Came) -> Use {
        Use { sent: begin + sent_ms * MS, ended: begin + (sent_ms + 1) * MS, came }
    }

    /// One address, one connection.
    fn seen(uses: &[(u32, Came)], asked_ms: u32, answered_ms: u32, known_ms: u32) -> AtAddress {
        let begin = clock::instant();
        let answered = begin + answered_ms * MS;
        let mut tally = Tally::default();
        for (sent_ms, came) in uses {
            let ended_ms = sent_ms + 1;
            let revocation = match ended_ms {
                ended if ended <= asked_ms => Revocation::NotAsked,
                // The answer is there, and the connection has not been told of it yet.
                ended if ended <= known_ms => Revocation::Asked,
                _ => Revocation::Answered(answered),
            };
            tally.add(at(begin, *sent_ms, *came), revocation);
        }
        tally.decide(answered);
        AtAddress::of("one", &[tally], Watched { answered, ended: begin + 95 * MS }, 2)
    }

    use Came::{Accepted, Refused};

    #[test]
    fn what_was_sent_before_the_answer_is_held_against_nobody() {
        let uses = [(0, Accepted), (10, Accepted), (19, Accepted), (20, Accepted), (21, Refused), (22, Refused)];
        let seen = seen(&uses, 11, 20, 20);
        assert_eq!(
            (seen.accepted_after, seen.window, seen.refused_after, seen.is_proven),
            (0, Duration::ZERO, 2, true)
        );
    }

    #[test]
    fn the_window_ends_with_the_last_acceptance_also_after_refusals() {
        let uses = [(0, Accepted), (21, Accepted), (22, Refused), (30, Accepted), (31, Refused)];
        let one = seen(&uses, 11, 20, 20);
        assert_eq!((one.accepted_after, one.window, one.refused_after, one.is_proven), (2, 10 * MS, 2, false));
        let more = [&uses[..], &[(32, Refused)]].concat();
        assert!(seen(&more, 11, 20, 20).is_proven);
    }

    #[test]
    fn what_says_nothing_proves_nothing_and_makes_blind() {
        let nothing = Came::Nothing(NoAnswer::Status(503));
        let only = seen(&[(0, Accepted), (21, nothing), (22, nothing), (90, nothing)], 11, 20, 20);
        assert_eq!((only.accepted_after, only.refused_after, only.is_proven), (0, 0, false));
        assert_eq!(only.blind, 75 * MS, "until the end");
        assert_eq!(only.no_answers, [(NoAnswer::Status(503), 3)].into());
        let late = seen(&[(0, Accepted), (21, nothing), (60, Refused), (61, Refused), (90, Refused)], 11, 20, 20);
        assert_eq!((late.blind, late.is_proven), (40 * MS, true));
    }

    #[test]
    fn refusals_of_what_is_valid_are_counted_until_it_is_revoked() {
        let seen = seen(&[(0, Refused), (1, Accepted), (2, Refused), (15, Refused), (21, Refused)], 11, 20, 20);
        assert_eq!((seen.refused_while_valid, seen.refused_after), (2, 1));
    }

    #[test]
    fn one_connection_that_saw_nothing_leaves_the_address_unproven() {
        let begin = clock::instant();
        let mut refused = Tally::default();
        for sent_ms in [1, 2] {
            refused.add(at(begin, sent_ms, Refused), Revocation::Answered(begin));
        }
        let (silent, watched) = (Tally::default(), Watched { answered: begin, ended: begin });
        assert!(AtAddress::of("one", std::slice::from_ref(&refused), watched, 2).is_proven);
        assert!(!AtAddress::of("one", &[refused, silent], watched, 2).is_proven);
    }

    proptest! {
        /// When a connection learns of the answer changes nothing; and the count and the window are what a look at the whole list finds.
        #[test]
        fn the_count_and_the_window_follow_from_when_uses_were_sent(
            came in prop::collection::vec(prop_oneof![Just(Accepted), Just(Refused), Just(Came::Nothing(NoAnswer::TimedOut))], 0..40),
            asked_ms in 0_u32..40, answering_ms in 0_u32..20, learning_ms in 0_u32..20,
        ) {
            let uses: Vec<_> = (0..).zip(came).collect();
            let answered_ms = asked_ms + answering_ms;
            let seen = seen(&uses, asked_ms, answered_ms, answered_ms + learning_ms);
            let late: Vec<_> = uses.iter().filter(|(sent, came)| *sent > answered_ms && *came == Accepted).collect();
            prop_assert_eq!(seen.accepted_after, late.len() as u64);
            prop_assert_eq!(seen.window, late.last().map_or(0, |(sent, _)| sent - answered_ms) * MS);
            prop_assert_eq!(seen.uses, uses.len() as u64);
        }
    }
}
