//! How a check is decided, however a gateway asks for it.
//!
//! What is demanded stands in the check itself ([`Query`]), or in the [route table](super::RouteTable); where neither is
//! there, any credential that counts will do.
//!
//! What must stay true: each way to ask comes through here, so that no gateway is told anything else than the others;
//! what the caller sent is in no answer but what he asked for, in its sentence.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use claviger_access::authorize::{Demanded, NoPassage, Place, pass};
use claviger_access::directory::PrincipalView;
use claviger_access::identity::ProjectSlug;
use claviger_access::{Directory, Moment};

use super::identity;
use super::query::Query;
use super::refusal::Refused;
use super::request_path::RequestPath;
use super::route::{Asked, Demand, NoWorkspace, ProjectNamed, Route, is_read_alike};
use super::watched_table::WatchedTable;
use crate::api::arrival::Why;
use crate::api::caller::{admitted, let_in};
use crate::api::failure::Failure;
use crate::clock;
use crate::node::Node;
use crate::store::writing::Origin;

/// Why a request does not go through, for a gateway that keeps no body.
const REASON: HeaderName = HeaderName::from_static("x-claviger-reason");

/// What checks are answered from.
#[derive(Clone)]
pub(super) struct Decider {
    pub node: Node,
    pub routes: Option<Arc<WatchedTable>>,
    /// The header that holds the caller's credential.
    pub credential: HeaderName,
}

impl Decider {
    /// The headers for the upstream, where the request goes through. `headers` hold the caller's credential; `original`
    /// says what he sent, and is asked only where the table decides.
    pub(super) fn decide<'r>(
        &self,
        query: Option<Query<'_>>,
        headers: &HeaderMap,
        origin: &Origin,
        original: impl FnOnce() -> Result<(Method, &'r [u8]), Failure>,
    ) -> Result<HeaderMap, Failure> {
        let caller = self.caller(headers, origin);
        if let Some(query) = query {
            return caller.with_access(&query.asked());
        }
        let Some(routes) = &self.routes else { return caller.with_any_credential() };
        let (method, target) = original()?;
        let path = path(target)?;
        caller.by(routes.table().find(&method, &path))
    }

    /// Who asks now, in a request with these headers.
    pub(super) fn caller<'c>(&'c self, headers: &'c HeaderMap, origin: &'c Origin) -> Caller<'c> {
        Caller { decider: self, headers, origin, now: clock::now(), is_noted: true }
    }

    /// What a gateway is answered over HTTP: a status, and headers for the upstream or words for the caller. Here each
    /// check is counted.
    pub(super) fn answer(&self, decided: Result<HeaderMap, Failure>) -> Response {
        let checks = &self.node.metrics.checks;
        match decided {
            Ok(headers) => {
                checks.passed();
                let mut response = Response::new(Body::empty());
                *response.headers_mut() = headers;
                response
            }
            Err(failure) => {
                checks.refused(failure.code());
                let code = failure.code();
                let mut response = failure.into_response();
                response.headers_mut().insert(REASON, HeaderValue::from_static(code));
                response.extensions_mut().insert(Why(code));
                response
            }
        }
    }
}

/// 403, with the reason that the caller is told.
pub(super) fn forbidden(code: &'static str, sentence: impl Into<String>) -> Failure {
    Failure::new(StatusCode::FORBIDDEN, code, sentence)
}

/// The method that a gateway names.
pub(super) fn method(bytes: &[u8]) -> Result<Method, Failure> {
    let method = Method::from_bytes(bytes);
    let method = method.map_err(|_| forbidden("request_unnamed", "the method that the gateway names is none"))?;
    read_alike(&method).map(|()| method)
}

/// A method that some would take for another one is not judged.
pub(super) fn read_alike(method: &Method) -> Result<(), Failure> {
    let sentence = "the method has lower-case letters, which some take for another one; write it in upper case";
    if is_read_alike(method) { Ok(()) } else { Err(forbidden("request_unnamed", sentence)) }
}

/// The path of a request target, where all read it alike.
pub(super) fn path(target: &[u8]) -> Result<RequestPath<'_>, Failure> {
    RequestPath::parse(target).map_err(|error| forbidden("path_refused", format!("the path {error}")))
}

/// Whose request is checked.
pub(super) struct Caller<'c> {
    decider: &'c Decider,
    headers: &'c HeaderMap,
    origin: &'c Origin,
    now: Moment,
    /// Whether it is put down that he asked, or was refused.
    is_noted: bool,
}

impl Caller<'_> {
    /// The same, whose request was checked before: asking once more is no further use of a credential, and no further try.
    pub(super) fn unnoted(self) -> Self {
        Self { is_noted: false, ..self }
    }

    /// Whether he does what the route demands, if there is one for his request.
    pub(super) fn by(&self, found: Option<(&Route, Vec<&str>)>) -> Result<HeaderMap, Failure> {
        let Some((route, named)) = found else {
            return Err(forbidden("route_not_found", "no route is for this request, so it is denied"));
        };
        match &route.demand {
            Demand::Public => Ok(HeaderMap::new()),
            Demand::Denied => Err(forbidden("route_denied", "the route for this request lets nobody through")),
            Demand::Authenticated => self.with_any_credential(),
            Demand::Access(access) => self.with_access(&access.of(&named)),
        }
    }

    fn with_any_credential(&self) -> Result<HeaderMap, Failure> {
        let held = self.decider.node.cluster.directory()?;
        let view = self.let_in(&held)?;
        Ok(identity::of(&view))
    }

    fn with_access(&self, asked: &Asked<'_>) -> Result<HeaderMap, Failure> {
        let held = self.decider.node.cluster.directory()?;
        let view = self.let_in(&held)?;
        let place = place(&held, asked);
        let demanded = |place| Demanded { place, role: asked.role, permission: asked.permission };
        match place.and_then(|place| pass(&held, &view, &demanded(place))) {
            Ok(passage) => Ok(identity::with_passage(&view, &passage)),
            Err(why) => {
                let failure = refused(why, asked);
                if self.is_noted {
                    let (code, origin, now) = (failure.code(), self.origin, self.now);
                    Refused { caller: view, place: place.ok(), code, origin, now }.note(&self.decider.node, &held);
                }
                Err(failure)
            }
        }
    }

    fn let_in<'d>(&self, directory: &'d Directory) -> Result<PrincipalView<'d>, Failure> {
        let Decider { node, credential, .. } = self.decider;
        let let_in = if self.is_noted {
            let_in(node, directory, self.headers, credential, self.origin, self.now).map(|(_, view)| view)
        } else {
            admitted(directory, self.headers, credential, self.origin, self.now).map_err(Failure::from)
        };
        let_in.map_err(|failure| failure.with_credential_in(credential))
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
            let hint = match asked.project {
                Some(ProjectNamed::Slug(slug)) if ProjectSlug::parse(slug).is_err() => {
                    "; no project can have this name, for a slug is lower case, such as web-shop"
                }
                _ => "",
            };
            forbidden("place_not_reached", format!("this takes {asked}, and the account reaches no such place{hint}"))
        }
        NoPassage::RoleTooLow => {
            let why = "the account's role there is lower, or one of your own, which is none of these";
            forbidden("role_too_low", format!("this takes {asked}, and {why}"))
        }
        NoPassage::PermissionMissing => {
            forbidden("permission_missing", format!("this takes {asked}, which no role of the account gives there"))
        }
    }
}
