//! All checks, as they are answered: with the arrival and the leaving of everything else.
//!
//! What must stay true: `/auth/check` has one answer, over HTTP/1.1 and HTTP/2.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::extract::Request;
use axum::http::HeaderName;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::Response;
use axum::routing::future::RouteFuture;
use tokio_util::either::Either;
use tower::Service;
use tower_http::catch_panic::CatchPanicLayer;

use super::decision::Decider;
use super::forward_auth::{self, ForwardAuth, OriginalRequest};
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

    /// What is asked over HTTP/1.1: checks, and whatever else is answered there.
    pub fn over_http1(&self, beside: Router) -> Front {
        self.before(self.arriving(envoy_http::router(self.decider.clone())).merge(beside))
    }

    /// What is asked over HTTP/2: the same checks, and Envoy's over gRPC; nothing else is answered there.
    pub fn over_http2(&self) -> Front {
        let grpc = ext_authz::router(self.decider.clone(), self.trusted.clone());
        let routes = envoy_http::router(self.decider.clone()).merge(grpc);
        self.before(self.arriving(routes.fallback(ext_authz::no_such_path)))
    }

    /// Those that a proxy in this process asks for, whose answers are counted here. There are none without a table: what
    /// is demanded must stand somewhere.
    pub fn in_process(&self, answers: Arc<Answers>) -> Option<InProcess> {
        let routes = self.decider.routes.clone()?;
        Some(InProcess::new(self.decider.clone(), self.trusted.clone(), routes, answers))
    }

    fn before(&self, beside: Router) -> Front {
        let check = ForwardAuth { decider: self.decider.clone(), original: self.original, arrival: self.arrival() };
        Front { check: Arc::new(check), beside }
    }

    fn arriving(&self, checks: Router) -> Router {
        checks
            .route_layer(from_fn(arrival::name_route))
            .layer(CatchPanicLayer::custom(failure::panicked))
            .layer(from_fn_with_state(self.arrival(), arrival::arrive))
    }

    fn arrival(&self) -> Arrival {
        Arrival {
            trusted: self.trusted.clone(),
            answers: Arc::clone(&self.decider.node.metrics.gateway),
            cluster: None,
        }
    }
}

/// Answers the check at once, before any router is asked, since it waits for nothing. All else goes on.
#[derive(Clone)]
pub struct Front {
    check: Arc<ForwardAuth>,
    beside: Router,
}

impl Service<Request> for Front {
    type Response = Response;
    type Error = Infallible;
    type Future = Either<Ready<Result<Response, Infallible>>, RouteFuture<Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        match request.uri().path() {
            forward_auth::PATH => Either::Left(ready(Ok(self.check.answer(&request)))),
            _ => Either::Right(self.beside.call(request)),
        }
    }
}
