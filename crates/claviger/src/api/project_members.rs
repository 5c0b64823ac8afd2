//! The people who reach a project or a workspace, and their roles there.

use axum::Json;
use axum::extract::State;
use claviger_access::administration::member::{self, SetMemberRole};
use claviger_access::administration::workspace;
use claviger_access::authorize::{ManageMembers, Scope, authorize};
use claviger_access::effective;
use claviger_access::identity::{PrincipalId, ProjectId, WorkspaceId};
use claviger_wire::envelope::{Done, Page};
use claviger_wire::people as wire;
use claviger_wire::roles::SetRole;

use super::body::Body;
use super::caller::Identified;
use super::failure::Failure;
use super::ids::{Ids, PathId};
use super::listing::{List, Listing};
use super::reference::Refusals;
use super::requested;
use super::show::{self, Place};
use crate::node::Node;

/// List the people who reach a project
#[utoipa::path(get, operation_id = "list_project_members", path = "/api/app/projects/{project}/users", tag = "people of a project",
    params(("project" = u64, Path), ("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query), ("search" = Option<String>, Query)),
    responses((status = 200, body = Page<wire::MemberThere>), Refusals))]
pub(super) async fn list(
    identified: Identified,
    Ids(PathId(project)): Ids<PathId<ProjectId>>,
    listing: Listing,
) -> Result<Json<Page<wire::MemberThere>>, Failure> {
    let list = List { name: "project-members", scope: project.number() };
    reaching(&identified, Place { project, workspace: None }, &listing, list)
}

/// Give a person a role on a project
///
/// He must be a member of the organization. Giving again sets the role.
#[utoipa::path(put, operation_id = "set_project_member_role", path = "/api/app/projects/{project}/users/{id}", tag = "people of a project",
    params(("project" = u64, Path), ("id" = u64, Path)), request_body = SetRole, responses((status = 200, body = Done), Refusals))]
pub(super) async fn set_role(
    State(node): State<Node>,
    identified: Identified,
    path: Ids<(PathId<ProjectId>, PathId<PrincipalId>)>,
    Body(body): Body<SetRole>,
) -> Result<Json<Done>, Failure> {
    let Ids((PathId(project), PathId(member))) = path;
    let role = Some(requested::role(body.role)?);
    perform(&node, &identified, SetMemberRole { project, workspace: None, member, role }).await
}

/// Take a person off a project
///
/// His own roles on its workspaces go along; what he reaches through teams and the organization stays. Each may leave
/// himself.
#[utoipa::path(delete, operation_id = "take_project_member_role", path = "/api/app/projects/{project}/users/{id}", tag = "people of a project",
    params(("project" = u64, Path), ("id" = u64, Path)), responses((status = 200, body = Done), Refusals))]
pub(super) async fn take_role(
    State(node): State<Node>,
    identified: Identified,
    path: Ids<(PathId<ProjectId>, PathId<PrincipalId>)>,
) -> Result<Json<Done>, Failure> {
    let Ids((PathId(project), PathId(member))) = path;
    perform(&node, &identified, SetMemberRole { project, workspace: None, member, role: None }).await
}

/// List the people who reach a workspace
#[utoipa::path(get, operation_id = "list_workspace_members", path = "/api/app/projects/{project}/workspaces/{workspace}/users", tag = "people of a project",
    params(("project" = u64, Path), ("workspace" = u64, Path), ("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query), ("search" = Option<String>, Query)),
    responses((status = 200, body = Page<wire::MemberThere>), Refusals))]
pub(super) async fn list_of_workspace(
    identified: Identified,
    path: Ids<(PathId<ProjectId>, PathId<WorkspaceId>)>,
    listing: Listing,
) -> Result<Json<Page<wire::MemberThere>>, Failure> {
    let Ids((PathId(project), PathId(workspace))) = path;
    let list = List { name: "workspace-members", scope: workspace.number() };
    reaching(&identified, Place { project, workspace: Some(workspace) }, &listing, list)
}

/// Give a person a role on one workspace alone
#[utoipa::path(put, operation_id = "set_workspace_member_role", path = "/api/app/projects/{project}/workspaces/{workspace}/users/{id}", tag = "people of a project",
    params(("project" = u64, Path), ("workspace" = u64, Path), ("id" = u64, Path)), request_body = SetRole,
    responses((status = 200, body = Done), Refusals))]
pub(super) async fn set_workspace_role(
    State(node): State<Node>,
    identified: Identified,
    path: Ids<(PathId<ProjectId>, PathId<WorkspaceId>, PathId<PrincipalId>)>,
    Body(body): Body<SetRole>,
) -> Result<Json<Done>, Failure> {
    let Ids((PathId(project), PathId(workspace), PathId(member))) = path;
    let role = Some(requested::role(body.role)?);
    perform(&node, &identified, SetMemberRole { project, workspace: Some(workspace), member, role }).await
}

/// Take away a person's role on one workspace; what reaches it through the project stays
#[utoipa::path(delete, operation_id = "take_workspace_member_role", path = "/api/app/projects/{project}/workspaces/{workspace}/users/{id}", tag = "people of a project",
    params(("project" = u64, Path), ("workspace" = u64, Path), ("id" = u64, Path)), responses((status = 200, body = Done), Refusals))]
pub(super) async fn take_workspace_role(
    State(node): State<Node>,
    identified: Identified,
    path: Ids<(PathId<ProjectId>, PathId<WorkspaceId>, PathId<PrincipalId>)>,
) -> Result<Json<Done>, Failure> {
    let Ids((PathId(project), PathId(workspace), PathId(member))) = path;
    perform(&node, &identified, SetMemberRole { project, workspace: Some(workspace), member, role: None }).await
}

async fn perform(node: &Node, identified: &Identified, command: SetMemberRole) -> Result<Json<Done>, Failure> {
    let caller = identified.caller;
    let decide = move |draft: &_, moment, _| member::set_role(draft, &caller, &command, moment);
    node.writer.perform(identified.write_request(), decide).await?;
    Ok(Json(Done::default()))
}

/// Everybody who reaches the place, by whatever gives it.
fn reaching(
    identified: &Identified,
    place: Place,
    listing: &Listing,
    list: List,
) -> Result<Json<Page<wire::MemberThere>>, Failure> {
    let Identified { held, caller, now, .. } = identified;
    let permit = authorize::<ManageMembers>(held, caller, Scope::Project(place.project), *now)?;
    if let Some(id) = place.workspace {
        workspace::find(held, place.project, id)?;
    }
    let organization = permit.organization();
    let after = listing.after(list)?.unwrap_or(0);
    let ids = held.organization(organization).into_iter().flat_map(|known| &known.people);
    let people = ids.filter(|id| id.number() > after).filter_map(|id| held.principal(*id));
    let shown = people.filter_map(|view| {
        let (name, email) = (view.name().to_owned(), held.person(view.id())?.email.to_string());
        if !listing.finds(&name) && !listing.finds(&email) {
            return None;
        }
        let there = show::standing_there(held, place, &view)?;
        Some(wire::MemberThere {
            id: view.id().number(),
            name,
            email,
            organization_role: show::organization_role(effective::organization_role(&view, organization)?),
            role: there.role.to_string(),
            role_order: show::role_order(there.role),
            target_type: there.target_type,
            has_sensitive_access: there.has_sensitive_access,
        })
    });
    let mut rows: Vec<_> = shown.take(listing.fetch_limit().map_or(usize::MAX, |limit| limit as usize)).collect();
    let next = listing.cut(list, &mut rows, |row| row.id);
    Ok(Json(Page::new(rows, next)))
}
