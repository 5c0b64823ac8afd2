//! `.../audit-log/export`: the audit log as a file. How it is sent is in [`stream`], which the console's exports use too.

mod form;
mod stream;

use axum::extract::{FromRequestParts, Query, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use claviger_access::authorize::Scope;
use claviger_access::identity::{OrganizationId, ProjectId};
use serde::Deserialize;

pub(crate) use self::form::FileForm;
pub(crate) use self::stream::{NotBegun, Wanted, begin};

use super::audit_log::Asked;
use super::caller::Identified;
use super::failure::Failure;
use super::ids::{Ids, PathId};
use super::reference::Refusals;
use crate::node::Node;
use crate::store::audit_log::EventFilter;

#[derive(Deserialize)]
struct Text {
    format: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for FileForm {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let unknown = || Failure::bad_request("format_invalid", "format must be csv or ndjson, once");
        let Query(text) = Query::<Text>::from_request_parts(parts, state).await.map_err(|_| unknown())?;
        text.format.as_deref().and_then(Self::named).ok_or_else(unknown)
    }
}

/// Export an organization's audit log
///
/// Newest first, as a stream. One that breaks off was not whole.
#[utoipa::path(get, operation_id = "export_audit_log", path = "/api/app/organizations/{org}/audit-log/export", tag = "audit log",
    params(("org" = u64, Path), ("format" = String, Query), ("from" = Option<String>, Query), ("to" = Option<String>, Query),
        ("actor" = Option<u64>, Query), ("action" = Option<String>, Query), ("target" = Option<String>, Query),
        ("project" = Option<u64>, Query)),
    responses((status = 200, body = String, content_type = "text/csv"), Refusals))]
pub(super) async fn export_organization(
    State(node): State<Node>,
    identified: Identified,
    Ids(PathId(organization)): Ids<PathId<OrganizationId>>,
    asked: Asked,
    form: FileForm,
) -> Result<Response, Failure> {
    export(node, &identified, Scope::Organization(organization), asked.filter, form).await
}

/// Export a project's audit log
///
/// Newest first, as a stream. One that breaks off was not whole.
#[utoipa::path(get, operation_id = "export_project_audit_log", path = "/api/app/projects/{project}/audit-log/export", tag = "audit log",
    params(("project" = u64, Path), ("format" = String, Query), ("from" = Option<String>, Query), ("to" = Option<String>, Query),
        ("actor" = Option<u64>, Query), ("action" = Option<String>, Query), ("target" = Option<String>, Query)),
    responses((status = 200, body = String, content_type = "text/csv"), Refusals))]
pub(super) async fn export_project(
    State(node): State<Node>,
    identified: Identified,
    Ids(PathId(project)): Ids<PathId<ProjectId>>,
    asked: Asked,
    form: FileForm,
) -> Result<Response, Failure> {
    export(node, &identified, Scope::Project(project), asked.filter, form).await
}

async fn export(
    node: Node,
    identified: &Identified,
    scope: Scope,
    filter: EventFilter,
    form: FileForm,
) -> Result<Response, Failure> {
    let wanted = Wanted { caller: identified.caller, scope, filter, form };
    Ok(begin(node, wanted, identified.write_request()).await?)
}

impl From<NotBegun> for Failure {
    fn from(not_begun: NotBegun) -> Self {
        match not_begun {
            NotBegun::NotHeld(not_held) => not_held.into(),
            NotBegun::Refused(refusal) => refusal.into(),
            NotBegun::NotWritten(error) => error.into(),
            NotBegun::TooMany { .. } => {
                Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_exports", not_begun.to_string())
            }
        }
    }
}
