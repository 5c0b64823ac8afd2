//! Envoy's external authorization over gRPC (`envoy.service.auth.v3.Authorization`).
//!
//! Envoy tells the caller's request in a message ([`told`]) and is told in another what becomes of it ([`reply`]). What
//! the request must be allowed may stand in the route's `context_extensions`, as in the query of `/auth/check`.
//!
//! What must stay true: the decision, and what the caller is answered, are those of `/auth/check`; what cannot be read is
//! refused, since to Envoy an answer without a refusal lets the request through; a refusal is no failure of the call, or
//! a gateway that is told to go on without an answer would go on.

mod reply;
mod told;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request as HttpRequest, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{Extensions, HeaderMap};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response as HttpResponse};
use envoy_types::ext_authz::v3::pb::{Authorization, AuthorizationServer, CheckRequest, CheckResponse};
use http_body_util::BodyExt;
use tonic::{Request, Response, Status};

use self::told::Told;
use super::decision::Decider;
use super::identity;
use crate::api::TrustedProxies;
use crate::api::arrival::{self, Judged, Peer};
use crate::api::failure::Failure;
use crate::places::Places;
use crate::random::RequestId;
use crate::store::writing::Origin;

/// A call, as gRPC addresses it.
const PATH: &str = "/envoy.service.auth.v3.Authorization/{method}";

/// Most bytes of a message. Envoy takes 60 KiB of headers, unless it is told otherwise, and tells them once.
const MESSAGE_LENGTH_MAX: usize = 128 * 1024;

/// Most bytes of what a refused caller is told.
const REFUSAL_LENGTH_MAX: usize = 64 * 1024;

/// A message must have arrived whole by then. Envoy itself waits for a fraction of a second.
const ARRIVES_WITHIN: Duration = Duration::from_secs(5);

/// So many messages of one address may be on their way at once. Many streams share a connection, so the limits on connections
/// do not limit them.
const AWAITED_OF_ONE_ADDRESS_MAX: usize = 1_000;

/// What comes before a message (gRPC over HTTP/2: whether it is compressed, and its length).
const PREFIX_LENGTH: usize = 5;

/// Where nothing is: gRPC has words of its own for that, and reads no others.
pub(super) async fn no_such_path(request: HttpRequest) -> HttpResponse {
    let kind = request.headers().get(CONTENT_TYPE).map(|value| value.as_bytes());
    if kind.is_some_and(|kind| kind.starts_with(b"application/grpc")) {
        return Status::unimplemented("there is no such call; this is asked for envoy.service.auth.v3 alone")
            .into_http();
    }
    Failure::not_found().into_response()
}

/// The service alone.
pub(super) fn router(decider: Decider, trusted: TrustedProxies) -> Router {
    let service = AuthorizationServer::new(ExtAuthz { decider, trusted }).max_decoding_message_size(MESSAGE_LENGTH_MAX);
    Router::new()
        .route_service(PATH, service)
        .route_layer(from_fn_with_state(Places::new(AWAITED_OF_ONE_ADDRESS_MAX), in_time))
}

/// Waits for the message, which holds a place of its sender's until it is there.
async fn in_time(State(places): State<Arc<Places>>, request: HttpRequest, next: Next) -> HttpResponse {
    let place = request.extensions().get::<Peer>().map(|peer| places.take(peer.address.ip()));
    if place.as_ref().is_some_and(Option::is_none) {
        return Status::unavailable("too many messages from there are on their way").into_http();
    }
    let (head, body) = request.into_parts();
    let message = match tokio::time::timeout(ARRIVES_WITHIN, message(body)).await {
        Ok(Ok(message)) => message,
        Ok(Err(status)) => return status.into_http(),
        Err(_) => return Status::deadline_exceeded("the message did not arrive in time").into_http(),
    };
    drop(place);
    next.run(HttpRequest::from_parts(head, Body::from(message))).await
}

async fn message(mut body: Body) -> Result<Vec<u8>, Status> {
    let mut message = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Status::cancelled("the message ended before its length"))?;
        let Ok(data) = frame.into_data() else { continue };
        if message.len() + data.len() > PREFIX_LENGTH + MESSAGE_LENGTH_MAX {
            return Err(Status::out_of_range(format!("a message has {MESSAGE_LENGTH_MAX} bytes at most")));
        }
        message.extend_from_slice(&data);
    }
    Ok(message)
}

struct ExtAuthz {
    decider: Decider,
    trusted: TrustedProxies,
}

#[tonic::async_trait]
impl Authorization for ExtAuthz {
    async fn check(&self, request: Request<CheckRequest>) -> Result<Response<CheckResponse>, Status> {
        let (_, extensions, request) = request.into_parts();
        let (answer, judged, to_remove) = self.answer(&extensions, &request);
        let mut response = Response::new(said(answer, to_remove).await?);
        response.extensions_mut().insert(judged);
        Ok(response)
    }
}

impl ExtAuthz {
    /// What `/auth/check` would answer, and what Envoy takes off a request that goes through.
    fn answer(&self, extensions: &Extensions, request: &CheckRequest) -> (HttpResponse, Judged, Vec<String>) {
        let told = Told::read(request, &self.decider.credential);
        let origin = self.origin(extensions, told.as_ref().ok());
        let decided = told.and_then(|told| {
            let told_upstream = self.decide(&told, &origin)?;
            let to_remove = identity::to_remove(&told_upstream, told.names(), &self.decider.credential);
            Ok((told_upstream, to_remove))
        });
        let (decided, to_remove) = match decided {
            Ok((headers, to_remove)) => (Ok(headers), to_remove),
            Err(failure) => (Err(failure), Vec::new()),
        };
        let mut answer = self.decider.answer(decided);
        let judged = Judged::new(&answer, &origin);
        if let Some(id) = extensions.get::<RequestId>() {
            arrival::mark(answer.headers_mut(), id);
        }
        (answer, judged, to_remove)
    }

    fn decide(&self, told: &Told<'_>, origin: &Origin) -> Result<HeaderMap, Failure> {
        let query = told.query()?;
        self.decider.decide(query, told.headers(), origin, || told.original())
    }

    /// Where the caller's request comes from, not Envoy's.
    fn origin(&self, extensions: &Extensions, told: Option<&Told<'_>>) -> Origin {
        let arrived = arrival::origin(extensions);
        let (Some(peer), Some(told)) = (extensions.get::<Peer>(), told) else { return arrived };
        let client = self.trusted.client_of_told(peer.address.ip(), told.source(), told.headers());
        Origin { address: Some(client), ..arrived }
    }
}

async fn said(answer: HttpResponse, to_remove: Vec<String>) -> Result<CheckResponse, Status> {
    let (parts, body) = answer.into_parts();
    if parts.status.is_success() {
        return Ok(reply::passes(&parts.headers, to_remove));
    }
    let body = words(body).await.ok_or_else(|| Status::internal("the refusal cannot be told"))?;
    Ok(reply::refused(parts.status, &parts.headers, body))
}

async fn words(body: Body) -> Option<String> {
    String::from_utf8(to_bytes(body, REFUSAL_LENGTH_MAX).await.ok()?.into()).ok()
}
