//! What happens to every request on arrival and to every answer on leaving.
//!
//! A request gets an id, which its answer, its log line and its audit events carry. Requests that no honest client sends
//! (no `Host`, two of them) are refused; those whose length can be read in two ways are answered once and their
//! connection closed, so that what follows is never run as a second request. No answer is cached that does not
//! say itself that it may be. Each says on which revision it was decided; that to a request which may change something waits
//! until every node has that one, also where it refuses: whoever died before he could say "done" made "done already" true
//! here, and not yet everywhere. The log line holds neither path nor query, only the route that matched: strangers write
//! there what they like.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{CACHE_CONTROL, CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use axum::http::{Extensions, HeaderMap, HeaderValue, Method, StatusCode, Version};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::client_address::TrustedProxies;
use super::failure::{self, Failure};
use super::revision_header;
use crate::clock;
use crate::cluster::{Cluster, decided_on};
use crate::metrics::answers::Answers;
use crate::random::RequestId;
use crate::store::writing::Origin;
use crate::writer::WriteError;

/// Who is at the other end of the connection. The listener puts it into each request.
#[derive(Clone, Debug)]
pub struct Peer {
    /// Its address.
    pub address: SocketAddr,
    /// Whether it sent framing that may be read in two ways; see [`crate::listener`].
    pub doubtful: Arc<AtomicBool>,
}

/// Where a request comes from: the peer, or whom a trusted proxy names. Put into each request.
#[derive(Clone, Copy, Debug)]
pub struct ClientAddress(pub IpAddr);

/// Where a request comes from, as its arrival has put it down.
pub fn origin(extensions: &Extensions) -> Origin {
    let request_id = extensions.get::<RequestId>().map(RequestId::shared).unwrap_or_default();
    Origin { request_id, address: extensions.get::<ClientAddress>().map(|client| client.0) }
}

/// The route that was matched, put into the answer for the log line.
#[derive(Clone)]
pub(super) struct Route(pub MatchedPath);

/// What a surface's requests arrive with.
#[derive(Clone)]
pub struct Arrival {
    /// Who may say where a request comes from.
    pub trusted: TrustedProxies,
    /// Where its answers are counted.
    pub answers: Arc<Answers>,
    /// Knows what every node has. None for checks: they change nothing, and gateways hand on to the upstream what their
    /// answers say in headers of ours.
    pub cluster: Option<Arc<Cluster>>,
}

/// Why a check does not let a request through, put into its answer.
#[derive(Clone, Copy, Debug)]
pub struct Why(pub &'static str);

/// What a check decided about another request, put into the answer for the log line: a status within an answer whose own
/// may be another, and whose request it is.
#[derive(Clone, Copy, Debug)]
pub struct Judged {
    /// What the caller is answered.
    pub status: StatusCode,
    /// Who that is.
    pub client: Option<ClientAddress>,
    /// Why it does not go through.
    pub reason: Option<&'static str>,
}

/// A request that has arrived, until its answer leaves.
pub struct Arrived {
    /// Its id.
    pub id: RequestId,
    /// Where it comes from. Without an address where nobody is at the other end, as within a test.
    pub client: Option<ClientAddress>,
    /// Why it is answered without being looked at.
    pub refused: Option<Failure>,
    peer: Option<Peer>,
    method: Method,
    started: Instant,
    closes: bool,
}

impl Arrived {
    /// Where a write of this request comes from.
    pub fn origin(&self) -> Origin {
        Origin { request_id: self.id.shared(), address: self.client.map(|client| client.0) }
    }
}

impl Arrival {
    /// Looks at a request as it comes.
    pub fn begin(&self, request: &Request) -> Arrived {
        let peer = request.extensions().get::<Peer>().cloned();
        let client = peer.as_ref().map(|peer| ClientAddress(self.trusted.client(peer.address.ip(), request.headers())));
        let refused = refuse(request);
        let closes = refused.is_some() || is_ambiguous(request.headers());
        Arrived {
            id: RequestId::new(),
            client,
            refused,
            peer,
            method: request.method().clone(),
            started: clock::instant(),
            closes,
        }
    }

    /// Marks its answer, counts and logs it. `route` is what matched; `judged`, what a check decided.
    pub fn end(&self, arrived: &Arrived, response: &mut Response, route: &str, judged: Option<Judged>) {
        let headers = response.headers_mut();
        mark(headers, &arrived.id);
        // Looked at last: the body may have shown it.
        let doubtful = arrived.peer.as_ref().is_some_and(|peer| peer.doubtful.load(Ordering::Relaxed));
        if arrived.closes || doubtful {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        let took = clock::since(arrived.started);
        // What the caller is told, whatever it is wrapped in.
        let status = judged.map_or(response.status(), |judged| judged.status);
        self.answers.count(status, took);
        log(arrived, status, route, judged, took);
    }
}

impl Judged {
    /// What the answer of a check says, about the request that comes from there.
    pub fn new(answer: &Response, origin: &Origin) -> Self {
        let reason = answer.extensions().get::<Why>().map(|why| why.0);
        Self { status: answer.status(), client: origin.address.map(ClientAddress), reason }
    }
}

/// Wraps every request but those of the check.
pub async fn arrive(State(arrival): State<Arrival>, mut request: Request, next: Next) -> Response {
    let mut arrived = arrival.begin(&request);
    request.extensions_mut().insert(arrived.id.clone());
    arrived.client.map(|client| request.extensions_mut().insert(client));
    let (mut response, decided_on) = match arrived.refused.take() {
        Some(refused) => (refused.into_response(), None),
        None => decided_on::noted(next.run(request)).await,
    };
    if let (Some(revision), Some(cluster)) = (decided_on, &arrival.cluster) {
        // What was done has waited where it was done, and its answer may hold what is told once.
        if response.status().is_client_error()
            && !is_read(arrived.method.as_str())
            && let Some(everywhere) = cluster.everywhere(revision, clock::reading(), None)
            && everywhere.is_known().await.is_err()
        {
            response = Failure::from(WriteError::OutcomeUnknown).into_response();
        }
        // All credentials that do not count get the one answer, and how much changes here is no stranger's business.
        if response.status() != StatusCode::UNAUTHORIZED {
            revision_header::add(response.headers_mut(), revision);
        }
    }
    let route = response.extensions_mut().remove::<Route>();
    let judged = response.extensions().get::<Judged>().copied();
    arrival.end(&arrived, &mut response, route.as_ref().map_or("-", |route| route.0.as_str()), judged);
    response
}

/// What every answer carries.
pub(crate) fn mark(headers: &mut HeaderMap, id: &RequestId) {
    if let Ok(value) = HeaderValue::from_str(id.as_str()) {
        headers.insert("x-request-id", value);
    }
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
}

/// The answer to what the HTTP parser could not read as a request, and refuses with this status. Nothing of what was
/// sent is in it, nor in the log.
pub fn answer_to_no_request(status: StatusCode, peer: &Peer) -> Option<Response<Vec<u8>>> {
    let id = RequestId::new();
    let mut response = Failure::of_the_parser(status)?.into_bytes();
    mark(response.headers_mut(), &id);
    tracing::info!(request = %id, peer = %peer.address.ip(), status = status.as_u16(), "answered what is no request");
    Some(response)
}

/// Puts the route that matched into the answer.
pub async fn name_route(route: MatchedPath, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.extensions_mut().insert(Route(route));
    response
}

/// Whether a request of this method changes nothing. Those that went well are the many.
pub(crate) fn is_read(method: &str) -> bool {
    ["GET", "HEAD", "OPTIONS"].contains(&method)
}

/// One line an answer. Reads that went well are the many, and are told only to who asks for them; so are checks.
fn log(arrived: &Arrived, status: StatusCode, route: &str, judged: Option<Judged>, elapsed: Duration) {
    let Arrived { id, method, .. } = arrived;
    let client = judged.map_or(arrived.client, |judged| judged.client);
    // Made into text where somebody reads it alone.
    let client = client.map(|client| client.0);
    let client = client.as_ref().map_or(&"-" as &dyn fmt::Display, |client| client);
    // Strangers write in the method what they like.
    let method = if failure::is_standard(method) { method.as_str() } else { "other" };
    let (is_read, reason) = (judged.is_some() || is_read(method), judged.and_then(|judged| judged.reason));
    let (status_code, micros) = (status.as_u16(), u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX));
    if status.is_server_error() {
        tracing::warn!(request = %id, %client, method, route, status = status_code, reason, micros, "answered");
    } else if status.is_client_error() || !is_read {
        tracing::info!(request = %id, %client, method, route, status = status_code, reason, micros, "answered");
    } else {
        tracing::debug!(request = %id, %client, method, route, status = status_code, reason, micros, "answered");
    }
}

/// HTTP/1.1 wants exactly one `Host` (RFC 9112, section 3.2). A path that begins with two slashes is another path than
/// with one: a gateway's rules may tell them apart.
fn refuse(request: &Request) -> Option<Failure> {
    if request.uri().path().starts_with("//") {
        return Some(Failure::not_found());
    }
    let hosts = request.headers().get_all(HOST).iter().count();
    let wrong = hosts > 1 || (hosts == 0 && request.version() == Version::HTTP_11);
    wrong.then(|| Failure::bad_request("host_not_one", "send exactly one Host header"))
}

/// Lengths that two readers may read differently (RFC 9112, section 6.3).
fn is_ambiguous(headers: &HeaderMap) -> bool {
    let lengths = headers.get_all(CONTENT_LENGTH).iter().count();
    let mut encodings = headers.get_all(TRANSFER_ENCODING).iter();
    match (encodings.next(), encodings.next()) {
        (None, _) => lengths > 1,
        (Some(encoding), None) => lengths > 0 || !encoding.as_bytes().eq_ignore_ascii_case(b"chunked"),
        (Some(_), Some(_)) => true,
    }
}
