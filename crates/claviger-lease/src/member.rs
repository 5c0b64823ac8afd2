//! A node as its own row has it: it joins, reports where it stands, and holds a lease or none.
//!
//! What must stay true: [`Member::replied`] alone lengthens a lease, and only for a report of this membership that found
//! its row; a reply that names a head beyond the image gives one only once a later report, carrying that head, has found
//! the row as well. In between the row may be marked out by a writer that then waits for this node no longer.

use std::time::Duration;

use crate::position::{Incarnation, Position, Revision};
use crate::timing::{LeaseLength, Reading};

/// Longest pause before a node joins again.
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// What a node says of itself: one statement, alone in its transaction, at the primary, committed as a write is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Report {
    /// Whose row it is.
    pub incarnation: Incarnation,
    /// What its image contains.
    pub applied: Position,
    /// The node's clock, read before the report was sent.
    pub sent: Reading,
}

/// What the store answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reply {
    /// The row is there, in this history, and the newest change was this one.
    Found {
        /// The newest change.
        head: Revision,
    },
    /// No row of this membership that stands in this history.
    NotFound,
}

/// What a reply means for the node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Standing {
    /// It may answer until then.
    Lease(Reading),
    /// It is a member. What the reply names must be applied and reported before it gives a lease.
    Behind(Revision),
    /// It is no member any more: it answers nothing, drops its image, and joins again.
    Out,
    /// The reply is to a report of a membership that has ended.
    Old,
}

/// A head beyond the image, and the report that was told of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Beyond {
    head: Revision,
    sent: Reading,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Membership {
    incarnation: Incarnation,
    joined: Reading,
    applied: Position,
    lease: Option<Reading>,
    beyond: Option<Beyond>,
}

/// A node's own view of its membership.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Member {
    length: LeaseLength,
    membership: Option<Membership>,
    /// Whether a report is under way: there is one at a time.
    is_reporting: bool,
    /// How often it was marked out, one time soon after the other.
    marked_out: u8,
    rests_until: Option<Reading>,
}

impl Member {
    /// A node that is no member yet.
    #[must_use]
    pub fn new(length: LeaseLength) -> Self {
        Self { length, membership: None, is_reporting: false, marked_out: 0, rests_until: None }
    }

    /// From when on it may join: a node that was marked out twice in a row rests first, for each of its absences costs
    /// every write a wait.
    #[must_use]
    pub fn rests_until(&self) -> Option<Reading> {
        self.rests_until
    }

    /// Its row is committed, with an image that stands here. That gives no lease: only a report does.
    pub fn joined(&mut self, incarnation: Incarnation, applied: Position, now: Reading) {
        let membership = Membership { incarnation, joined: now, applied, lease: None, beyond: None };
        self.membership = Some(membership);
        self.is_reporting = false;
    }

    /// The published image contains this change, and all before it.
    pub fn applied(&mut self, position: Position) {
        if let Some(membership) = &mut self.membership
            && membership.applied.revision < position.revision
        {
            membership.applied = position;
        }
    }

    /// The report to send now, at the reading taken before it is sent; none while another is under way.
    pub fn report(&mut self, now: Reading) -> Option<Report> {
        let membership = self.membership.as_ref().filter(|_| !self.is_reporting)?;
        self.is_reporting = true;
        Some(Report { incarnation: membership.incarnation, applied: membership.applied, sent: now })
    }

    /// A report has no reply and never will: its connection is closed.
    pub fn gave_up(&mut self, report: &Report) {
        if self.is_of_this_membership(report) {
            self.is_reporting = false;
        }
    }

    /// Takes the reply to a report.
    pub fn replied(&mut self, report: &Report, reply: Reply, now: Reading) -> Standing {
        if !self.is_of_this_membership(report) {
            return Standing::Old;
        }
        self.is_reporting = false;
        let Reply::Found { head } = reply else {
            self.marked_out(now);
            return Standing::Out;
        };
        let length = self.length.length();
        let Some(membership) = &mut self.membership else { return Standing::Old };
        let reached = membership.beyond.filter(|beyond| beyond.head <= report.applied.revision);
        if let Some(beyond) = reached {
            membership.beyond = None;
            membership.lease = membership.lease.max(Some(beyond.sent.after(length)));
        }
        if head <= report.applied.revision {
            membership.beyond = None;
            membership.lease = membership.lease.max(Some(report.sent.after(length)));
        } else if membership.beyond.is_none() {
            membership.beyond = Some(Beyond { head, sent: report.sent });
        }
        match membership.lease {
            Some(until) if now < until => Standing::Lease(until),
            _ => Standing::Behind(head),
        }
    }

    /// Until when it may answer, if it may at all. What is asked for later than that is answered 503.
    #[must_use]
    pub fn lease(&self) -> Option<Reading> {
        self.membership.as_ref()?.lease
    }

    /// Whether it may answer at this reading, which was taken for the request.
    #[must_use]
    pub fn holds(&self, now: Reading) -> bool {
        self.lease().is_some_and(|until| now < until)
    }

    /// Its membership, while it has one.
    #[must_use]
    pub fn incarnation(&self) -> Option<Incarnation> {
        self.membership.as_ref().map(|membership| membership.incarnation)
    }

    /// It goes by itself: from here on it answers nothing, and then its row may go.
    pub fn leaves(&mut self) -> Option<Incarnation> {
        self.is_reporting = false;
        self.membership.take().map(|membership| membership.incarnation)
    }

    /// The same member as it would be on a clock that began so much later: what it does depends on differences alone. A
    /// model of unbounded time is finite by that.
    #[must_use]
    pub fn on_a_clock_that_began_later(&self, by: Duration) -> Self {
        let earlier = |reading: Reading| Reading(reading.0.saturating_sub(by));
        let membership = self.membership.clone().map(|membership| Membership {
            joined: earlier(membership.joined),
            lease: membership.lease.map(earlier),
            beyond: membership.beyond.map(|beyond| Beyond { sent: earlier(beyond.sent), ..beyond }),
            ..membership
        });
        Self { membership, rests_until: self.rests_until.map(earlier), ..self.clone() }
    }

    fn is_of_this_membership(&self, report: &Report) -> bool {
        self.incarnation() == Some(report.incarnation)
    }

    fn marked_out(&mut self, now: Reading) {
        let Some(membership) = self.membership.take() else { return };
        let pause = |times: u8| {
            let doubled = 1_u32.checked_shl(u32::from(times)).unwrap_or(u32::MAX);
            self.length.length().saturating_mul(doubled).min(PAUSE_MAX)
        };
        let lasted = now.since(membership.joined);
        self.marked_out = if lasted > pause(self.marked_out) { 1 } else { self.marked_out.saturating_add(1) };
        self.rests_until = self.marked_out.checked_sub(2).map(|times| now.after(pause(times)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::position::Mark;

    const LENGTH: Duration = Duration::from_secs(3);

    fn at(seconds: u64) -> Reading {
        Reading(Duration::from_secs(seconds))
    }

    fn position(revision: u64) -> Position {
        Position { revision: Revision(revision), mark: Mark(u128::from(revision)) }
    }

    fn found(head: u64) -> Reply {
        Reply::Found { head: Revision(head) }
    }

    /// A member at this change, at second 0.
    fn member(revision: u64) -> Member {
        let mut member = Member::new(LeaseLength::new(LENGTH).expect("a length"));
        member.joined(Incarnation(1), position(revision), at(0));
        member
    }

    #[test]
    fn joining_gives_no_lease_and_the_first_report_one_from_before_it_was_sent() {
        let mut member = member(7);
        assert!(!member.holds(at(0)));
        let report = member.report(at(1)).expect("a report");
        assert_eq!(member.report(at(1)), None, "one at a time");
        assert_eq!(member.replied(&report, found(7), at(3)), Standing::Lease(at(4)));
        assert!(member.holds(at(3)) && !member.holds(at(4)));
    }

    #[test]
    fn a_reply_that_comes_too_late_gives_nothing_to_answer_with() {
        let mut member = member(7);
        let report = member.report(at(1)).expect("a report");
        assert_eq!(member.replied(&report, found(7), at(4)), Standing::Behind(Revision(7)));
        assert!(!member.holds(at(4)));
    }

    #[test]
    fn a_head_beyond_gives_a_lease_once_a_report_that_carries_it_found_the_row() {
        let mut member = member(7);
        let first = member.report(at(1)).expect("a report");
        assert_eq!(member.replied(&first, found(9), at(1)), Standing::Behind(Revision(9)));
        member.applied(position(8));
        let second = member.report(at(2)).expect("a report");
        assert_eq!(member.replied(&second, found(10), at(2)), Standing::Behind(Revision(10)));
        member.applied(position(9));
        assert!(!member.holds(at(2)), "being there is not enough");
        let third = member.report(at(3)).expect("a report");
        assert_eq!(member.replied(&third, found(12), at(3)), Standing::Lease(at(4)), "counted from the first report");
        member.applied(position(12));
        let fourth = member.report(at(5)).expect("a report");
        assert_eq!(member.replied(&fourth, found(13), at(5)), Standing::Lease(at(6)), "counted from the third");
    }

    #[test]
    fn who_is_not_found_is_out_at_once_whatever_his_lease() {
        let mut member = member(7);
        let report = member.report(at(0)).expect("a report");
        assert_eq!(member.replied(&report, found(7), at(0)), Standing::Lease(at(3)));
        let report = member.report(at(1)).expect("a report");
        assert_eq!(member.replied(&report, Reply::NotFound, at(1)), Standing::Out);
        assert!(!member.holds(at(1)) && member.incarnation().is_none() && member.report(at(1)).is_none());
    }

    #[test]
    fn a_reply_to_an_earlier_membership_says_nothing() {
        let mut member = member(7);
        let report = member.report(at(0)).expect("a report");
        assert_eq!(member.leaves(), Some(Incarnation(1)));
        member.joined(Incarnation(2), position(7), at(1));
        assert_eq!(member.replied(&report, found(7), at(1)), Standing::Old);
        assert!(!member.holds(at(1)));
        assert!(member.report(at(1)).is_some());
    }

    #[test]
    fn a_report_that_is_given_up_makes_room_for_the_next() {
        let mut member = member(7);
        let report = member.report(at(0)).expect("a report");
        member.gave_up(&report);
        assert!(member.report(at(1)).is_some());
    }

    #[test]
    fn who_is_marked_out_again_and_again_rests_longer_and_longer() {
        let mut member = member(7);
        let mut now = 0;
        let mut rested = Vec::new();
        for incarnation in 2..9 {
            let report = member.report(at(now)).expect("a report");
            assert_eq!(member.replied(&report, Reply::NotFound, at(now)), Standing::Out);
            rested.push(member.rests_until().map_or(0, |until| until.since(at(now)).as_secs()));
            now = member.rests_until().map_or(now, |until| until.0.as_secs());
            member.joined(Incarnation(incarnation), position(7), at(now));
        }
        assert_eq!(rested, [0, 3, 6, 12, 24, 48, 60]);
        let report = member.report(at(now + 600)).expect("a report");
        member.replied(&report, Reply::NotFound, at(now + 600));
        assert_eq!(member.rests_until(), None, "it had stayed for long");
    }
}
