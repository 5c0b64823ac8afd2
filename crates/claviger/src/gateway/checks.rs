//! All checks, as they are answered: with the arrival and the leaving of everything else.

use std::sync::Arc;

use axum::Router;
use axum::http::HeaderName;
use axum::middleware::{from_fn, from_fn_with_state};
use tower_http::catch_panic::CatchPanicLayer;

use super::decision::Decider;
use super::forward_auth::{self, OriginalRequest};
use super::in_process::InProcess;
use super::watched_table::WatchedTable;
use super::{envoy_http, ext_authz};
use crate::api::TrustedProxies;
use crate::api::arrival::{self, Arrival};
use crate::api::failure;
use crate::metrics::answers::Answers;
use crate::node::Node;

/// How gateways ask here.
#[derive(Debug, Clone)]
pub struct Asking {
    /// What they say the request is with.
    pub original: OriginalRequest,
    /// The header that holds the caller's credential.
    pub credential: HeaderName,
}

/// The checks of one node.
#[derive(Clone)]
pub struct Checks {
    decider: Decider,
    original: OriginalRequest,
    trusted: TrustedProxies,
}

impl Checks {
    /// `trusted` are the gateways that say where a request comes from, `routes` the table by which they need not say
    /// what it takes.
    pub fn new(node: Node, trusted: TrustedProxies, routes: Option<Arc<WatchedTable>>, asking: Asking) -> Self {
        let decider = Decider { node, routes, credential: asking.credential };
        Self { decider, original: asking.original, trusted }
    }

    /// Those that are asked over HTTP/1.1, beside everything else.
    pub fn over_http1(&self) -> Router {
        self.arriving(self.http())
    }

    /// Those that are asked over HTTP/2, where nothing else is answered: the same, and Envoy's gRPC.
    pub fn over_http2(&self) -> Router {
        let grpc = ext_authz::router(self.decider.clone(), self.trusted.clone());
        self.arriving(self.http().merge(grpc).fallback(ext_authz::no_such_path))
    }

    /// Those that a proxy in this process asks for, whose answers are counted here. There are none without a table: what
    /// is demanded must stand somewhere.
    pub fn in_process(&self, answers: Arc<Answers>) -> Option<InProcess> {
        let routes = self.decider.routes.clone()?;
        Some(InProcess::new(self.decider.clone(), self.trusted.clone(), routes, answers))
    }

    fn http(&self) -> Router {
        forward_auth::router(self.decider.clone(), self.original).merge(envoy_http::router(self.decider.clone()))
    }

    fn arriving(&self, checks: Router) -> Router {
        let answers = Arc::clone(&self.decider.node.metrics.gateway);
        let arrival = Arrival { trusted: self.trusted.clone(), answers };
        checks
            .route_layer(from_fn(arrival::name_route))
            .layer(CatchPanicLayer::custom(failure::panicked))
            .layer(from_fn_with_state(arrival, arrival::arrive))
    }
}
