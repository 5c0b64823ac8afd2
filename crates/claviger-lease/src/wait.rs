//! How long the answer to a write waits: until every node that may answer has what was written.
//!
//! What must stay true: a wait begins with a reading that was taken after the commit's reply; the rows that it looks at were
//! read after it began, in one statement that has found the change in their history: a primary that was replaced still
//! answers reads, and its rows lack who joined at the other one. Where no commit's reply has told that the change is durable
//! (its outcome was looked up, or nothing was to be done), that statement is a report of this node that carried it, and
//! commits. Who is silent is marked out by the store, which judges the row itself, and a look after that no longer finds it.

use crate::position::{Incarnation, Revision};
use crate::timing::{Drift, LeaseLength, Reading};

/// A node's row, as a transaction found it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Row {
    /// Whose it is.
    pub incarnation: Incarnation,
    /// The newest change that the node has told of.
    pub applied: Revision,
    /// For how long it may answer after a report.
    pub lease: LeaseLength,
}

/// The wait of what was decided on a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Wait {
    revision: Revision,
    began: Reading,
    drift: Drift,
}

/// What a look at the rows says.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Look {
    /// Every node that may answer contains the change: it may be answered.
    Everywhere,
    /// These have not told of it.
    Silent {
        /// Those whose leases have run out: the store is to delete their rows, each if it is still behind the change.
        out: Vec<Incarnation>,
        /// When the lease of the next one will have run out.
        next: Option<Reading>,
    },
}

impl Wait {
    /// A wait for a change and all before it, from a reading taken after the reply to its commit came in; after the read
    /// that found it, where the outcome of the commit was unknown or nothing was written.
    #[must_use]
    pub fn new(revision: Revision, replied: Reading, drift: Drift) -> Self {
        Self { revision, began: replied, drift }
    }

    /// What is waited for.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// Since when, on this node's clock. Rows that were read before say nothing.
    #[must_use]
    pub fn began(&self) -> Reading {
        self.began
    }

    /// Looks at all rows, read after the wait began and together with whether the change stands in their history.
    pub fn look(&self, now: Reading, rows: impl IntoIterator<Item = Row>) -> Look {
        let (mut out, mut next) = (Vec::new(), None::<Reading>);
        for row in rows.into_iter().filter(|row| row.applied < self.revision) {
            let over = self.began.after(self.drift.outlasts(row.lease));
            if now >= over {
                out.push(row.incarnation);
            } else {
                next = Some(next.map_or(over, |next| next.min(over)));
            }
        }
        if out.is_empty() && next.is_none() { Look::Everywhere } else { Look::Silent { out, next } }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(milliseconds: u64) -> Reading {
        Reading(Duration::from_millis(milliseconds))
    }

    fn row(incarnation: u128, applied: u64, lease: u64) -> Row {
        let lease = LeaseLength::new(Duration::from_secs(lease)).expect("a length");
        Row { incarnation: Incarnation(incarnation), applied: Revision(applied), lease }
    }

    fn wait() -> Wait {
        Wait::new(Revision(9), at(1_000), Drift::new(25).expect("an allowance"))
    }

    #[test]
    fn it_ends_when_every_row_has_reached_the_change() {
        assert_eq!(wait().look(at(1_000), [row(1, 9, 3), row(2, 12, 3)]), Look::Everywhere);
        let next = Some(at(4_750));
        let silent = Look::Silent { out: Vec::new(), next };
        assert_eq!(wait().look(at(1_000), [row(1, 9, 3), row(2, 8, 3)]), silent);
        assert_eq!(wait().look(at(1_000), [row(1, 8, 3), row(2, 8, 20)]), silent, "the first to run out");
    }

    #[test]
    fn the_silent_are_marked_out_when_their_own_leases_must_have_run_out() {
        let rows = [row(1, 9, 3), row(2, 8, 3), row(3, 8, 4)];
        let out = |now| match wait().look(at(now), rows) {
            Look::Everywhere => panic!("two are silent"),
            Look::Silent { out, .. } => out,
        };
        assert_eq!(out(4_749), []);
        assert_eq!(out(4_750), [Incarnation(2)]);
        assert_eq!(out(6_000), [Incarnation(2), Incarnation(3)]);
    }
}
