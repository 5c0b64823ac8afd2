//! What the writer's task does for the audit log between batches: marks in the server's log, and retention.

use std::time::{Duration, Instant};

use claviger_access::Moment;

use super::WriterTask;
use crate::clock;

/// The log gets a mark so often, where something happened.
const MARK_EVERY: Duration = Duration::from_secs(60 * 60);

/// The last mark: when, and at which event.
#[derive(Default)]
pub(super) struct Marked {
    last: Option<(Instant, i64)>,
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

    /// Writes a mark of the audit log to the server's log: soon after the start, every hour in which something happened,
    /// and at the end.
    pub(super) async fn mark_audit_log(&mut self, at_the_end: bool) {
        let now = clock::instant();
        let is_recent = self.marked.last.is_some_and(|(at, _)| now.duration_since(at) < MARK_EVERY);
        let (true, Some(ring)) = (self.cluster.is_ready(), self.store.audit_keys()) else { return };
        if is_recent && !at_the_end {
            return;
        }
        match self.store.audit_mark(&ring, clock::now()).await {
            Ok(Some(mark)) if mark.event > 0 => {
                if self.marked.last.is_none_or(|(_, event)| event != mark.event) {
                    tracing::info!("{mark}");
                }
                self.marked.last = Some((now, mark.event));
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "the audit log could not be marked; trying again later"),
        }
    }
}
