//! What this node counts for its operators while it answers. [`metrics_page`](crate::metrics_page) shows it.
//!
//! What must stay true: a request that is let in takes no lock for being counted; labels are words of this program's own,
//! never what somebody sent or is called, so there are as many lines with one account as with a million; what an operator
//! has himself alarmed by is there from the start, at 0, or the first one would not be seen as more than before.

pub mod answers;
pub mod membership;

use std::sync::{Arc, OnceLock};

use claviger_access::authorize::NoAdmission;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use self::answers::Answers;
use self::membership::MembershipMetrics;

/// What is counted.
#[derive(Debug, Default)]
pub struct Metrics {
    /// Answers under `/api`, and everywhere that is nobody else's.
    pub api: Arc<Answers>,
    /// Answers of the console's pages.
    pub console: Arc<Answers>,
    /// Answers to gateways.
    pub gateway: Arc<Answers>,
    /// Answers of a proxy in this process, where there is one.
    pub proxy: OnceLock<Arc<Answers>>,
    /// Checks for gateways.
    pub checks: Checks,
    /// Credentials that were not let in, by why.
    not_admitted: Family<Reason, Counter>,
    /// Connections of the listener.
    pub connections: Connections,
    /// This node among others, where it shares its store.
    pub membership: OnceLock<Arc<MembershipMetrics>>,
}

/// Checks for gateways, by what they were answered.
#[derive(Debug)]
pub struct Checks {
    passed: Counter,
    by_answer: Family<Answer, Counter>,
}

/// Open connections, and those that were not let in.
#[derive(Debug, Clone, Default)]
pub struct Connections {
    /// Open now.
    pub open: Gauge,
    /// Turned away: their address has as many as it may.
    pub turned_away: Counter,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answer {
    answer: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reason {
    reason: &'static str,
}

impl Default for Checks {
    fn default() -> Self {
        let by_answer = Family::<Answer, Counter>::default();
        drop(by_answer.get_or_create(&Answer { answer: "unavailable" }));
        Self { passed: by_answer.get_or_create_owned(&Answer { answer: "passed" }), by_answer }
    }
}

impl Checks {
    /// A request goes through.
    pub fn passed(&self) {
        self.passed.inc();
    }

    /// A request does not go through; `code` is the failure's.
    pub fn refused(&self, code: &'static str) {
        self.by_answer.get_or_create(&Answer { answer: code }).inc();
    }
}

impl Metrics {
    /// A credential was not let in.
    pub fn not_admitted(&self, why: NoAdmission) {
        self.not_admitted.get_or_create(&Reason { reason: why.text() }).inc();
    }

    /// Has all of it shown.
    pub fn register(self: &Arc<Self>, registry: &mut Registry) {
        for why in NoAdmission::ALL {
            drop(self.not_admitted.get_or_create(&Reason { reason: why.text() }));
        }
        let mut surfaces = vec![
            ("api", Arc::clone(&self.api)),
            ("console", Arc::clone(&self.console)),
            ("gateway", Arc::clone(&self.gateway)),
        ];
        surfaces.extend(self.proxy.get().map(|answers| ("proxy", Arc::clone(answers))));
        registry.register_collector(Box::new(answers::Shown(surfaces)));
        registry.register("checks", "Checks for gateways, by answer", self.checks.by_answer.clone());
        registry.register("credentials_refused", "Credentials that were not let in, by why", self.not_admitted.clone());
        registry.register("connections", "Open connections", self.connections.open.clone());
        let turned_away = "Connections that were closed at once, since their address has as many as it may";
        registry.register("connections_turned_away", turned_away, self.connections.turned_away.clone());
        if let Some(membership) = self.membership.get() {
            membership.register(registry);
        }
    }
}
