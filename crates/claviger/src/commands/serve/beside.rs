//! What may run beside the server, in the same process: a proxy that asks it for checks.

use std::pin::Pin;

use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use crate::gateway::InProcess;
use crate::listener::Limits;
use crate::metrics::Connections;

/// Starts it. It runs until it is told to stop, and then for as long as it takes to finish what runs.
pub type Beside = Box<dyn FnOnce(Surroundings) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

/// What it is given of the server.
pub struct Surroundings {
    /// Where it asks.
    pub checks: InProcess,
    /// The server's certificate, where it has one.
    pub tls: Option<TlsAcceptor>,
    /// How many connections it may hold, and for how long.
    pub limits: Limits,
    /// Where they are counted.
    pub connections: Connections,
    /// When no more is to begin.
    pub stop: CancellationToken,
}
