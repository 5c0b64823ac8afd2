//! What is recorded of decisions: the change of each revision, and its audit events.
//!
//! They are gathered over the decisions of a transaction and sent many at once.

use std::sync::Arc;

use claviger_access::{Decision, Directory, Mark, Moment, Revision};

use super::event_row::{self, EventRow};
use super::many::{Bound, Many};
use super::rows::{hex, number};
use super::statements::statements;
use super::together::Part;
use super::writing::Origin;
use super::{StoreError, change_format};
use crate::audit_chain::{ChainDigest, ChainKey};

statements! {
    INSERT_CHANGE = "INSERT INTO changes (revision, mark, request_id, made_at, body) VALUES ($1, $2, $3, $4, $5)";
}

pub(super) static INSERT_CHANGES: Many = Many::of("INSERT_CHANGES", INSERT_CHANGE);

/// So many rows are gathered at most, or those of one decision more.
const GATHERED_MAX: usize = 128;

/// Changes and events that were not sent yet.
pub(super) struct Record {
    changes: Vec<ChangeRow>,
    events: Vec<(EventRow, ChainDigest)>,
    next_event: i64,
    key: ChainKey,
    /// The digest of the last event that was taken down.
    digest: ChainDigest,
}

struct ChangeRow {
    revision: Revision,
    mark: Mark,
    request_id: Arc<str>,
    made: Moment,
    body: String,
}

impl Record {
    /// A record that goes on from here.
    pub(super) fn new(next_event: i64, key: ChainKey, digest: ChainDigest) -> Self {
        Self { changes: Vec::new(), events: Vec::new(), next_event, key, digest }
    }

    /// The digest of the last event.
    pub(super) fn digest(&self) -> ChainDigest {
        self.digest
    }

    /// The id of the event that comes next.
    pub(super) fn next_event(&self) -> i64 {
        self.next_event
    }

    /// Takes down one decision. `after` is the state with the decision applied, at its revision.
    pub(super) fn add(
        &mut self,
        decision: &Decision,
        after: &Directory,
        origin: &Origin,
        made: Moment,
    ) -> Result<(), StoreError> {
        let (revision, mark) = (after.revision(), after.mark());
        let body = change_format::write(decision.changes())
            .map_err(|error| StoreError::unreadable(format!("a change of revision {revision}: {error}")))?;
        self.changes.push(ChangeRow { revision, mark, request_id: origin.request_id.clone(), made, body });
        for event in decision.events() {
            let row = EventRow::of(event, self.next_event, after, revision, made, origin);
            self.digest = row.seal(&self.key, &self.digest).finish();
            self.events.push((row, self.digest));
            self.next_event += 1;
        }
        Ok(())
    }

    pub(super) fn is_long(&self) -> bool {
        self.changes.len() + self.events.len() >= GATHERED_MAX
    }

    /// What there is to send.
    pub(super) fn parts(&self) -> [Part<'_>; 2] {
        [Part::many(&INSERT_CHANGES, &self.changes, bind_change), event_row::inserted(&self.events, &self.key)]
    }

    /// It was sent.
    pub(super) fn clear(&mut self) {
        self.changes.clear();
        self.events.clear();
    }
}

fn bind_change<'q>(insert: Bound<'q>, change: &ChangeRow) -> Bound<'q> {
    insert
        .bind(number(change.revision.0))
        .bind(hex(&change.mark.0))
        .bind(change.request_id.to_string())
        .bind(change.made.seconds())
        .bind(change.body.clone())
}
