//! `/auth/envoy`: what Envoy asks where its `ext_authz` speaks HTTP.
//!
//! Envoy repeats the caller's request: his method, and his path behind the one that is configured as `path_prefix`, with
//! his own query. So a query here is never the check's; what is demanded stands in the route table.
//!
//! What must stay true: the path is read as it was written, before anybody decoded it.

use axum::Router;
use axum::extract::{Request, State};
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::Response;
use axum::routing::any;

use super::decision::Decider;
use super::identity;
use crate::api::arrival::{Judged, origin};

/// What stands before the caller's own path.
const PREFIX: &str = "/auth/envoy";

/// What Envoy takes off the request, before the upstream sees it.
const TO_REMOVE: HeaderName = HeaderName::from_static("x-envoy-auth-headers-to-remove");

/// The check alone.
pub(super) fn router(decider: Decider) -> Router {
    Router::new()
        .route(&format!("{PREFIX}/{{*path}}"), any(check))
        .route(&format!("{PREFIX}/"), any(check))
        .with_state(decider)
}

async fn check(State(decider): State<Decider>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let origin = origin(&parts.extensions);
    let whole = parts.uri.path_and_query().map_or("", PathAndQuery::as_str);
    let target = whole.strip_prefix(PREFIX).unwrap_or_default().as_bytes();
    let decided = decider.decide(None, &parts.headers, &origin, || Ok((parts.method.clone(), target)));
    let decided = decided.map(|told| with_removals(told, &parts.headers, &decider.credential));
    let mut answer = decider.answer(decided);
    let judged = Judged::new(&answer, &origin);
    answer.extensions_mut().insert(judged);
    answer
}

fn with_removals(mut told: HeaderMap, sent: &HeaderMap, credential: &HeaderName) -> HeaderMap {
    let names = identity::to_remove(&told, sent.keys().map(HeaderName::as_str), credential);
    if let Ok(names) = HeaderValue::from_str(&names.join(",")) {
        told.insert(TO_REMOVE, names);
    }
    told
}
