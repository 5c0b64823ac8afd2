//! The teams of an organization, and their members.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use claviger_access::administration::team::{self, ChangeMembers, CreateTeams};
use claviger_access::authorize::{ManageTeams, Scope, authorize};
use claviger_access::directory::Team;
use claviger_access::grant::Granted;
use claviger_access::identity::{OrganizationId, PrincipalId, PrincipalKind, TeamId};
use claviger_access::{Caller, Decided, Directory, Draft, Moment, Refusal};
use claviger_wire::envelope::{Done, Page, Success};
use claviger_wire::teams as wire;

use super::body::{Body, LIST_LENGTH_MAX};
use super::caller::Identified;
use super::failure::Failure;
use super::idempotency::Idempotency;
use super::ids::{Ids, PathId};
use super::listing::{List, Listing};
use super::reference::Refusals;
use super::requested;
use crate::node::Node;
use crate::writer::Makes;

impl Makes for Vec<TeamId> {
    fn made(&self) -> u64 {
        self.first().map_or(0, |team| team.number())
    }
}

/// List the teams of an organization
#[utoipa::path(get, operation_id = "list_teams", path = "/api/app/organizations/{org}/teams", tag = "teams",
    params(("org" = u64, Path), ("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query), ("search" = Option<String>, Query)),
    responses((status = 200, body = Page<wire::Team>), Refusals))]
pub(super) async fn list(
    identified: Identified,
    Ids(PathId(organization)): Ids<PathId<OrganizationId>>,
    listing: Listing,
) -> Result<Json<Page<wire::Team>>, Failure> {
    let Identified { held, caller, now, .. } = &identified;
    authorize::<ManageTeams>(held, caller, Scope::Organization(organization), *now)?;
    let list = List { name: "teams", scope: organization.number() };
    let after = listing.after(list)?.unwrap_or(0);
    let teams = held.organization(organization).into_iter().flat_map(|known| &known.teams);
    let found = teams.filter_map(|id| held.team(*id));
    let found = found.filter(|team| team.id.number() > after && listing.finds(&team.name));
    let fetched = found.take(listing.fetch_limit().map_or(usize::MAX, |limit| limit as usize));
    let mut rows: Vec<wire::Team> = fetched.map(shown).collect();
    let next = listing.cut(list, &mut rows, |row| row.id);
    Ok(Json(Page::new(rows, next)))
}

/// Create a team, without members
#[utoipa::path(post, operation_id = "create_team", path = "/api/app/organizations/{org}/teams", tag = "teams",
    params(("org" = u64, Path), ("Idempotency-Key" = Option<String>, Header)), request_body = wire::NameTeam,
    responses((status = 201, body = Success<wire::TeamDetail>), Refusals))]
pub(super) async fn create(
    State(node): State<Node>,
    identified: Identified,
    Ids(PathId(organization)): Ids<PathId<OrganizationId>>,
    idempotency: Idempotency,
    Body(body): Body<wire::NameTeam>,
) -> Result<(StatusCode, Json<Success<wire::TeamDetail>>), Failure> {
    let command = CreateTeams { organization, names: vec![requested::name(&body.name)?] };
    let (caller, key) = (identified.caller, idempotency.of(identified.principal));
    let decide = move |draft: &_, moment, _| team::create(draft, &caller, &command, moment);
    let made = node.writer.create(identified.write_request(), key, decide).await?;
    let directory = node.cluster.directory().map_err(|error| Failure::from(error).after_write())?;
    let team = made.first().and_then(|id| directory.team(*id));
    let detail = team.map(|team| detail(&directory, team)).ok_or_else(|| Failure::not_found().after_write())?;
    Ok((StatusCode::CREATED, Json(Success::new(detail))))
}

/// Show a team with its members and roles
#[utoipa::path(get, operation_id = "show_team", path = "/api/app/organizations/{org}/teams/{team}", tag = "teams",
    params(("org" = u64, Path), ("team" = u64, Path)), responses((status = 200, body = Success<wire::TeamDetail>), Refusals))]
pub(super) async fn show(
    identified: Identified,
    path: Ids<(PathId<OrganizationId>, PathId<TeamId>)>,
) -> Result<Json<Success<wire::TeamDetail>>, Failure> {
    let Ids((PathId(organization), PathId(team))) = path;
    let Identified { held, caller, now, .. } = &identified;
    authorize::<ManageTeams>(held, caller, Scope::Organization(organization), *now)?;
    Ok(Json(Success::new(detail(held, team::find(held, organization, team)?))))
}

/// Rename a team
#[utoipa::path(patch, operation_id = "rename_team", path = "/api/app/organizations/{org}/teams/{team}", tag = "teams",
    params(("org" = u64, Path), ("team" = u64, Path)), request_body = wire::NameTeam,
    responses((status = 200, body = Success<wire::TeamDetail>), Refusals))]
pub(super) async fn rename(
    State(node): State<Node>,
    identified: Identified,
    path: Ids<(PathId<OrganizationId>, PathId<TeamId>)>,
    Body(body): Body<wire::NameTeam>,
) -> Result<Json<Success<wire::TeamDetail>>, Failure> {
    let Ids((PathId(organization), PathId(team))) = path;
    let (name, caller) = (requested::name(&body.name)?, identified.caller);
    let decide = move |draft: &_, moment, _| team::rename(draft, &caller, organization, team, &name, moment);
    node.writer.perform(identified.write_request(), decide).await?;
    let directory = node.cluster.directory().map_err(|error| Failure::from(error).after_write())?;
    let team = team::find(&directory, organization, team).map_err(|gone| Failure::from(gone).after_write())?;
    Ok(Json(Success::new(detail(&directory, team))))
}

/// Delete a team
///
/// Its members lose exactly what came through it.
#[utoipa::path(delete, operation_id = "delete_team", path = "/api/app/organizations/{org}/teams/{team}", tag = "teams",
    params(("org" = u64, Path), ("team" = u64, Path)), responses((status = 200, body = Done), Refusals))]
pub(super) async fn delete(
    State(node): State<Node>,
    identified: Identified,
    path: Ids<(PathId<OrganizationId>, PathId<TeamId>)>,
) -> Result<Json<Done>, Failure> {
    let Ids((PathId(organization), PathId(team))) = path;
    let caller = identified.caller;
    let decide = move |draft: &_, moment, _| team::delete(draft, &caller, organization, &[team].into(), moment);
    let members = identified.held.team(team).map_or(0, |known| known.members.len());
    node.writer.perform(identified.write_request().of_many(members), decide).await?;
    Ok(Json(Done::default()))
}

/// Make people and service accounts members of a team
///
/// All or nothing. Who is a member already stays one.
#[utoipa::path(post, operation_id = "add_team_members", path = "/api/app/organizations/{org}/teams/{team}/add-members", tag = "teams",
    params(("org" = u64, Path), ("team" = u64, Path)), request_body = wire::TeamMembers,
    responses((status = 200, body = Done), Refusals))]
pub(super) async fn add_members(
    State(node): State<Node>,
    identified: Identified,
    path: Ids<(PathId<OrganizationId>, PathId<TeamId>)>,
    Body(body): Body<wire::TeamMembers, LIST_LENGTH_MAX>,
) -> Result<Json<Done>, Failure> {
    change_members(&node, &identified, path, &body, team::add_members).await
}

/// Take members out of a team
///
/// All or nothing. Taking out who is no member is fine.
#[utoipa::path(post, operation_id = "remove_team_members", path = "/api/app/organizations/{org}/teams/{team}/remove-members", tag = "teams",
    params(("org" = u64, Path), ("team" = u64, Path)), request_body = wire::TeamMembers,
    responses((status = 200, body = Done), Refusals))]
pub(super) async fn remove_members(
    State(node): State<Node>,
    identified: Identified,
    path: Ids<(PathId<OrganizationId>, PathId<TeamId>)>,
    Body(body): Body<wire::TeamMembers, LIST_LENGTH_MAX>,
) -> Result<Json<Done>, Failure> {
    change_members(&node, &identified, path, &body, team::remove_members).await
}

type ChangesMembers = fn(&Draft, &Caller, &ChangeMembers, Moment) -> Result<Decided<()>, Refusal>;

async fn change_members(
    node: &Node,
    identified: &Identified,
    Ids((PathId(organization), PathId(team))): Ids<(PathId<OrganizationId>, PathId<TeamId>)>,
    body: &wire::TeamMembers,
    change: ChangesMembers,
) -> Result<Json<Done>, Failure> {
    let members = requested::ids::<PrincipalId>(&body.user_ids, "user")?;
    let (caller, request) = (identified.caller, identified.write_request().of_many(members.len()));
    let command = ChangeMembers { organization, team, members };
    node.writer.perform(request, move |draft, moment, _| change(draft, &caller, &command, moment)).await?;
    Ok(Json(Done::default()))
}

pub(super) fn shown(team: &Team) -> wire::Team {
    wire::Team {
        id: team.id.number(),
        name: team.name.clone(),
        organization_id: team.organization.number(),
        member_count: team.members.len(),
    }
}

fn detail(directory: &Directory, team: &Team) -> wire::TeamDetail {
    let members = team.members.iter().filter_map(|id| directory.principal(*id)).map(|member| wire::TeamMember {
        id: member.id().number(),
        name: member.name().to_owned(),
        is_service_account: member.kind() == PrincipalKind::ServiceAccount,
    });
    let (mut projects, mut workspaces) = (Vec::new(), Vec::new());
    for grant in &team.grants {
        match grant.granted() {
            Granted::Project(on, role) => projects.extend(directory.project(on).map(|project| wire::TeamRole {
                id: on.number(),
                name: project.name.clone(),
                project_id: on.number(),
                role: role.to_string(),
            })),
            Granted::Workspace(on, role) => workspaces.extend(directory.workspace(on).map(|known| wire::TeamRole {
                id: on.number(),
                name: known.name.clone(),
                project_id: known.project.number(),
                role: role.to_string(),
            })),
            Granted::Organization(..) => {}
        }
    }
    wire::TeamDetail { team: shown(team), members: members.collect(), projects, workspaces }
}
