//! `/auth/check`: what a gateway asks before it lets a request through to somebody else's API.
//!
//! The gateway passes the caller's headers on, and what the request is. 200 says that it goes through, and as whom, in
//! headers for the upstream; 401 and 403 that it does not. What is asked for stands in the check's own query, or in the
//! [route table](super::RouteTable); where neither is there, any credential that counts will do.
//!
//! What must stay true: where there is a table, no query decides, for some gateways pass the client's own on; of two
//! families of headers that name the original request, the configured one alone is read; a body is never waited for;
//! nothing that the caller sent is in an answer but what he asked for, in its sentence.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use claviger_access::authorize::{Demanded, NoPassage, Place, pass};
use claviger_access::directory::PrincipalView;
use claviger_access::{Directory, Moment};
use tower_http::catch_panic::CatchPanicLayer;

use super::identity;
use super::query::Query;
use super::request_path::RequestPath;
use super::route::{Asked, Demand, NoWorkspace, ProjectNamed};
use super::watched_table::WatchedTable;
use crate::api::TrustedProxies;
use crate::api::arrival::{self, origin};
use crate::api::caller::let_in;
use crate::api::failure::{self, Failure};
use crate::clock;
use crate::node::Node;
use crate::store::writing::Origin;

/// Where gateways ask.
pub const PATH: &str = "/auth/check";

/// Why a request does not go through, for a gateway that keeps no body.
const REASON: HeaderName = HeaderName::from_static("x-claviger-reason");

/// How gateways ask here.
#[derive(Debug, Clone)]
pub struct Asking {
    /// What they say the request is with.
    pub original: OriginalRequest,
    /// The header that holds the caller's credential.
    pub credential: HeaderName,
}

/// Which headers name the original request. Others that might are the caller's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum OriginalRequest {
    /// X-Forwarded-Method and X-Forwarded-Uri, as Caddy and Traefik send them
    XForwarded,
    /// X-Original-Method and X-Original-URI, as configurations of nginx often have them
    XOriginal,
}

impl OriginalRequest {
    const fn names(self) -> (HeaderName, HeaderName) {
        match self {
            Self::XForwarded => {
                (HeaderName::from_static("x-forwarded-method"), HeaderName::from_static("x-forwarded-uri"))
            }
            Self::XOriginal => {
                (HeaderName::from_static("x-original-method"), HeaderName::from_static("x-original-uri"))
            }
        }
    }
}

/// What a check is answered from.
#[derive(Clone)]
struct Check {
    node: Node,
    routes: Option<Arc<WatchedTable>>,
    asking: Asking,
}

/// The check, with the same arrival and leaving as all else.
pub fn router(node: Node, trusted: TrustedProxies, routes: Option<Arc<WatchedTable>>, asking: Asking) -> Router {
    Router::new()
        .route(PATH, any(check))
        .route_layer(from_fn(arrival::name_route))
        .with_state(Check { node, routes, asking })
        .layer(CatchPanicLayer::custom(failure::panicked))
        .layer(from_fn_with_state(trusted, arrival::arrive))
}

async fn check(State(check): State<Check>, request: Request) -> Response {
    // A body, where a gateway sends one all the same, is the upstream's.
    let (parts, _) = request.into_parts();
    match check.decide(&parts) {
        Ok(headers) => (StatusCode::OK, headers).into_response(),
        Err(failure) => {
            let reason = HeaderValue::from_static(failure.code());
            let mut response = failure.into_response();
            response.headers_mut().insert(REASON, reason);
            response
        }
    }
}

impl Check {
    /// The headers for the upstream, where the request goes through.
    fn decide(&self, parts: &Parts) -> Result<HeaderMap, Failure> {
        let (now, origin) = (clock::now(), origin(&parts.extensions));
        let caller = Caller { check: self, parts, origin: &origin, now };
        let query = parts.uri.query().unwrap_or_default();
        let Some(routes) = &self.routes else {
            return match Query::parse(query)? {
                Some(query) => caller.with_access(&query.asked()),
                None => caller.with_any_credential(),
            };
        };
        // Caddy passes the client's own query on, unless it is told not to: he would choose what is asked for.
        if !query.is_empty() {
            let sentence = "this server decides by its route table, so a check has no query; where it is the client's \
                            own, the gateway must take it off: see its guide";
            return Err(Failure::bad_request("check_invalid", sentence));
        }
        let (method, target) = self.original(&parts.headers)?;
        let path = RequestPath::parse(target);
        let path = path.map_err(|error| forbidden("path_refused", format!("the path {error}")))?;
        let table = routes.table();
        let Some((route, named)) = table.find(&method, &path) else {
            return Err(forbidden("route_not_found", "no route is for this request, so it is denied"));
        };
        match &route.demand {
            Demand::Public => Ok(HeaderMap::new()),
            Demand::Denied => Err(forbidden("route_denied", "the route for this request lets nobody through")),
            Demand::Authenticated => caller.with_any_credential(),
            Demand::Access(access) => caller.with_access(&access.of(&named)),
        }
    }

    /// What the gateway says that the request is.
    fn original<'h>(&self, headers: &'h HeaderMap) -> Result<(Method, &'h [u8]), Failure> {
        let (method, target) = self.asking.original.names();
        let one = |name: &HeaderName| {
            let mut values = headers.get_all(name).iter();
            let value = values.next().filter(|_| values.next().is_none());
            let unnamed = || {
                let sentence =
                    format!("the gateway must say what the request is with one {name} header; see its guide");
                forbidden("request_unnamed", sentence)
            };
            value.map(HeaderValue::as_bytes).ok_or_else(unnamed)
        };
        let unreadable = |_| forbidden("request_unnamed", "the method that the gateway names is none");
        Ok((Method::from_bytes(one(&method)?).map_err(unreadable)?, one(&target)?))
    }
}

fn forbidden(code: &'static str, sentence: impl Into<String>) -> Failure {
    Failure::new(StatusCode::FORBIDDEN, code, sentence)
}

/// Whose request is checked.
struct Caller<'c> {
    check: &'c Check,
    parts: &'c Parts,
    origin: &'c Origin,
    now: Moment,
}

impl Caller<'_> {
    fn with_any_credential(&self) -> Result<HeaderMap, Failure> {
        let held = self.check.node.cluster.directory()?;
        let view = self.let_in(&held)?;
        Ok(identity::of(&view))
    }

    fn with_access(&self, asked: &Asked<'_>) -> Result<HeaderMap, Failure> {
        let held = self.check.node.cluster.directory()?;
        let view = self.let_in(&held)?;
        let passed = place(&held, asked)
            .and_then(|place| pass(&held, &view, &Demanded { place, role: asked.role, permission: asked.permission }));
        match passed {
            Ok(passage) => Ok(identity::with_passage(&view, &passage)),
            Err(why) => {
                if let Some(organization) = view.organization() {
                    self.check.node.refused.not_permitted(view.id(), organization, self.origin.address, self.now);
                }
                Err(refused(why, asked))
            }
        }
    }

    fn let_in<'d>(&self, directory: &'d Directory) -> Result<PrincipalView<'d>, Failure> {
        let Check { node, asking, .. } = self.check;
        let (_, view) = let_in(node, directory, &self.parts.headers, &asking.credential, self.origin, self.now)?;
        Ok(view)
    }
}

/// The one place that is asked about. A workspace of another project than the one that is named is none.
fn place(directory: &Directory, asked: &Asked<'_>) -> Result<Place, NoPassage> {
    let project = match asked.project {
        Some(ProjectNamed::Id(id)) => Some(id),
        Some(ProjectNamed::Slug(slug)) => Some(directory.project_called(slug).ok_or(NoPassage::NotReached)?.id),
        None => None,
    };
    match (asked.workspace, project) {
        (Some(Err(NoWorkspace(_))), _) | (None, None) => Err(NoPassage::NotReached),
        (None, Some(project)) => Ok(Place::Project(project)),
        (Some(Ok(workspace)), None) => Ok(Place::Workspace(workspace)),
        (Some(Ok(workspace)), Some(project)) => {
            let known = directory.workspace(workspace).filter(|known| known.project == project);
            known.map(|known| Place::Workspace(known.id)).ok_or(NoPassage::NotReached)
        }
    }
}

fn refused(why: NoPassage, asked: &Asked<'_>) -> Failure {
    match why {
        NoPassage::NotReached => {
            forbidden("place_not_reached", format!("this takes {asked}, and the account reaches no such place"))
        }
        NoPassage::RoleTooLow => {
            forbidden("role_too_low", format!("this takes {asked}, and the account's role there is lower"))
        }
        NoPassage::PermissionMissing => {
            forbidden("permission_missing", format!("this takes {asked}, which no role of the account gives there"))
        }
    }
}
