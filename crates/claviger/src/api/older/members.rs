//! People by their older paths, where they are named by their addresses.
//!
//! Clients send the body that added people once more to take them off those projects; only a body that does not speak of
//! projects takes them out of the organization.

use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::extract::State;
use claviger_access::Directory;
use claviger_access::administration::member::{self, AddToProjects, RemoveFromProjects};
use claviger_access::administration::membership;
use claviger_access::email::EmailAddress;
use claviger_access::identity::{OrganizationId, ProjectId};
use claviger_access::role::ProjectRole;
use claviger_wire::envelope::{Done, Page};
use claviger_wire::older as wire;
use claviger_wire::people::Member;
use claviger_wire::roles::RoleName;

use crate::api::body::{Body, LIST_LENGTH_MAX};
use crate::api::caller::Identified;
use crate::api::failure::Failure;
use crate::api::ids::{Ids, PathId, in_body};
use crate::api::listing::Listing;
use crate::api::reference::Refusals;
use crate::api::{members, requested};
use crate::node::Node;

/// List the people of an organization, by an older path
#[utoipa::path(get, operation_id = "older_list_users", path = "/organizations/{org}/users", tag = "older paths",
    params(("org" = u64, Path), ("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query), ("search" = Option<String>, Query)),
    responses((status = 200, body = Page<Member>), Refusals))]
pub(in crate::api) async fn list(
    identified: Identified,
    organization: Ids<PathId<OrganizationId>>,
    listing: Listing,
) -> Result<Json<Page<Member>>, Failure> {
    members::list(identified, organization, listing).await
}

/// Give people roles on projects, all or nothing
///
/// They are members of the organization, named by their addresses. Giving again sets the role.
#[utoipa::path(post, operation_id = "older_add_users_to_projects", path = "/organizations/{org}/add-users-to-projects", tag = "older paths",
    params(("org" = u64, Path)), request_body = wire::UsersOnProjects, responses((status = 200, body = Done), Refusals))]
pub(in crate::api) async fn add_to_projects(
    State(node): State<Node>,
    identified: Identified,
    Ids(PathId(organization)): Ids<PathId<OrganizationId>>,
    Body(body): Body<wire::UsersOnProjects, LIST_LENGTH_MAX>,
) -> Result<Json<Done>, Failure> {
    let projects = by_project(&body)?;
    let pairs = pairs(&projects)?;
    let command = AddToProjects { organization, projects };
    let caller = identified.caller;
    let decide = move |draft: &_, moment, _| member::add_to_projects(draft, &caller, &command, moment);
    node.writer.perform(identified.write_request().of_many(pairs), decide).await?;
    Ok(Json(Done::default()))
}

/// Take people off projects, or out of the organization, all or nothing
///
/// With `projects`, in either form, off those projects alone. Without it, out of the organization.
#[utoipa::path(post, operation_id = "older_delete_users", path = "/organizations/{org}/delete-users", tag = "older paths",
    params(("org" = u64, Path)), request_body = wire::UsersOnProjects, responses((status = 200, body = Done), Refusals))]
pub(in crate::api) async fn delete(
    State(node): State<Node>,
    identified: Identified,
    Ids(PathId(organization)): Ids<PathId<OrganizationId>>,
    Body(body): Body<wire::UsersOnProjects, LIST_LENGTH_MAX>,
) -> Result<Json<Done>, Failure> {
    let (caller, request) = (identified.caller, identified.write_request());
    if body.projects.is_none() {
        let people = addresses(body.users.as_deref().ok_or_else(misfit)?)?;
        let things = people.iter().map(|email| held_by(&identified.held, organization, email)).sum();
        let decide =
            move |draft: &_, moment, _| membership::remove_addressed(draft, &caller, organization, &people, moment);
        node.writer.perform(request.of_many(things), decide).await?;
        return Ok(Json(Done::default()));
    }
    let projects = by_project(&body)?;
    let pairs = pairs(&projects)?;
    let projects = projects.into_iter().map(|(project, people)| (project, people.into_keys().collect())).collect();
    let command = RemoveFromProjects { organization, projects };
    let decide = move |draft: &_, moment, _| member::remove_from_projects(draft, &caller, &command, moment);
    node.writer.perform(request.of_many(pairs), decide).await?;
    Ok(Json(Done::default()))
}

/// The people of each project, each with his role there.
type ByProject = BTreeMap<ProjectId, BTreeMap<EmailAddress, ProjectRole>>;

/// Reads either form.
fn by_project(body: &wire::UsersOnProjects) -> Result<ByProject, Failure> {
    let mut listed = ByProject::new();
    match (body.projects.as_ref().and_then(Option::as_ref), &body.users) {
        (Some(wire::ProjectsWithUsers::Each(projects)), users) if projects.is_empty() || users.is_none() => {
            for project in projects {
                let id = in_body(project.id, "project")?;
                listed.entry(id).or_default();
                for user in &project.users {
                    let role = requested::role(user.role.or(body.role).unwrap_or(RoleName::Consumer))?;
                    list_once(&mut listed, id, requested::email(&user.email)?, role)?;
                }
            }
        }
        (Some(wire::ProjectsWithUsers::Alike(projects)), Some(users)) => {
            let (projects, people) = (requested::ids::<ProjectId>(projects, "project")?, addresses(users)?);
            requested::few(projects.len() * people.len(), PAIR)?;
            let role = requested::role(body.role.unwrap_or(RoleName::Consumer))?;
            let alike: BTreeMap<EmailAddress, ProjectRole> = people.into_iter().map(|email| (email, role)).collect();
            listed.extend(projects.into_iter().map(|id| (id, alike.clone())));
        }
        _ => return Err(misfit()),
    }
    Ok(listed)
}

/// Whoever is listed twice for a project is meant once, and must not be meant in two ways.
fn list_once(listed: &mut ByProject, id: ProjectId, email: EmailAddress, role: ProjectRole) -> Result<(), Failure> {
    if listed.entry(id).or_default().insert(email, role).is_some_and(|before| before != role) {
        let sentence = format!("one user is listed for project {id} with two roles; list each with one");
        return Err(Failure::bad_request("listed_twice", sentence));
    }
    Ok(())
}

const PAIR: &str = "project and user";

/// How many pairs there are, if that is not too many.
fn pairs(listed: &ByProject) -> Result<usize, Failure> {
    let pairs = listed.values().map(|people| people.len().max(1)).sum();
    requested::few(pairs, PAIR)?;
    Ok(pairs)
}

fn addresses(typed: &[String]) -> Result<BTreeSet<EmailAddress>, Failure> {
    let people = typed.iter().map(|email| requested::email(email)).collect::<Result<BTreeSet<_>, _>>()?;
    requested::few(people.len(), "user")?;
    Ok(people)
}

/// How much goes with a person who is a member.
fn held_by(held: &Directory, organization: OrganizationId, email: &EmailAddress) -> usize {
    membership::addressed(held, organization, email).map_or(1, |view| view.grants().len() + view.teams().len())
}

fn misfit() -> Failure {
    let sentence = "send projects, each with its users, or users beside projects that are listed by their ids; to take people \
                    out of the organization send users and no projects";
    Failure::bad_request("body_misfit", sentence)
}
