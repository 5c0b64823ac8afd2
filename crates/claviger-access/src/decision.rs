//! What a use case answers: the changes to make, the events that record them, and the reply to give.

use crate::change::Change;
use crate::event::Event;
use crate::revision::Revision;

/// Changes that somebody was permitted to make. Only a decider makes one; only the writer commits one.
///
/// It cannot be made without an [`Event`], and an event cannot be made without a [`Permit`](crate::Permit):
/// forgetting to authorize, or to record, does not compile.
#[derive(Debug)]
pub struct Decision {
    changes: Vec<Change>,
    events: Vec<Event>,
}

impl Decision {
    /// The first event says what was done; `changes` do it.
    pub(crate) fn new(event: Event, changes: Vec<Change>) -> Self {
        Self { changes, events: vec![event] }
    }

    /// Adds more that is done in the same mutation.
    pub(crate) fn and(mut self, event: Event, changes: impl IntoIterator<Item = Change>) -> Self {
        self.events.push(event);
        self.changes.extend(changes);
        self
    }

    /// Whether each of its permits was given on exactly this state.
    pub fn was_judged_at(&self, revision: Revision) -> bool {
        self.events.iter().all(|event| event.judged_at() == revision)
    }

    /// What to do.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// What to record.
    pub fn events(&self) -> &[Event] {
        &self.events
    }
}

/// The outcome of a use case that was not refused.
#[derive(Debug)]
pub enum Decided<R> {
    /// Write this, then reply.
    Write(Decision, R),
    /// It is so already: no revision is taken. The reply still waits for the state that it was decided on.
    Nothing(R),
}
