//! What the writer's task does for the audit log between batches: marks in the server's log, and retention.

use std::time::{Duration, Instant};

use claviger_access::Moment;

use super::WriterTask;
use crate::audit_chain::mark::AuditMark;
use crate::clock;

/// The log gets a mark so often, where something happened.
const MARK_EVERY: Duration = Duration::from_secs(60 * 60);

/// The last marks: when, and at which events.
#[derive(Default)]
pub(super) struct Marked {
    at: Option<Instant>,
    events: Vec<i64>,
}

impl WriterTask {
    /// Removes one batch of events that are older than they are kept; whether there may be more.
    pub(super) async fn remove_old_events(&self) -> bool {
        let Some(kept) = self.books.audit_retention else { return false };
        let Some(before) = Moment::from_seconds(clock::now().seconds().saturating_sub(kept)) else { return false };
        self.store.remove_old_events(before).await.unwrap_or_else(|error| {
            tracing::error!(%error, "old audit events could not be removed; trying again later");
            false
        })
    }

    /// Writes marks of the audit log to the server's log: soon after the start, every hour in which something happened,
    /// and at the end.
    pub(super) async fn mark_audit_log(&mut self, at_the_end: bool) {
        let now = clock::instant();
        let is_recent = self.marked.at.is_some_and(|at| now.duration_since(at) < MARK_EVERY);
        let (true, Some(ring)) = (self.cluster.is_ready(), self.store.audit_keys()) else { return };
        if is_recent && !at_the_end {
            return;
        }
        match self.store.audit_marks(&ring, clock::now()).await {
            Ok(marks) => {
                let is_new = |mark: &&AuditMark| !self.marked.events.contains(&mark.event);
                marks.iter().filter(is_new).for_each(|mark| tracing::info!("{mark}"));
                self.marked = Marked { at: Some(now), events: marks.iter().map(|mark| mark.event).collect() };
            }
            Err(error) => tracing::warn!(%error, "the audit log could not be marked; trying again later"),
        }
    }
}
