//! Checks that a proxy in this process asks for: it carries the requests itself, so it need not tell them to anybody.
//!
//! What passes is carried under its [`Carried`], which can be asked about again for as long as the request lasts: a piece of
//! a body, or of a WebSocket, goes on only while the request would still be let through.
//!
//! What must stay true: the decision, and what the caller is answered, are those of `/auth/check`; asking again finds out
//! what a check now would, and counts as no use of a credential and as no try; a node that may not answer lets nothing
//! go on.

use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use axum::body::{Bytes, to_bytes};
use axum::http::{HeaderMap, HeaderName, Method, Response, StatusCode};
use axum::response::IntoResponse;
use claviger_access::Moment;
use claviger_access::revision::{Mark, Revision};
use tokio::sync::watch;

use super::decision::{self, Decider};
use super::identity;
use super::route_table::RouteTable;
use super::watched_table::WatchedTable;
use crate::api::TrustedProxies;
use crate::api::arrival;
use crate::api::failure::{self, Failure};
use crate::clock;
use crate::metrics::answers::Answers;
use crate::random::RequestId;
use crate::store::writing::Origin;

/// Most bytes of what a caller is told in place of the upstream's answer.
const ANSWER_LENGTH_MAX: usize = 64 * 1024;

/// Who is asked.
#[derive(Clone)]
pub struct InProcess {
    decider: Decider,
    trusted: TrustedProxies,
    routes: Arc<WatchedTable>,
    answers: Arc<Answers>,
}

/// A request that came to the proxy.
pub struct Carried {
    id: RequestId,
    origin: Origin,
    started: Instant,
    method: Method,
    target: Bytes,
    /// The caller's credential, and nothing else.
    headers: HeaderMap,
    /// The last decision that let it through.
    passed: Mutex<Option<Passed>>,
}

/// What a decision was made with. Made with the same, it is the same.
struct Passed {
    revision: Revision,
    mark: Mark,
    now: Moment,
    routes: Arc<RouteTable>,
}

/// How a request ended.
#[derive(Debug, Clone, Copy)]
pub struct Left {
    /// What the caller was answered, if he was.
    pub status: Option<StatusCode>,
    /// Which upstream answered, from 0.
    pub upstream: Option<usize>,
    /// Why it was cut off, where it was.
    pub cut_off: Option<&'static str>,
}

impl InProcess {
    pub(super) fn new(
        decider: Decider,
        trusted: TrustedProxies,
        routes: Arc<WatchedTable>,
        answers: Arc<Answers>,
    ) -> Self {
        Self { decider, trusted, routes, answers }
    }

    /// Takes down what came, and from where.
    pub fn arrives(&self, peer: IpAddr, method: &Method, target: &Bytes, headers: &HeaderMap) -> Carried {
        let (id, name) = (RequestId::new(), self.credential());
        let origin = Origin { request_id: id.shared(), address: Some(self.trusted.client(peer, headers)) };
        let mut credentials = HeaderMap::new();
        for value in headers.get_all(name) {
            credentials.append(name.clone(), value.clone());
        }
        Carried {
            id,
            origin,
            started: clock::instant(),
            method: method.clone(),
            target: target.clone(),
            headers: credentials,
            passed: Mutex::default(),
        }
    }

    /// Whether it goes through, and what the upstream is told of the caller then.
    pub fn check(&self, carried: &Carried) -> Result<HeaderMap, Failure> {
        let told = self.decide(carried, true)?;
        self.decider.node.metrics.checks.passed();
        Ok(told)
    }

    /// Whether it still goes through, now.
    pub fn check_again(&self, carried: &Carried) -> Result<(), Failure> {
        self.decide(carried, false).map(drop)
    }

    /// The same, without a decision where it could be no other one than the last.
    pub fn check_piece(&self, carried: &Carried) -> Result<(), Failure> {
        let is_as_it_was =
            self.stands_at().is_some_and(|now| carried.passed().as_ref().is_some_and(|last| now.is(last)));
        if is_as_it_was { Ok(()) } else { self.check_again(carried) }
    }

    fn decide(&self, carried: &Carried, is_noted: bool) -> Result<HeaderMap, Failure> {
        // Looked at first: what comes to be meanwhile is newer, and asked about again.
        let stands_at = self.stands_at();
        let caller = self.decider.caller(&carried.headers, &carried.origin);
        let caller = if is_noted { caller } else { caller.unnoted() };
        decision::read_alike(&carried.method)?;
        let path = decision::path(&carried.target)?;
        let routes = stands_at.as_ref().map_or_else(|| self.routes.table(), |now| Arc::clone(&now.routes));
        let told = caller.by(routes.find(&carried.method, &path))?;
        *carried.passed() = stands_at;
        Ok(told)
    }

    /// What a decision would be made with; `None` where this node may not decide.
    fn stands_at(&self) -> Option<Passed> {
        let routes = self.routes.table();
        let held = self.decider.node.cluster.directory().ok()?;
        Some(Passed { revision: held.revision(), mark: held.mark(), now: clock::now(), routes })
    }

    /// What a caller is answered whose request does not go through.
    pub async fn refusal(&self, carried: &Carried, failure: Failure) -> Response<Bytes> {
        let response = self.decider.answer(Err(failure));
        carried.answer(response).await
    }

    /// What a caller is answered whose request went through, and got no answer from the upstream.
    pub async fn failed(&self, carried: &Carried, failure: Failure) -> Response<Bytes> {
        carried.answer(failure.into_response()).await
    }

    /// Whether this peer is a proxy whose word on where a request comes from counts.
    pub fn trusts(&self, peer: IpAddr) -> bool {
        self.trusted.trusts(peer.to_canonical())
    }

    /// The header that holds the caller's credential.
    pub fn credential(&self) -> &HeaderName {
        &self.decider.credential
    }

    /// Whether a header looks like one that says who comes, to whoever takes one separator for another.
    pub fn says_who(name: &HeaderName) -> bool {
        identity::is_ours(name.as_str())
    }

    /// Whether a header's name begins so, to whoever takes one separator for another.
    pub fn begins_with(name: &HeaderName, beginning: &str) -> bool {
        identity::begins_with(name.as_str(), beginning)
    }

    /// Wakes whoever waits for it to be otherwise than it was.
    pub fn news(&self) -> watch::Receiver<()> {
        self.decider.node.cluster.news()
    }

    /// Counts a request that is over, and writes its line into the log: the route's pattern in place of the path, in which
    /// strangers write what they like.
    pub fn leaves(&self, carried: &Carried, left: Left) {
        let took = clock::instant().saturating_duration_since(carried.started);
        left.status.inspect(|status| self.answers.count(*status, took));
        let method = if failure::is_standard(&carried.method) { carried.method.as_str() } else { "other" };
        let status = left.status.map_or(0, |status| status.as_u16());
        let is_told = left.cut_off.is_some() || status == 0 || status >= 400 || !arrival::is_read(method);
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let (id, client) = (&carried.id, Shown(carried.origin.address));
        let (route, upstream) = (Pattern { checks: self, carried }, Shown(left.upstream));
        let cut_off = left.cut_off.unwrap_or("-");
        if status >= 500 {
            tracing::warn!(request = %id, %client, method, %route, status, %upstream, cut_off, micros, "carried");
        } else if is_told {
            tracing::info!(request = %id, %client, method, %route, status, %upstream, cut_off, micros, "carried");
        } else {
            tracing::debug!(request = %id, %client, method, %route, status, %upstream, cut_off, micros, "carried");
        }
    }
}

impl Carried {
    fn passed(&self) -> MutexGuard<'_, Option<Passed>> {
        self.passed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn answer(&self, response: axum::response::Response) -> Response<Bytes> {
        let (mut parts, body) = response.into_parts();
        arrival::mark(&mut parts.headers, &self.id);
        let body = to_bytes(body, ANSWER_LENGTH_MAX).await.unwrap_or_default();
        Response::from_parts(parts, body)
    }
}

impl Passed {
    fn is(&self, other: &Self) -> bool {
        (self.revision, self.mark, self.now) == (other.revision, other.mark, other.now)
            && Arc::ptr_eq(&self.routes, &other.routes)
    }
}

/// The pattern of the route that is for a request now. It is looked for where it is written alone: most lines are not.
struct Pattern<'c> {
    checks: &'c InProcess,
    carried: &'c Carried,
}

impl fmt::Display for Pattern<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let table = self.checks.routes.table();
        let path = decision::path(&self.carried.target).ok();
        let found = path.as_ref().and_then(|path| table.find(&self.carried.method, path));
        Shown(found.map(|(route, _)| &route.pattern)).fmt(f)
    }
}

/// A dash where there is nothing.
struct Shown<T>(Option<T>);

impl<T: fmt::Display> fmt::Display for Shown<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(shown) => shown.fmt(f),
            None => f.write_str("-"),
        }
    }
}
