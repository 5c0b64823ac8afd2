//! A node: the code under test, and what is under way between it and the store.

use std::time::Duration;

use claviger_lease::{LeaseLength, Member, Reading, Reply, Report};

use super::steps::At;
use super::store::{Row, Write};

/// The model's clocks go by this.
pub(crate) const TICK: Duration = Duration::from_secs(1);
/// What a clock shows, always: readings of the past move back in its place.
pub(crate) const NOW: Reading = Reading(Duration::from_secs(3));

/// Something that was asked of the store.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Asked<Q, A> {
    Sent(Q),
    /// Run, and not at the standby yet.
    Unreplicated(Q, A),
    Replied(Q, A),
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Reporting {
    Idle,
    Sent(Report),
    /// The statement has found the row, locked it, and read the head; it is not committed.
    Read(Report, u8, At),
    Unreplicated(Report, Reply),
    Replied(Report, Reply),
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Joining {
    No,
    Asked(Asked<(u8, Vec<Write>), ()>),
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Writing {
    Idle,
    /// Sent, at a reading.
    Commit(Asked<(Write, Reading), u8>),
    /// The outcome is not known.
    LookUp(Write),
    LookedUp(Write, u8),
    Wait(Waiting),
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Waiting {
    pub(crate) write: Write,
    /// What is waited for, and the write that it is: the mark.
    pub(crate) revision: u8,
    pub(crate) mark: Write,
    pub(crate) began: Reading,
    /// Whether a commit's reply has told that it is at the standby.
    pub(crate) is_replicated: bool,
    pub(crate) look: Looking,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Looking {
    No,
    RowsUnreplicated(Vec<Row>),
    /// Read at this reading; what is older than a lease matters to a store that goes back in time alone.
    Rows(Vec<Row>, Reading),
    MarkOut(Vec<u8>),
    MarkedOutUnreplicated,
    MarkedOut,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Node {
    pub(crate) member: Member,
    /// The published image.
    pub(crate) image: Option<Vec<Write>>,
    /// The store's epoch when it was loaded.
    pub(crate) epoch: u8,
    pub(crate) joining: Joining,
    pub(crate) reporting: Reporting,
    /// A report that was given up and may still be run.
    pub(crate) stray: Option<Report>,
    /// The newest revision that it knows every node to have: what it answers of that waits for nothing.
    pub(crate) everywhere: u8,
    /// The greatest place that it knows to be in the store, with the epoch; a crash does not take it away.
    pub(crate) seen: (u8, Vec<Write>),
    /// Ticks since its clock stood still for one, four at most.
    pub(crate) ran: u8,
    /// How often it has joined.
    pub(crate) joins: u8,
}

impl Node {
    pub(crate) fn new(lease: Duration) -> Self {
        Self {
            member: Self::outside(lease),
            image: None,
            epoch: 0,
            joining: Joining::No,
            reporting: Reporting::Idle,
            stray: None,
            everywhere: 0,
            seen: (0, Vec::new()),
            ran: 4,
            joins: 0,
        }
    }

    /// What is left of it after a crash.
    pub(crate) fn crashed(&self, lease: Duration) -> Self {
        Self { joins: self.joins, ran: self.ran, seen: self.seen.clone(), ..Self::new(lease) }
    }

    pub(crate) fn outside(lease: Duration) -> Member {
        Member::new(LeaseLength::new(lease).expect("a length"))
    }

    /// Its clock goes by a tick.
    pub(crate) fn tick(&mut self, lease: Duration) {
        // What was sent a lease ago and what was sent before that are alike.
        let earlier = |reading: &mut Reading| reading.0 = reading.0.saturating_sub(TICK).max(NOW.0 - lease);
        self.member = self.member.on_a_clock_that_began_later(TICK);
        match &mut self.reporting {
            Reporting::Idle => {}
            Reporting::Sent(report)
            | Reporting::Read(report, ..)
            | Reporting::Unreplicated(report, _)
            | Reporting::Replied(report, _) => earlier(&mut report.sent),
        }
        if let Some(report) = &mut self.stray {
            report.sent = Reading(NOW.0 - lease);
        }
    }
}

/// Whoever writes: a request to a node that changes something.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Writer {
    /// The node that it is at; none where that node's own life is left out, but for its writing.
    pub(crate) node: Option<usize>,
    pub(crate) writing: Writing,
}

impl Writer {
    pub(crate) fn tick(&mut self, may_be_restored: bool) {
        let earlier = |reading: &mut Reading| reading.0 = reading.0.saturating_sub(TICK);
        match &mut self.writing {
            Writing::Commit(
                Asked::Sent((_, sent)) | Asked::Unreplicated((_, sent), _) | Asked::Replied((_, sent), _),
            ) => earlier(sent),
            Writing::Wait(waiting) => {
                earlier(&mut waiting.began);
                if let Looking::Rows(_, read) = &mut waiting.look
                    && may_be_restored
                {
                    earlier(read);
                }
            }
            Writing::Idle | Writing::LookUp(_) | Writing::LookedUp(..) => {}
        }
    }
}
