//! How often there was which status, and how long answers took, without a lock.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::http::StatusCode;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;

/// Upper ends of the buckets, in nanoseconds: from what a check from memory takes to what nobody waits for.
const BUCKETS_NS: [u64; 14] = [
    10_000,
    25_000,
    50_000,
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    50_000_000,
    250_000_000,
    1_000_000_000,
    5_000_000_000,
];

/// Statuses from 100 to 599.
const STATUSES: usize = 500;

/// Answers of one kind.
pub struct Answers {
    statuses: [AtomicU64; STATUSES],
    /// The last is of those that took longer than all buckets.
    took: [AtomicU64; BUCKETS_NS.len() + 1],
    took_ns: AtomicU64,
}

impl Default for Answers {
    fn default() -> Self {
        let zero = || AtomicU64::new(0);
        Self {
            statuses: std::array::from_fn(|_| zero()),
            took: std::array::from_fn(|_| zero()),
            took_ns: AtomicU64::new(0),
        }
    }
}

impl fmt::Debug for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.by_status()).finish()
    }
}

impl Answers {
    /// One more.
    pub fn count(&self, status: StatusCode, took: Duration) {
        if let Some(count) = self.statuses.get(usize::from(status.as_u16()).wrapping_sub(100)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        let ns = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let bucket = BUCKETS_NS.partition_point(|end| *end < ns);
        self.took[bucket].fetch_add(1, Ordering::Relaxed);
        self.took_ns.fetch_add(ns, Ordering::Relaxed);
    }

    /// Those that there were.
    fn by_status(&self) -> impl Iterator<Item = (usize, u64)> {
        let counts = self.statuses.iter().map(|count| count.load(Ordering::Relaxed));
        counts.enumerate().filter(|(_, count)| *count > 0).map(|(place, count)| (place + 100, count))
    }

    /// Each bucket's end in seconds, and how many are in it.
    fn buckets(&self) -> Vec<(f64, u64)> {
        let ends = BUCKETS_NS.iter().map(|end| seconds(*end)).chain([f64::INFINITY]);
        ends.zip(self.took.iter().map(|count| count.load(Ordering::Relaxed))).collect()
    }
}

fn seconds(ns: u64) -> f64 {
    Duration::from_nanos(ns).as_secs_f64()
}

/// The answers of each surface, shown under its name.
#[derive(Debug)]
pub(super) struct Shown(pub(super) Vec<(&'static str, Arc<Answers>)>);

impl Collector for Shown {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let help = "Answers, by surface and status";
        let mut requests = encoder.encode_descriptor("http_requests", help, None, MetricType::Counter)?;
        for (surface, answers) in &self.0 {
            for (status, count) in answers.by_status() {
                let labels = [("surface", (*surface).to_owned()), ("status", status.to_string())];
                ConstCounter::new(count).encode(requests.encode_family(&labels)?)?;
            }
        }
        let help = "How long answers took, from the request's head to their own";
        let name = "http_request_duration_seconds";
        let mut durations = encoder.encode_descriptor(name, help, None, MetricType::Histogram)?;
        for (surface, answers) in &self.0 {
            let (buckets, labels) = (answers.buckets(), [("surface", *surface)]);
            let count = buckets.iter().map(|(_, count)| count).sum();
            let sum = seconds(answers.took_ns.load(Ordering::Relaxed));
            durations.encode_family(&labels)?.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::encoding::text;
    use prometheus_client::registry::Registry;

    use super::*;

    #[test]
    fn answers_are_shown_by_status_and_by_how_long_they_took() {
        let answers = Arc::new(Answers::default());
        for (status, ns) in [(200, 10_000), (200, 10_001), (403, 600_000_000), (503, u64::MAX / 4)] {
            answers.count(StatusCode::from_u16(status).expect("a status"), Duration::from_nanos(ns));
        }
        // No status of HTTP, which the type allows.
        answers.count(StatusCode::from_u16(999).expect("one"), Duration::ZERO);
        let mut registry = Registry::default();
        registry.register_collector(Box::new(Shown(vec![("api", answers)])));
        let mut shown = String::new();
        text::encode(&mut shown, &registry).expect("text");
        for line in [
            "http_requests_total{surface=\"api\",status=\"200\"} 2",
            "http_requests_total{surface=\"api\",status=\"403\"} 1",
            "http_request_duration_seconds_count{surface=\"api\"} 5",
            "http_request_duration_seconds_bucket{le=\"0.00001\",surface=\"api\"} 2",
            "http_request_duration_seconds_bucket{le=\"0.000025\",surface=\"api\"} 3",
            "http_request_duration_seconds_bucket{le=\"0.25\",surface=\"api\"} 3",
            "http_request_duration_seconds_bucket{le=\"1.0\",surface=\"api\"} 4",
            "http_request_duration_seconds_bucket{le=\"5.0\",surface=\"api\"} 4",
            "http_request_duration_seconds_bucket{le=\"+Inf\",surface=\"api\"} 5",
        ] {
            assert!(shown.lines().any(|shown| shown == line), "{line} is not in {shown}");
        }
        assert!(!shown.contains("999"), "{shown}");
    }
}
