//! Teams by their older paths, where they are named by their names.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use claviger_access::administration::team::{self, CreateTeams};
use claviger_access::authorize::{ManageTeams, Scope, authorize};
use claviger_access::identity::{OrganizationId, TeamId};
use claviger_access::text::DisplayName;
use claviger_access::{Directory, Draft, Refusal};
use claviger_wire::envelope::{Done, Page};
use claviger_wire::older as wire;
use claviger_wire::teams::{NameTeam, Team};
use serde::Deserialize;

use crate::api::body::{Body, LIST_LENGTH_MAX};
use crate::api::caller::Identified;
use crate::api::failure::Failure;
use crate::api::ids::{self, Ids, PathId};
use crate::api::listing::Listing;
use crate::api::reference::Refusals;
use crate::api::{requested, teams};
use crate::node::Node;

/// List the teams of an organization, by an older path
#[utoipa::path(get, operation_id = "older_list_teams", path = "/organizations/{org}/teams", tag = "older paths",
    params(("org" = u64, Path), ("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query), ("search" = Option<String>, Query)),
    responses((status = 200, body = Page<Team>), Refusals))]
pub(in crate::api) async fn list(
    identified: Identified,
    organization: Ids<PathId<OrganizationId>>,
    listing: Listing,
) -> Result<Json<Page<Team>>, Failure> {
    teams::list(identified, organization, listing).await
}

/// Create teams by their names, all or nothing
#[utoipa::path(post, operation_id = "older_add_teams", path = "/organizations/{org}/add-teams", tag = "older paths",
    params(("org" = u64, Path)), request_body = wire::TeamNames, responses((status = 201, body = Done), Refusals))]
pub(in crate::api) async fn create(
    State(node): State<Node>,
    identified: Identified,
    Ids(PathId(organization)): Ids<PathId<OrganizationId>>,
    Body(body): Body<wire::TeamNames, LIST_LENGTH_MAX>,
) -> Result<(StatusCode, Json<Done>), Failure> {
    let command = CreateTeams { organization, names: names(&body)? };
    let (caller, request) = (identified.caller, identified.write_request().of_many(command.names.len()));
    let decide = move |draft: &_, moment, _| team::create(draft, &caller, &command, moment);
    node.writer.perform(request, decide).await?;
    Ok((StatusCode::CREATED, Json(Done::default())))
}

/// Delete teams by their names, all or nothing
#[utoipa::path(post, operation_id = "older_delete_teams", path = "/organizations/{org}/delete-teams", tag = "older paths",
    params(("org" = u64, Path)), request_body = wire::TeamNames, responses((status = 200, body = Done), Refusals))]
pub(in crate::api) async fn delete(
    State(node): State<Node>,
    identified: Identified,
    Ids(PathId(organization)): Ids<PathId<OrganizationId>>,
    Body(body): Body<wire::TeamNames, LIST_LENGTH_MAX>,
) -> Result<Json<Done>, Failure> {
    let names = names(&body)?;
    let members = names.iter().filter_map(|name| named(&identified.held, organization, name).ok());
    let members: usize = members.filter_map(|team| identified.held.team(team)).map(|team| team.members.len()).sum();
    let (caller, request) = (identified.caller, identified.write_request().of_many(names.len() + members));
    let decide = move |draft: &Draft, moment, _| {
        // Who may not, is told that before he is told what there is.
        authorize::<ManageTeams>(draft, &caller, Scope::Organization(organization), moment)?;
        let teams = names.iter().map(|name| named(draft, organization, name)).collect::<Result<BTreeSet<_>, _>>()?;
        team::delete(draft, &caller, organization, &teams, moment)
    };
    node.writer.perform(request, decide).await?;
    Ok(Json(Done::default()))
}

/// An id, or else a name, as it stands in a path.
#[derive(Deserialize)]
pub(in crate::api) struct IdOrName(String);

/// Rename a team that is named by its id or its name
#[utoipa::path(post, operation_id = "older_update_team", path = "/organizations/{org}/teams/{team}/update", tag = "older paths",
    params(("org" = u64, Path), ("team" = String, Path)), request_body = NameTeam,
    responses((status = 200, body = Done), Refusals))]
pub(in crate::api) async fn rename(
    State(node): State<Node>,
    identified: Identified,
    path: Ids<(PathId<OrganizationId>, IdOrName)>,
    Body(body): Body<NameTeam>,
) -> Result<Json<Done>, Failure> {
    let Ids((PathId(organization), IdOrName(which))) = path;
    let (name, caller) = (requested::name(&body.name)?, identified.caller);
    let decide = move |draft: &Draft, moment, _| {
        authorize::<ManageTeams>(draft, &caller, Scope::Organization(organization), moment)?;
        let id = ids::read(&which).filter(|id| draft.team(*id).is_some_and(|team| team.organization == organization));
        let team = match (id, DisplayName::parse(&which)) {
            (Some(id), _) => id,
            (None, Ok(name)) => named(draft, organization, &name)?,
            (None, Err(_)) => return Err(Refusal::NoTeamOfThatName { organization }),
        };
        team::rename(draft, &caller, organization, team, &name, moment)
    };
    node.writer.perform(identified.write_request(), decide).await?;
    Ok(Json(Done::default()))
}

fn names(body: &wire::TeamNames) -> Result<Vec<DisplayName>, Failure> {
    requested::few(body.teams.len(), "team")?;
    body.teams.iter().map(|name| requested::name(name)).collect()
}

fn named(directory: &Directory, organization: OrganizationId, name: &DisplayName) -> Result<TeamId, Refusal> {
    let known = team::named(directory, organization, name).map(|team| team.id);
    known.ok_or(Refusal::NoTeamOfThatName { organization })
}
