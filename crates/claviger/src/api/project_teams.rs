//! The teams that reach a project, and the default access of every member.

use axum::Json;
use axum::extract::State;
use claviger_access::administration::default_access;
use claviger_access::administration::team::{self, SetTeamRole};
use claviger_access::authorize::{ManageMembers, Scope, authorize};
use claviger_access::grant::Granted;
use claviger_access::identity::{ProjectId, TeamId, WorkspaceId};
use claviger_wire::envelope::{Done, Success};
use claviger_wire::roles::{RoleName, SetRole};
use claviger_wire::teams as wire;

use super::body::Body;
use super::caller::Identified;
use super::failure::Failure;
use super::ids::{Ids, PathId};
use super::reference::Refusals;
use super::{requested, teams};
use crate::node::Node;

/// List the teams that hold a role on a project or on one of its workspaces
#[utoipa::path(get, operation_id = "list_project_teams", path = "/api/app/projects/{project}/teams", tag = "teams of a project",
    params(("project" = u64, Path)), responses((status = 200, body = Success<Vec<wire::TeamThere>>), Refusals))]
pub(super) async fn list(
    identified: Identified,
    Ids(PathId(project)): Ids<PathId<ProjectId>>,
) -> Result<Json<Success<Vec<wire::TeamThere>>>, Failure> {
    let Identified { held, caller, now, .. } = &identified;
    let permit = authorize::<ManageMembers>(held, caller, Scope::Project(project), *now)?;
    let organization = held.organization(permit.organization());
    let known = organization.into_iter().flat_map(|known| &known.teams).filter_map(|id| held.team(*id));
    let there = known.filter_map(|team| {
        let role = team.grants.iter().find_map(|grant| match grant.granted() {
            Granted::Project(on, role) if on == project => Some(role.to_string()),
            _ => None,
        });
        let on_workspace = team.grants.iter().any(|grant| match grant.granted() {
            Granted::Workspace(on, _) => held.workspace(on).is_some_and(|workspace| workspace.project == project),
            _ => false,
        });
        (role.is_some() || on_workspace).then(|| wire::TeamThere { team: teams::shown(team), role })
    });
    Ok(Json(Success::new(there.collect())))
}

/// Give a team a role on a project
#[utoipa::path(put, operation_id = "set_project_team_role", path = "/api/app/projects/{project}/teams/{team}", tag = "teams of a project",
    params(("project" = u64, Path), ("team" = u64, Path)), request_body = SetRole,
    responses((status = 200, body = Done), Refusals))]
pub(super) async fn set_role(
    State(node): State<Node>,
    identified: Identified,
    path: Ids<(PathId<ProjectId>, PathId<TeamId>)>,
    Body(body): Body<SetRole>,
) -> Result<Json<Done>, Failure> {
    let Ids((PathId(project), PathId(team))) = path;
    let role = Some(requested::role(body.role)?);
    write_role(&node, &identified, SetTeamRole { project, workspace: None, team, role }).await
}

/// Take away a team's role on a project
///
/// Its roles on the project's workspaces go with it.
#[utoipa::path(delete, operation_id = "take_project_team_role", path = "/api/app/projects/{project}/teams/{team}", tag = "teams of a project",
    params(("project" = u64, Path), ("team" = u64, Path)), responses((status = 200, body = Done), Refusals))]
pub(super) async fn take_role(
    State(node): State<Node>,
    identified: Identified,
    path: Ids<(PathId<ProjectId>, PathId<TeamId>)>,
) -> Result<Json<Done>, Failure> {
    let Ids((PathId(project), PathId(team))) = path;
    write_role(&node, &identified, SetTeamRole { project, workspace: None, team, role: None }).await
}

/// Give a team a role on one workspace
#[utoipa::path(put, operation_id = "set_workspace_team_role", path = "/api/app/projects/{project}/workspaces/{workspace}/teams/{team}",
    tag = "teams of a project",
    params(("project" = u64, Path), ("workspace" = u64, Path), ("team" = u64, Path)), request_body = SetRole,
    responses((status = 200, body = Done), Refusals))]
pub(super) async fn set_workspace_role(
    State(node): State<Node>,
    identified: Identified,
    path: Ids<(PathId<ProjectId>, PathId<WorkspaceId>, PathId<TeamId>)>,
    Body(body): Body<SetRole>,
) -> Result<Json<Done>, Failure> {
    let Ids((PathId(project), PathId(workspace), PathId(team))) = path;
    let role = Some(requested::role(body.role)?);
    write_role(&node, &identified, SetTeamRole { project, workspace: Some(workspace), team, role }).await
}

/// Take away a team's role on one workspace
///
/// What reaches the workspace through its project stays.
#[utoipa::path(delete, operation_id = "take_workspace_team_role", path = "/api/app/projects/{project}/workspaces/{workspace}/teams/{team}",
    tag = "teams of a project",
    params(("project" = u64, Path), ("workspace" = u64, Path), ("team" = u64, Path)),
    responses((status = 200, body = Done), Refusals))]
pub(super) async fn take_workspace_role(
    State(node): State<Node>,
    identified: Identified,
    path: Ids<(PathId<ProjectId>, PathId<WorkspaceId>, PathId<TeamId>)>,
) -> Result<Json<Done>, Failure> {
    let Ids((PathId(project), PathId(workspace), PathId(team))) = path;
    write_role(&node, &identified, SetTeamRole { project, workspace: Some(workspace), team, role: None }).await
}

async fn write_role(node: &Node, identified: &Identified, command: SetTeamRole) -> Result<Json<Done>, Failure> {
    let caller = identified.caller;
    let decide = move |draft: &_, moment, _| team::set_role(draft, &caller, &command, moment);
    node.writer.perform(identified.write_request(), decide).await?;
    Ok(Json(Done::default()))
}

/// Show the role that every member of the organization has on a project
#[utoipa::path(get, operation_id = "show_default_access", path = "/api/app/projects/{project}/default-access", tag = "default access",
    params(("project" = u64, Path)), responses((status = 200, body = Success<wire::DefaultAccess>), Refusals))]
pub(super) async fn show_default_access(
    identified: Identified,
    Ids(PathId(project)): Ids<PathId<ProjectId>>,
) -> Result<Json<Success<wire::DefaultAccess>>, Failure> {
    let Identified { held, caller, now, .. } = &identified;
    authorize::<ManageMembers>(held, caller, Scope::Project(project), *now)?;
    let grant = held.project(project).and_then(|known| known.default_access);
    let role = grant.and_then(|grant| grant.granted().project_role());
    let role = role.and_then(|role| RoleName::parse(&role.to_string()));
    Ok(Json(Success::new(wire::DefaultAccess { role })))
}

/// Give every member of the organization a role on a project
#[utoipa::path(put, operation_id = "set_default_access", path = "/api/app/projects/{project}/default-access", tag = "default access",
    params(("project" = u64, Path)), request_body = SetRole, responses((status = 200, body = Done), Refusals))]
pub(super) async fn set_default_access(
    State(node): State<Node>,
    identified: Identified,
    Ids(PathId(project)): Ids<PathId<ProjectId>>,
    Body(body): Body<SetRole>,
) -> Result<Json<Done>, Failure> {
    let (role, caller) = (Some(requested::role(body.role)?), identified.caller);
    let decide = move |draft: &_, moment, _| default_access::set(draft, &caller, project, role, moment);
    node.writer.perform(identified.write_request(), decide).await?;
    Ok(Json(Done::default()))
}

/// Take away the role that every member of the organization has on a project
#[utoipa::path(delete, operation_id = "take_default_access", path = "/api/app/projects/{project}/default-access", tag = "default access",
    params(("project" = u64, Path)), responses((status = 200, body = Done), Refusals))]
pub(super) async fn take_default_access(
    State(node): State<Node>,
    identified: Identified,
    Ids(PathId(project)): Ids<PathId<ProjectId>>,
) -> Result<Json<Done>, Failure> {
    let caller = identified.caller;
    let decide = move |draft: &_, moment, _| default_access::set(draft, &caller, project, None, moment);
    node.writer.perform(identified.write_request(), decide).await?;
    Ok(Json(Done::default()))
}
