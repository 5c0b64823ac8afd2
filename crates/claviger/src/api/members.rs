//! The people of an organization.

use axum::Json;
use axum::extract::State;
use claviger_access::administration::membership;
use claviger_access::authorize::{ManageMembers, Scope, authorize};
use claviger_access::directory::PrincipalView;
use claviger_access::effective;
use claviger_access::identity::{OrganizationId, PrincipalId};
use claviger_access::{Directory, Refusal};
use claviger_wire::envelope::{Done, Page, Success};
use claviger_wire::people as wire;
use claviger_wire::time::print;

use super::body::Body;
use super::caller::Identified;
use super::failure::Failure;
use super::ids::{Ids, PathId};
use super::listing::{List, Listing};
use super::reference::Refusals;
use super::{requested, show};
use crate::node::Node;

/// List the people of an organization
#[utoipa::path(get, operation_id = "list_members", path = "/api/app/organizations/{org}/users", tag = "people",
    params(("org" = u64, Path), ("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query), ("search" = Option<String>, Query)),
    responses((status = 200, body = Page<wire::Member>), Refusals))]
pub(super) async fn list(
    identified: Identified,
    Ids(PathId(organization)): Ids<PathId<OrganizationId>>,
    listing: Listing,
) -> Result<Json<Page<wire::Member>>, Failure> {
    let Identified { held, caller, now, .. } = &identified;
    authorize::<ManageMembers>(held, caller, Scope::Organization(organization), *now)?;
    let list = List { name: "members", scope: organization.number() };
    let after = listing.after(list)?.unwrap_or(0);
    let ids = held.organization(organization).into_iter().flat_map(|known| &known.people);
    let people = ids.filter(|id| id.number() > after).filter_map(|id| held.principal(*id));
    let shown = people.filter_map(|person| shown(held, organization, &person));
    let found = shown.filter(|member| listing.finds(&member.name) || listing.finds(&member.email));
    let mut rows: Vec<_> = found.take(listing.fetch_limit().map_or(usize::MAX, |limit| limit as usize)).collect();
    let next = listing.cut(list, &mut rows, |row| row.id);
    Ok(Json(Page::new(rows, next)))
}

/// Show a person of an organization
#[utoipa::path(get, operation_id = "show_member", path = "/api/app/organizations/{org}/users/{id}", tag = "people",
    params(("org" = u64, Path), ("id" = u64, Path)), responses((status = 200, body = Success<wire::Member>), Refusals))]
pub(super) async fn show(
    identified: Identified,
    path: Ids<(PathId<OrganizationId>, PathId<PrincipalId>)>,
) -> Result<Json<Success<wire::Member>>, Failure> {
    let Ids((PathId(organization), PathId(person))) = path;
    let Identified { held, caller, now, .. } = &identified;
    authorize::<ManageMembers>(held, caller, Scope::Organization(organization), *now)?;
    Ok(Json(Success::new(member(held, organization, person)?)))
}

/// Give a person another role in the organization
#[utoipa::path(patch, operation_id = "change_member", path = "/api/app/organizations/{org}/users/{id}", tag = "people",
    params(("org" = u64, Path), ("id" = u64, Path)), request_body = wire::ChangeMember,
    responses((status = 200, body = Success<wire::Member>), Refusals))]
pub(super) async fn change(
    State(node): State<Node>,
    identified: Identified,
    path: Ids<(PathId<OrganizationId>, PathId<PrincipalId>)>,
    Body(body): Body<wire::ChangeMember>,
) -> Result<Json<Success<wire::Member>>, Failure> {
    let Ids((PathId(organization), PathId(person))) = path;
    let (caller, role) = (identified.caller, requested::organization_role(body.role));
    let decide =
        move |draft: &_, moment, _| membership::change_role(draft, &caller, organization, person, role, moment);
    node.writer.perform(identified.write_request(), decide).await?;
    let directory = node.cluster.directory().map_err(|error| Failure::from(error).after_write())?;
    Ok(Json(Success::new(member(&directory, organization, person).map_err(Failure::after_write)?)))
}

/// Take a person out of the organization
///
/// His teams and all of his roles there go along; what he made stays, and so does what he has in other organizations.
#[utoipa::path(delete, operation_id = "remove_member", path = "/api/app/organizations/{org}/users/{id}", tag = "people",
    params(("org" = u64, Path), ("id" = u64, Path)), responses((status = 200, body = Done), Refusals))]
pub(super) async fn remove(
    State(node): State<Node>,
    identified: Identified,
    path: Ids<(PathId<OrganizationId>, PathId<PrincipalId>)>,
) -> Result<Json<Done>, Failure> {
    let Ids((PathId(organization), PathId(person))) = path;
    let caller = identified.caller;
    let held = identified.held.principal(person).map_or(0, |view| view.grants().len() + view.teams().len());
    let decide = move |draft: &_, moment, _| membership::remove(draft, &caller, organization, person, moment);
    node.writer.perform(identified.write_request().of_many(held), decide).await?;
    Ok(Json(Done::default()))
}

fn member(directory: &Directory, organization: OrganizationId, person: PrincipalId) -> Result<wire::Member, Failure> {
    let view = membership::find(directory, organization, person)?;
    let gone = Refusal::NoSuchMember { member: person, organization };
    Ok(shown(directory, organization, &view).ok_or(gone)?)
}

fn shown(directory: &Directory, organization: OrganizationId, view: &PrincipalView<'_>) -> Option<wire::Member> {
    let person = directory.person(view.id())?;
    Some(wire::Member {
        id: view.id().number(),
        name: view.name().to_owned(),
        email: person.email.to_string(),
        role: show::organization_role(effective::organization_role(view, organization)?),
        created: print(person.created.seconds()).unwrap_or_default(),
    })
}
