//! What is counted of a node among others.

use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// Bounds of the waits, in seconds: from what a healthy database takes to what a silent node may cost.
const WAITS: [f64; 11] = [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0];

/// What a node counts that shares its store.
#[derive(Debug)]
pub struct MembershipMetrics {
    /// Rows that the last report found.
    nodes: Gauge,
    waits: Histogram,
    marked_out: Counter,
    reports_failed: Counter,
    joined: Counter,
}

impl Default for MembershipMetrics {
    fn default() -> Self {
        Self {
            nodes: Gauge::default(),
            waits: Histogram::new(WAITS),
            marked_out: Counter::default(),
            reports_failed: Counter::default(),
            joined: Counter::default(),
        }
    }
}

impl MembershipMetrics {
    /// A report was taken, and so many nodes have rows.
    pub fn reported(&self, nodes: usize) {
        self.nodes.set(i64::try_from(nodes).unwrap_or(i64::MAX));
    }

    /// A report was not taken.
    pub fn report_failed(&self) {
        self.reports_failed.inc();
    }

    /// An answer waited so long until every node had what it says.
    pub fn waited(&self, time: Duration) {
        self.waits.observe(time.as_secs_f64());
    }

    /// This node has marked another one out.
    pub fn marked_out(&self) {
        self.marked_out.inc();
    }

    /// This node has joined the others.
    pub fn joined(&self) {
        self.joined.inc();
    }

    /// Has all of it shown.
    pub fn register(&self, registry: &mut Registry) {
        registry.register("nodes", "Nodes that may answer, as the last report found them", self.nodes.clone());
        let waits = "From the commit of a write until every node had it";
        registry.register_with_unit("write_wait", waits, Unit::Seconds, self.waits.clone());
        let marked_out = "Silent nodes that this one has marked out";
        registry.register("nodes_marked_out", marked_out, self.marked_out.clone());
        let failed = "Reports of this node that the database did not take in time";
        registry.register("reports_failed", failed, self.reports_failed.clone());
        registry.register("joined", "How often this node has joined the others", self.joined.clone());
    }
}
