//! The service accounts that reach a project.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use claviger_access::administration::service_account::{self, CreateInProject};
use claviger_access::authorize::{ManageServiceAccounts, Scope, authorize};
use claviger_access::identity::{PrincipalId, ProjectId};
use claviger_wire::envelope::{Done, Page, Success};
use claviger_wire::service_accounts as wire;

use super::body::Body;
use super::caller::Identified;
use super::failure::Failure;
use super::idempotency::Idempotency;
use super::ids::{Ids, PathId};
use super::listing::{List, Listing};
use super::organization_accounts::{show_new, window};
use super::reference::Refusals;
use super::{requested, show};
use crate::node::Node;

/// List the service accounts that reach a project
#[utoipa::path(get, operation_id = "list_project_service_accounts", path = "/api/app/projects/{project}/service-accounts", tag = "service accounts of a project",
    params(("project" = u64, Path), ("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query), ("search" = Option<String>, Query)),
    responses((status = 200, body = Page<wire::ServiceAccountThere>), Refusals))]
pub(super) async fn list(
    State(node): State<Node>,
    identified: Identified,
    Ids(PathId(project)): Ids<PathId<ProjectId>>,
    listing: Listing,
) -> Result<Json<Page<wire::ServiceAccountThere>>, Failure> {
    let Identified { held, caller, now, .. } = &identified;
    let permit = authorize::<ManageServiceAccounts>(held, caller, Scope::Project(project), *now)?;
    let list = List { name: "project-accounts", scope: project.number() };
    let window = window(&listing, list)?;
    let mut rows = node.store.service_accounts_reaching(&permit, None, &window).await?;
    let next = listing.cut(list, &mut rows, |row| row.id.number());
    let place = show::Place { project, workspace: None };
    let shown = rows.into_iter().filter_map(|row| show::account_there(held, &node.last_used, place, row));
    Ok(Json(Page::new(shown.collect(), next)))
}

/// Create a service account in a project
///
/// It is a member of the organization and admin of this project. The secret is in `token`, this once.
#[utoipa::path(post, operation_id = "create_project_service_account", path = "/api/app/projects/{project}/service-accounts", tag = "service accounts of a project",
    params(("project" = u64, Path), ("Idempotency-Key" = Option<String>, Header)), request_body = wire::CreateInProject,
    responses((status = 201, body = Success<wire::NewServiceAccount>), Refusals))]
pub(super) async fn create(
    State(node): State<Node>,
    identified: Identified,
    Ids(PathId(project)): Ids<PathId<ProjectId>>,
    idempotency: Idempotency,
    Body(body): Body<wire::CreateInProject>,
) -> Result<(StatusCode, Json<Success<wire::NewServiceAccount>>), Failure> {
    let name = requested::account_name(&body.username)?;
    let expires = requested::expiry(body.expires.as_deref(), body.expires_in)?;
    let command = CreateInProject { project, name, expires };
    let (caller, key) = (identified.caller, idempotency.of(identified.principal));
    let decide =
        move |draft: &_, moment, random| service_account::create_in_project(draft, &caller, &command, moment, random);
    let made = node.writer.create(identified.write_request(), key, decide).await?;
    Ok((StatusCode::CREATED, Json(Success::new(show_new(made)))))
}

/// Take a service account off a project
///
/// This project only, its workspaces included; it keeps its other access.
#[utoipa::path(delete, operation_id = "remove_project_service_account", path = "/api/app/projects/{project}/service-accounts/{id}", tag = "service accounts of a project",
    params(("project" = u64, Path), ("id" = u64, Path)), responses((status = 200, body = Done), Refusals))]
pub(super) async fn remove(
    State(node): State<Node>,
    identified: Identified,
    path: Ids<(PathId<ProjectId>, PathId<PrincipalId>)>,
) -> Result<Json<Done>, Failure> {
    let Ids((PathId(project), PathId(account))) = path;
    let caller = identified.caller;
    let decide =
        move |draft: &_, moment, _| service_account::remove_from_project(draft, &caller, project, account, moment);
    node.writer.perform(identified.write_request(), decide).await?;
    Ok(Json(Done::default()))
}
