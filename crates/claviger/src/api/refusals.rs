//! Who was refused what he may not do (403): noted for the audit log of his organization, and counted.
//!
//! What is not there for somebody (404) is not told: most of it is a slip of the pen. A refused credential (401) is noted
//! where it is looked at, in [`caller`](super::caller).
//!
//! What must stay true: nothing of what is noted was written by the client but numbers that are ids.

use std::sync::{Arc, OnceLock};

use axum::extract::{MatchedPath, Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use claviger_access::Directory;
use claviger_access::effective;
use claviger_access::event::{EventName, Fact, Target};
use claviger_access::identity::{OrganizationId, PrincipalId, ProjectId};

use super::arrival::origin;
use super::failure::{Forbidden, is_standard};
use super::ids;
use crate::clock;
use crate::node::Node;
use crate::store::observed::Observation;

/// Who asks, once that is known.
#[derive(Clone, Default)]
pub(super) struct KnownCaller(Arc<OnceLock<PrincipalId>>);

impl KnownCaller {
    pub(super) fn is(&self, principal: PrincipalId) {
        self.0.get_or_init(|| principal);
    }
}

/// Looks at each answer of a route.
pub(super) async fn observe(
    State(node): State<Node>,
    route: MatchedPath,
    mut request: Request,
    next: Next,
) -> Response {
    let known = KnownCaller::default();
    request.extensions_mut().insert(known.clone());
    let (method, uri, origin) = (request.method().clone(), request.uri().clone(), origin(request.extensions()));
    let response = next.run(request).await;
    let Some((forbidden, caller)) = response.extensions().get::<Forbidden>().zip(known.0.get()) else {
        return response;
    };
    let Ok(directory) = node.cluster.directory() else { return response };
    if let Some(organization) = directory.principal(*caller).and_then(|view| view.organization()) {
        node.refused.not_permitted(*caller, organization, origin.address, clock::now());
    }
    if let Some(place) = Place::of(&directory, *caller, route.as_str(), uri.path()) {
        node.observations.refused(Observation {
            name: EventName::RequestRefused,
            made: clock::now(),
            origin,
            organization: place.organization,
            project: place.project,
            actor: Some(*caller),
            target: place.project.map_or(Target::Organization(place.organization), Target::Project),
            facts: facts(forbidden, &method, &route, &place),
        });
    }
    response
}

/// Where something was tried, as the path tells it.
struct Place<'p> {
    organization: OrganizationId,
    project: Option<ProjectId>,
    /// What else the path names.
    others: Vec<(&'p str, u64)>,
}

impl<'p> Place<'p> {
    /// `None` where it is in no organization that the caller is a member of.
    fn of(directory: &Directory, caller: PrincipalId, route: &'p str, path: &str) -> Option<Self> {
        let named = || {
            route.split('/').zip(path.split('/')).filter_map(|(name, value)| {
                let name = name.strip_prefix('{')?.strip_suffix('}')?;
                Some((name, ids::read::<PrincipalId>(value)?.number()))
            })
        };
        let number = |wanted: &str| named().find(|(name, _)| *name == wanted).map(|(_, number)| number);
        let caller = directory.principal(caller)?;
        let project = number("project").and_then(ProjectId::new).and_then(|id| directory.project(id));
        let organization = project.map(|project| project.organization);
        let organization = organization.or_else(|| number("org").and_then(OrganizationId::new));
        let organization = organization.or(caller.organization())?;
        effective::is_member(&caller, organization).then(|| Self {
            organization,
            project: project.map(|project| project.id),
            others: named().filter(|(name, _)| !["org", "project"].contains(name)).collect(),
        })
    }
}

/// How a refused request was: none of it in the client's own words.
fn facts(forbidden: &Forbidden, method: &Method, route: &MatchedPath, place: &Place<'_>) -> Vec<Fact> {
    let method = if is_standard(method) { method.as_str() } else { "other" };
    let mut facts =
        vec![Fact::new("reason", forbidden.code), Fact::new("method", method), Fact::new("route", route.as_str())];
    // A route names few things: each has a fact of its own, of the name that the route gives it.
    facts.extend(place.others.iter().map(|(name, number)| Fact::new("named", format!("{name} {number}"))));
    facts
}
