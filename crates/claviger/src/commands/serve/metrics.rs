//! Where the node's operators read what it counts.

use std::net::SocketAddr;

use axum::Router;
use clap::Args;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::commands::host::HostFailed;
use crate::listener::{self, Apps, Limits};
use crate::metrics::Connections;

/// Few read it.
const CONNECTIONS_MAX: usize = 32;

/// Metrics.
#[derive(Args, Debug)]
pub struct MetricsOptions {
    /// Where Prometheus finds metrics, at /metrics, and operators the nodes, at /api/app/nodes; without TLS and for whoever reaches it, so name an address inside.
    /// Without this there are none
    #[arg(long, value_name = "ADDR", env = "CLAVIGER_METRICS_LISTEN")]
    metrics_listen: Option<SocketAddr>,
}

impl MetricsOptions {
    /// Takes the address, if one is named.
    pub async fn bind(&self) -> Result<Option<TcpListener>, HostFailed> {
        let Some(address) = self.metrics_listen else { return Ok(None) };
        let bound = TcpListener::bind(address).await;
        bound.map(Some).map_err(|reason| HostFailed::System { what: address.to_string(), reason })
    }
}

/// Shows them until the end.
pub async fn serve(bound: TcpListener, page: Router, end: CancellationToken) {
    match bound.local_addr() {
        Ok(address) => tracing::info!(%address, "metrics are at /metrics"),
        Err(error) => tracing::warn!(%error, "the address of the metrics is not known"),
    }
    let limits = Limits {
        connections_max: CONNECTIONS_MAX,
        connections_of_one_address_max: CONNECTIONS_MAX,
        ..Limits::default()
    };
    let apps = Apps { http1: page, http2: Router::new() };
    listener::serve(bound, None, apps, limits, Connections::default(), end).await;
}
