//! `/metrics`: what this node counts, as Prometheus reads it. On a listener of its own, which strangers do not reach.
//!
//! What must stay true: it says nothing of any account; reading it costs the same whatever there is.

use std::fmt;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use crate::cluster::Cluster;
use crate::gateway::watched_table::WatchedTable;
use crate::node::Node;

/// Where it is.
pub const PATH: &str = "/metrics";

/// OpenMetrics 1.0, which Prometheus asks for first.
const FORM: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The page alone.
pub fn router(node: &Node, routes: Option<&WatchedTable>) -> Router {
    page(registry(node, routes))
}

/// The page of anything that is counted.
pub fn page(registry: Registry) -> Router {
    Router::new().route(PATH, get(show)).with_state(Arc::new(registry))
}

/// All that is counted.
pub fn registry(node: &Node, routes: Option<&WatchedTable>) -> Registry {
    let mut registry = Registry::with_prefix("claviger");
    registry.register("build", "The program", Info::new([("version", env!("CARGO_PKG_VERSION"))]));
    registry.register_collector(Box::new(Standing { cluster: Arc::clone(&node.cluster) }));
    node.metrics.register(&mut registry);
    node.attempts.register(&mut registry);
    if let Some(routes) = routes {
        routes.register(&mut registry);
    }
    registry
}

async fn show(State(registry): State<Arc<Registry>>) -> Response {
    let mut shown = String::new();
    match text::encode(&mut shown, &registry) {
        Ok(()) => ([(CONTENT_TYPE, FORM)], shown).into_response(),
        Err(fmt::Error) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// What the node is like at the moment.
struct Standing {
    cluster: Arc<Cluster>,
}

impl fmt::Debug for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Standing").finish_non_exhaustive()
    }
}

impl Standing {
    fn gauges(&self) -> Vec<(&'static str, &'static str, i64)> {
        let mut gauges = vec![("ready", "Whether requests are decided here", i64::from(self.cluster.is_ready()))];
        if let Ok(held) = self.cluster.directory() {
            let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
            let principals = held.principal_count() as u64;
            gauges.push(("revision", "The revision that requests are decided on", number(held.revision().0)));
            gauges.push(("principals", "Service accounts and people in the directory", number(principals)));
        }
        let millis = self.cluster.lease_left().map(|left| i64::try_from(left.as_millis()).unwrap_or(i64::MAX));
        gauges.extend(millis.map(|left| ("lease_left_milliseconds", "For how long this node may still answer", left)));
        gauges.extend(resident_bytes().map(|bytes| ("resident_memory_bytes", "Memory of the process", bytes)));
        gauges
    }
}

impl Collector for Standing {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        for (name, help, value) in self.gauges() {
            let gauge = ConstGauge::new(value);
            gauge.encode(encoder.encode_descriptor(name, help, None, MetricType::Gauge)?)?;
        }
        Ok(())
    }
}

/// Of this process, as the system counts it; Linux alone tells.
fn resident_bytes() -> Option<i64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<i64>().ok()?.checked_mul(1_024)
}
