//! Whether this node lives, and whether it is ready.

use axum::extract::State;

use super::failure::Failure;
use crate::cluster::NotHeld;
use crate::node::Node;

/// Whether the process answers
///
/// An empty handler: it asks nothing and says nothing about the store.
#[utoipa::path(get, operation_id = "healthz", path = "/healthz", tag = "health", responses((status = 200, body = String, description = "ok")), security(()))]
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// Whether the directory is loaded and may be answered from
#[utoipa::path(get, operation_id = "readyz", path = "/readyz", tag = "health", responses(
    (status = 200, body = String, description = "ready"),
    (status = 503, body = claviger_wire::envelope::Failure, description = "loading, or the store is out of reach"),
), security(()))]
pub(super) async fn readyz(State(node): State<Node>) -> Result<&'static str, Failure> {
    if node.cluster.is_ready() { Ok("ready\n") } else { Err(NotHeld.into()) }
}
