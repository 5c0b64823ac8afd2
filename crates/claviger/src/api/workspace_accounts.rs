//! The service accounts that reach a workspace.

use axum::Json;
use axum::extract::State;
use claviger_access::Refusal;
use claviger_access::administration::service_account::{self, SetWorkspaceRole};
use claviger_access::authorize::{ManageServiceAccounts, Scope, authorize};
use claviger_access::identity::{PrincipalId, ProjectId, WorkspaceId};
use claviger_wire::envelope::{Done, Page};
use claviger_wire::service_accounts as wire;

use super::body::Body;
use super::caller::Identified;
use super::failure::Failure;
use super::ids::{Ids, PathId};
use super::listing::{List, Listing};
use super::organization_accounts::window;
use super::reference::Refusals;
use super::{requested, show};
use crate::node::Node;

/// List the service accounts that reach a workspace
#[utoipa::path(get, operation_id = "list_workspace_service_accounts", path = "/api/app/projects/{project}/workspaces/{workspace}/service-accounts",
    tag = "service accounts of a workspace",
    params(("project" = u64, Path), ("workspace" = u64, Path), ("limit" = Option<u32>, Query),
        ("cursor" = Option<String>, Query), ("search" = Option<String>, Query)),
    responses((status = 200, body = Page<wire::ServiceAccountThere>), Refusals))]
pub(super) async fn list(
    State(node): State<Node>,
    identified: Identified,
    path: Ids<(PathId<ProjectId>, PathId<WorkspaceId>)>,
    listing: Listing,
) -> Result<Json<Page<wire::ServiceAccountThere>>, Failure> {
    let Ids((PathId(project), PathId(workspace))) = path;
    let Identified { held, caller, now, .. } = &identified;
    let permit = authorize::<ManageServiceAccounts>(held, caller, Scope::Project(project), *now)?;
    held.workspace(workspace)
        .filter(|known| known.project == project)
        .ok_or(Refusal::NoSuchWorkspace { workspace, project })?;
    let list = List { name: "workspace-accounts", scope: workspace.number() };
    let window = window(&listing, list)?;
    let mut rows = node.store.service_accounts_reaching(&permit, Some(workspace), &window).await?;
    let next = listing.cut(list, &mut rows, |row| row.id.number());
    let place = show::Place { project, workspace: Some(workspace) };
    let shown = rows.into_iter().filter_map(|row| show::account_there(held, &node.last_used, place, row));
    Ok(Json(Page::new(shown.collect(), next)))
}

/// Give a service account a role on one workspace
#[utoipa::path(put, operation_id = "set_role_workspace_service_account", path = "/api/app/projects/{project}/workspaces/{workspace}/service-accounts/{id}",
    tag = "service accounts of a workspace",
    params(("project" = u64, Path), ("workspace" = u64, Path), ("id" = u64, Path)), request_body = wire::SetWorkspaceRole,
    responses((status = 200, body = Done), Refusals))]
pub(super) async fn set_role(
    State(node): State<Node>,
    identified: Identified,
    path: Ids<(PathId<ProjectId>, PathId<WorkspaceId>, PathId<PrincipalId>)>,
    Body(body): Body<wire::SetWorkspaceRole>,
) -> Result<Json<Done>, Failure> {
    let Ids((PathId(project), PathId(workspace), PathId(account))) = path;
    let command = SetWorkspaceRole { project, workspace, account, role: requested::role(body.role)? };
    let caller = identified.caller;
    let decide = move |draft: &_, moment, _| service_account::set_workspace_role(draft, &caller, &command, moment);
    node.writer.perform(identified.write_request(), decide).await?;
    Ok(Json(Done::default()))
}

/// Take away a service account's role on one workspace
///
/// What reaches the workspace through its project stays.
#[utoipa::path(delete, operation_id = "take_role_workspace_service_account", path = "/api/app/projects/{project}/workspaces/{workspace}/service-accounts/{id}",
    tag = "service accounts of a workspace",
    params(("project" = u64, Path), ("workspace" = u64, Path), ("id" = u64, Path)),
    responses((status = 200, body = Done), Refusals))]
pub(super) async fn take_role(
    State(node): State<Node>,
    identified: Identified,
    path: Ids<(PathId<ProjectId>, PathId<WorkspaceId>, PathId<PrincipalId>)>,
) -> Result<Json<Done>, Failure> {
    let Ids((PathId(project), PathId(workspace), PathId(account))) = path;
    let caller = identified.caller;
    let decide = move |draft: &_, moment, _| {
        service_account::take_workspace_role(draft, &caller, project, workspace, account, moment)
    };
    node.writer.perform(identified.write_request(), decide).await?;
    Ok(Json(Done::default()))
}
