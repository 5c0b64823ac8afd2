//! `/api/app/nodes`: the nodes that share the store, for operators.
//!
//! It is on the metrics' listener, which strangers do not reach, and not on the API's: whoever calls that belongs to an
//! organization, and the machines that an installation runs on are no organization's business.

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use claviger_wire::envelope::{Failure, Page};
use claviger_wire::nodes;

use crate::node::Node;
use crate::store::nodes::NodeRecord;

/// Where it is.
pub const PATH: &str = "/api/app/nodes";

/// The page alone.
pub fn router(node: &Node) -> Router {
    Router::new().route(PATH, get(show)).with_state(node.clone())
}

/// Takes half of the longest lease: who is alive reports meanwhile. Over an embedded store there are none.
async fn show(State(node): State<Node>) -> Response {
    let found = match node.store.is_shared() {
        true => node.store.nodes_and_whether_alive().await,
        false => Ok(Vec::new()),
    };
    match found {
        Ok(found) => {
            let shown: Vec<nodes::Node> = found.into_iter().map(|(node, alive)| node.shown(alive)).collect();
            Json(Page::new(shown, None)).into_response()
        }
        Err(error) => {
            tracing::warn!(%error, "the nodes cannot be told");
            let failure = Failure::new("unavailable", "the database does not answer; try again");
            (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "1")], Json(failure)).into_response()
        }
    }
}

impl NodeRecord {
    /// As it is told.
    pub fn shown(&self, alive: bool) -> nodes::Node {
        nodes::Node {
            name: self.name.clone(),
            alive,
            revision: self.applied,
            behind: self.head.saturating_sub(self.applied),
            lease_milliseconds: u64::try_from(self.lease.as_millis()).unwrap_or(u64::MAX),
            version: self.version.clone(),
            joined: claviger_wire::time::print(self.joined.seconds()).unwrap_or_default(),
        }
    }
}
