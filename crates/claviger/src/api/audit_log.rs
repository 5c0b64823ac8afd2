//! The audit log of an organization, and of a project: what is asked for, and how an event is shown.
//!
//! A log always comes in pages: it has no end that a client could wait for. A cursor names the log, its scope, the
//! filters and the last event that was shown, with a digest over all of it: bent, or of another log or with other
//! filters, it is refused. It is no secret and no permission: events come only by a permit.

use axum::Json;
use axum::extract::{FromRequestParts, Query, State};
use axum::http::request::Parts;
use claviger_access::authorize::{ReadAuditLog, Scope, authorize};
use claviger_access::identity::{OrganizationId, ProjectId};
use claviger_wire::audit as wire;
use claviger_wire::envelope::Page;
use claviger_wire::time;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::audit_filter;
use super::caller::Identified;
use super::failure::Failure;
use super::ids::{self, Ids, PathId};
use super::listing::read_limit;
use super::reference::Refusals;
use crate::node::Node;
use crate::store::audit_log::{ActionFilter, EventFilter, EventPlace, RecordedEvent};

/// So many events a page, where nobody says.
const LIMIT: u32 = 100;

#[derive(Deserialize)]
struct Text {
    from: Option<String>,
    to: Option<String>,
    actor: Option<String>,
    action: Option<String>,
    target: Option<String>,
    project: Option<String>,
    limit: Option<String>,
    cursor: Option<String>,
}

/// Which events, and which part of them.
pub(super) struct Asked {
    pub filter: EventFilter,
    limit: u32,
    cursor: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for Asked {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let Query(text) = Query::<Text>::from_request_parts(parts, state).await.map_err(|_| {
            let sentence = "the query cannot be read; give each filter at most once, percent-encoded";
            Failure::bad_request("query_invalid", sentence)
        })?;
        let limit = text.limit.as_deref().map(read_limit).transpose()?.unwrap_or(LIMIT);
        let filter = EventFilter {
            from: text.from.as_deref().map(|from| moment("from", from)).transpose()?,
            to: text.to.as_deref().map(|to| moment("to", to)).transpose()?,
            actors: text.actor.as_deref().map(actor).transpose()?.into_iter().collect(),
            action: text.action.as_deref().map(action).transpose()?,
            targets: text.target.as_deref().map(target).transpose()?.into_iter().collect(),
            project: text.project.as_deref().map(project).transpose()?,
        };
        Ok(Self { filter, limit, cursor: text.cursor })
    }
}

fn unfit(sentence: &str) -> Failure {
    Failure::bad_request("filter_invalid", sentence)
}

fn moment(name: &str, text: &str) -> Result<i64, Failure> {
    time::parse(text).map_err(|_| {
        unfit(&format!("{name} must be a moment with its zone, such as 2030-01-01T00:00:00Z; write + as %2B"))
    })
}

fn actor(text: &str) -> Result<u64, Failure> {
    audit_filter::id(text).ok_or_else(|| unfit("actor must be the id of a person or of a service account"))
}

fn project(text: &str) -> Result<ProjectId, Failure> {
    ids::read(text).ok_or_else(|| unfit("project must be the id of a project"))
}

fn action(text: &str) -> Result<ActionFilter, Failure> {
    audit_filter::action(text).ok_or_else(|| unfit("action must be the name of an event, such as service_account.created, or service_account.* for all of a kind"))
}

fn target(text: &str) -> Result<(String, u64), Failure> {
    audit_filter::target(text).ok_or_else(|| {
        let kinds = audit_filter::TARGET_KINDS.join(", ");
        unfit(&format!("target must be a kind and an id, such as team:12; kinds are {kinds}"))
    })
}

impl Asked {
    /// The last event that was shown before, by the cursor.
    fn after(&self, scope: Scope) -> Result<Option<EventPlace>, Failure> {
        let Some(cursor) = &self.cursor else { return Ok(None) };
        let mut parts = cursor.split('-').skip(1).map(|part| part.parse().ok());
        if let (Some(Some(made_at)), Some(Some(id))) = (parts.next(), parts.next())
            && *cursor == self.cursor_after(scope, EventPlace { made_at, id })
        {
            return Ok(Some(EventPlace { made_at, id }));
        }
        let sentence = "this cursor is not of this log with these filters; take next_cursor from the page before, unchanged, and repeat the filters";
        Err(Failure::bad_request("cursor_invalid", sentence))
    }

    fn cursor_after(&self, scope: Scope, place: EventPlace) -> String {
        let EventPlace { made_at, id } = place;
        // Debug forms quote what they hold, so no two filters have the same.
        let digest = Sha256::digest(format!("audit {scope:?} {:?} {place:?}", self.filter));
        let digest: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        format!("audit-{made_at}-{id}-{digest}")
    }
}

/// Read an organization's audit log
///
/// Newest first. Owners and admins may.
#[utoipa::path(get, operation_id = "list_audit_log", path = "/api/app/organizations/{org}/audit-log", tag = "audit log",
    params(("org" = u64, Path), ("from" = Option<String>, Query), ("to" = Option<String>, Query), ("actor" = Option<u64>, Query),
        ("action" = Option<String>, Query), ("target" = Option<String>, Query), ("project" = Option<u64>, Query),
        ("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = Page<wire::AuditEvent>), Refusals))]
pub(super) async fn list_of_organization(
    State(node): State<Node>,
    identified: Identified,
    Ids(PathId(organization)): Ids<PathId<OrganizationId>>,
    asked: Asked,
) -> Result<Json<Page<wire::AuditEvent>>, Failure> {
    list(&node, &identified, Scope::Organization(organization), &asked).await
}

/// Read a project's audit log
///
/// What happened in the project, newest first. Its owners and admins may.
#[utoipa::path(get, operation_id = "list_project_audit_log", path = "/api/app/projects/{project}/audit-log", tag = "audit log",
    params(("project" = u64, Path), ("from" = Option<String>, Query), ("to" = Option<String>, Query), ("actor" = Option<u64>, Query),
        ("action" = Option<String>, Query), ("target" = Option<String>, Query),
        ("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = Page<wire::AuditEvent>), Refusals))]
pub(super) async fn list_of_project(
    State(node): State<Node>,
    identified: Identified,
    Ids(PathId(project)): Ids<PathId<ProjectId>>,
    asked: Asked,
) -> Result<Json<Page<wire::AuditEvent>>, Failure> {
    list(&node, &identified, Scope::Project(project), &asked).await
}

async fn list(
    node: &Node,
    identified: &Identified,
    scope: Scope,
    asked: &Asked,
) -> Result<Json<Page<wire::AuditEvent>>, Failure> {
    let Identified { held, caller, now, .. } = identified;
    let permit = authorize::<ReadAuditLog>(held, caller, scope, *now)?;
    let after = asked.after(scope)?;
    // One more than asked for tells whether there is a next page.
    let mut events = node.store.audit_log(&permit, &asked.filter, after, asked.limit + 1).await?;
    let is_more = events.len() > asked.limit as usize;
    events.truncate(asked.limit as usize);
    let next = events.last().filter(|_| is_more).map(|last| asked.cursor_after(scope, last.place()));
    Ok(Json(Page::new(events.into_iter().map(shown).collect(), next)))
}

/// An event on the wire.
pub(super) fn shown(event: RecordedEvent) -> wire::AuditEvent {
    let id = |id: i64| u64::try_from(id).unwrap_or_default();
    let facts =
        |facts: Vec<(String, String)>| facts.into_iter().map(|(name, value)| wire::Fact { name, value }).collect();
    wire::AuditEvent {
        id: id(event.id),
        time: time::print(event.made_at).unwrap_or_default(),
        actor: wire::Actor { kind: event.actor_kind, id: event.actor_id.map(id), name: event.actor_name },
        action: event.action,
        target: wire::Target { kind: event.target_kind, id: id(event.target_id), name: event.target_name },
        organization: id(event.organization_id),
        project: event.project_id.map(id),
        request_id: event.request_id,
        address: event.address,
        before: facts(event.before),
        after: facts(event.after),
    }
}
