//! What a meter that runs for ever shows to Prometheus.
//!
//! What must stay true: labels are words of this program's own; what an operator has himself alarmed by is there from the
//! start, at 0.

use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::round::Round;
use super::statistics::Verdict;
use crate::clock;

/// Upper ends of the buckets, in seconds. The first is of rounds in which nobody was accepted.
const BUCKETS_S: [f64; 10] = [0.0, 0.001, 0.01, 0.1, 0.5, 1.0, 5.0, 30.0, 120.0, 600.0];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

/// What is counted.
#[derive(Debug, Clone)]
pub struct Canary {
    rounds: Family<Outcome, Counter>,
    accepted_after: Counter<u64, AtomicU64>,
    refused_while_valid: Counter,
    no_answers: Counter,
    left_behind: Counter,
    windows: Histogram,
    last_clean: Arc<Mutex<Instant>>,
}

impl Canary {
    /// Nothing yet: until the first good round, the last one counts as having been now.
    pub fn new() -> Self {
        let rounds = Family::<Outcome, Counter>::default();
        for verdict in Verdict::ALL {
            drop(rounds.get_or_create(&Outcome { outcome: verdict.text() }));
        }
        Self {
            rounds,
            accepted_after: Counter::default(),
            refused_while_valid: Counter::default(),
            no_answers: Counter::default(),
            left_behind: Counter::default(),
            windows: Histogram::new(BUCKETS_S),
            last_clean: Arc::new(Mutex::new(clock::instant())),
        }
    }

    /// One more round, and what it shows.
    pub fn count(&self, round: &Round, verdict: Option<Verdict>) {
        let left = match round {
            Round::Measured(measured) => {
                self.accepted_after.inc_by(measured.accepted_after());
                self.refused_while_valid.inc_by(measured.refused_while_valid());
                self.no_answers.inc_by(measured.no_answers());
                if matches!(verdict, Some(Verdict::Clean | Verdict::Late)) {
                    self.windows.observe(measured.window().as_secs_f64());
                }
                &None
            }
            Round::Failed(failed) => &failed.left,
            Round::Stopped { left } => left,
        };
        self.left_behind.inc_by(u64::from(left.is_some()));
        if let Some(verdict) = verdict {
            self.rounds.get_or_create(&Outcome { outcome: verdict.text() }).inc();
        }
        if verdict == Some(Verdict::Clean) {
            *self.last_clean.lock().unwrap_or_else(PoisonError::into_inner) = clock::instant();
        }
    }

    /// All of it.
    pub fn registry(&self) -> Registry {
        let mut registry = Registry::with_prefix("claviger_meter");
        registry.register("rounds", "Rounds, by what they show", self.rounds.clone());
        let help = "Uses that were sent after the answered revocation, and accepted";
        registry.register("accepted_after_revocation", help, self.accepted_after.clone());
        let help = "Refusals after the answered creation, before anybody asked for the revocation";
        registry.register("refused_while_valid", help, self.refused_while_valid.clone());
        registry.register("no_answers", "Uses that were neither accepted nor refused", self.no_answers.clone());
        registry.register("left_behind", "Credentials that are, or may be, still there", self.left_behind.clone());
        let help = "From the revocation's answer to the last use that was accepted, of clean and late rounds";
        registry.register("revocation_window_seconds", help, self.windows.clone());
        registry.register_collector(Box::new(SinceClean(Arc::clone(&self.last_clean))));
        registry
    }
}

impl Default for Canary {
    fn default() -> Self {
        Self::new()
    }
}

#[derive(Debug)]
struct SinceClean(Arc<Mutex<Instant>>);

impl Collector for SinceClean {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let last = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let since = ConstGauge::new(clock::instant().saturating_duration_since(last).as_secs_f64());
        let (name, help) =
            ("seconds_since_clean_round", "Since the last round in which nobody was accepted, or the start");
        since.encode(encoder.encode_descriptor(name, help, None, MetricType::Gauge)?)
    }
}
