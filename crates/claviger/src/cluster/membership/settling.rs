//! Which answers need not wait any longer, by what a report has found; and marking out who keeps them waiting.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use claviger_lease::wait::Look;
use claviger_lease::{Incarnation, Mark, Reading, Report, Revision};

use super::super::waits::Waiting;
use super::Membership;
use crate::clock;
use crate::metrics::membership::MembershipMetrics;
use crate::store::Store;
use crate::store::nodes::{Found, NamedRow, Peeked};

/// An answer that waits longer is told of in the log, with whom it waits for.
const TOLD_AFTER: Duration = Duration::from_secs(1);

/// A silent node is marked out within this, or at the next report.
const MARKED_OUT_WITHIN: Duration = Duration::from_secs(2);

impl Membership {
    /// Lets those answers go that every node has. `found` is what this node's report found, which carried what it answers
    /// with.
    pub(super) fn settle(&mut self, report: &Report, found: &Found, now: Reading) {
        // What was found a lease ago may be of a history that is lost, and another epoch may have begun since.
        if now >= report.sent.after(self.properties.lease.length()) {
            return;
        }
        self.take_arrived();
        self.metrics.reported(found.rows.len());
        if let Some(longest) = found.rows.iter().map(|one| one.row.lease).max() {
            self.arriving.longest_lease(longest);
        }
        let others: Vec<&NamedRow> =
            found.rows.iter().filter(|one| one.row.incarnation != report.incarnation).collect();
        self.is_alone = others.is_empty();
        let reached = others.iter().map(|one| one.row.applied).min();
        self.arriving
            .is_everywhere(reached.map_or(report.applied.revision, |reached| reached.min(report.applied.revision)));
        let mut silent = BTreeMap::<Incarnation, Revision>::new();
        for mut waiting in std::mem::take(&mut self.waiting) {
            let wait = waiting.wait;
            if report.applied.revision < wait.revision() || report.sent < wait.began() {
                self.waiting.push(waiting);
                continue;
            }
            match wait.look(now, others.iter().map(|one| one.row)) {
                Look::Everywhere => {
                    self.metrics.waited(now.since(wait.began()));
                    waiting.answer();
                }
                Look::Silent { out, .. } => {
                    for incarnation in out {
                        let behind = silent.entry(incarnation).or_insert(wait.revision());
                        *behind = wait.revision().max(*behind);
                    }
                    if !waiting.is_told && now.since(wait.began()) > TOLD_AFTER {
                        waiting.is_told = true;
                        tell(wait.revision(), &others);
                    }
                    self.waiting.push(waiting);
                }
            }
        }
        if self.is_marking_out() {
            return;
        }
        for (incarnation, behind) in silent {
            let node = others.iter().find(|one| one.row.incarnation == incarnation);
            let node = node.map(|one| one.name.clone()).unwrap_or_default();
            let (store, metrics) = (self.store.clone(), Arc::clone(&self.metrics));
            self.marking_out.spawn(mark_out(store, metrics, incarnation, behind, node));
        }
    }

    fn is_marking_out(&mut self) -> bool {
        while self.marking_out.try_join_next().is_some() {}
        !self.marking_out.is_empty()
    }

    /// Lets those answers go that every node has, of what a commit's reply has told to be durable: such a change is in every
    /// history that is not lost, so rows of a history that has it tell of all who may answer. `sent` was read before the look.
    pub(super) fn answer_committed(&mut self, sent: Reading, peeked: &Peeked, own: Incarnation) {
        let now = clock::reading();
        let image = self.cluster.image().map(|image| Revision(image.revision().0));
        if !peeked.stands || now >= sent.after(self.properties.lease.length()) {
            return;
        }
        let others = peeked.rows.iter().filter(|one| one.row.incarnation != own);
        self.is_alone = others.clone().next().is_none();
        for waiting in std::mem::take(&mut self.waiting) {
            let is_here = image.is_some_and(|image| image >= waiting.wait.revision());
            let is_looked_at = is_here && waiting.committed.is_some() && waiting.wait.began() <= sent;
            if is_looked_at && waiting.wait.look(now, others.clone().map(|one| one.row)) == Look::Everywhere {
                self.metrics.waited(now.since(waiting.wait.began()));
                waiting.answer();
            } else {
                self.waiting.push(waiting);
            }
        }
    }

    /// Takes one that the writer has handed over, unless it is of another epoch.
    pub(super) fn take(&mut self, waiting: Waiting) {
        if let (Some(epoch), Some(committed)) = (self.epoch, waiting.committed) {
            if committed.epoch != epoch.mark {
                // Dropped: it was written in a history that is lost, or nobody knows.
                return;
            }
            self.seen.note(epoch, claviger_access::Revision(waiting.wait.revision().0), committed.mark);
        }
        self.waiting.push(waiting);
    }

    /// The newest change that waits, of those that a commit's reply has told to be durable.
    pub(super) fn newest_committed(&self) -> Option<(Revision, Mark)> {
        let committed = self.waiting.iter().filter_map(|waiting| {
            let mark = Mark(u128::from_be_bytes(waiting.committed?.mark.0));
            Some((waiting.wait.revision(), mark))
        });
        committed.max_by_key(|(revision, _)| *revision)
    }

    /// Whether a report that finds these rows would let an answer go, or have somebody marked out.
    pub(super) fn is_worth_a_report(&mut self, rows: &[NamedRow], own: Incarnation) -> bool {
        let is_marking_out = self.is_marking_out();
        let image = self.cluster.image().map(|image| Revision(image.revision().0));
        let (now, others) = (clock::reading(), rows.iter().filter(|one| one.row.incarnation != own));
        let here = self.waiting.iter().filter(|waiting| image.is_some_and(|image| image >= waiting.wait.revision()));
        let mut here = here.map(|waiting| &waiting.wait);
        here.any(|wait| match wait.look(now, others.clone().map(|one| one.row)) {
            Look::Everywhere => true,
            Look::Silent { out, .. } => !out.is_empty() && !is_marking_out,
        })
    }

    /// Those that the writer has handed over since. What a commit's reply has told to be durable is noted, before anybody is
    /// answered with it: a store that lacks it later has lost it.
    pub(super) fn take_arrived(&mut self) {
        while let Ok(waiting) = self.arriving.waiting.try_recv() {
            self.take(waiting);
        }
        self.waiting.retain(|waiting| !waiting.is_given_up());
    }
}

async fn mark_out(
    store: Store,
    metrics: Arc<MembershipMetrics>,
    incarnation: Incarnation,
    behind: Revision,
    node: String,
) {
    let marked = tokio::time::timeout(MARKED_OUT_WITHIN, store.mark_out(incarnation, behind)).await;
    match marked {
        // It had reported meanwhile, or another node was faster.
        Ok(Ok(false)) => {}
        Ok(Ok(true)) => {
            metrics.marked_out();
            tracing::warn!(node, behind = behind.0, "a silent node is marked out: its lease has run out");
        }
        Ok(Err(error)) => tracing::warn!(node, %error, "a silent node cannot be marked out yet"),
        Err(_) => tracing::warn!(node, "a silent node cannot be marked out yet: the store does not answer"),
    }
}

fn tell(revision: Revision, others: &[&NamedRow]) {
    let silent: Vec<&str> =
        others.iter().filter(|one| one.row.applied < revision).map(|one| one.name.as_str()).collect();
    tracing::warn!(revision = revision.0, nodes = silent.join(", "), "a write waits for nodes that are silent");
}
