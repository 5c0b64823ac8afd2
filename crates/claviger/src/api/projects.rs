//! Projects.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use claviger_access::administration::project::{self, ChangeProject, CreateProjects, NewProject};
use claviger_access::authorize::{see_organization, see_project};
use claviger_access::effective;
use claviger_access::identity::{OrganizationId, ProjectId};
use claviger_access::text::TimezoneName;
use claviger_access::{Directory, Refusal};
use claviger_wire::envelope::{Done, Page, Success};
use claviger_wire::projects as wire;

use super::body::Body;
use super::caller::Identified;
use super::failure::Failure;
use super::idempotency::Idempotency;
use super::ids::{Ids, PathId};
use super::listing::{List, Listing};
use super::reference::Refusals;
use super::{requested, show};
use crate::node::Node;
use crate::writer::Makes;

impl Makes for Vec<ProjectId> {
    fn made(&self) -> u64 {
        self.first().map_or(0, |project| project.number())
    }
}

/// List the projects of an organization that the caller reaches
#[utoipa::path(get, operation_id = "list_projects", path = "/api/app/organizations/{org}/projects", tag = "projects",
    params(("org" = u64, Path), ("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query), ("search" = Option<String>, Query)),
    responses((status = 200, body = Page<wire::ProjectDetail>), Refusals))]
pub(super) async fn list(
    identified: Identified,
    Ids(PathId(organization)): Ids<PathId<OrganizationId>>,
    listing: Listing,
) -> Result<Json<Page<wire::ProjectDetail>>, Failure> {
    let Identified { held, caller, now, .. } = &identified;
    see_organization(held, caller, organization, *now)?;
    let list = List { name: "projects", scope: organization.number() };
    let after = listing.after(list)?.unwrap_or(0);
    let reached = effective::reach(held, &identified.view()?, organization);
    let rows = reached.iter().filter_map(|(id, reached)| Some((held.project(*id)?, reached)));
    let found = rows.filter(|(project, _)| project.id.number() > after && listing.finds(&project.name));
    let fetched = found.take(listing.fetch_limit().map_or(usize::MAX, |limit| limit as usize));
    let mut rows: Vec<wire::ProjectDetail> =
        fetched.map(|(project, reached)| show::project_detail(held, project, reached)).collect();
    let next = listing.cut(list, &mut rows, |row| row.project.id);
    Ok(Json(Page::new(rows, next)))
}

/// Create a project
#[utoipa::path(post, operation_id = "create_project", path = "/api/app/organizations/{org}/projects", tag = "projects",
    params(("org" = u64, Path), ("Idempotency-Key" = Option<String>, Header)), request_body = wire::CreateProject,
    responses((status = 201, body = Success<wire::ProjectDetail>), Refusals))]
pub(super) async fn create(
    State(node): State<Node>,
    identified: Identified,
    Ids(PathId(organization)): Ids<PathId<OrganizationId>>,
    idempotency: Idempotency,
    Body(body): Body<wire::CreateProject>,
) -> Result<(StatusCode, Json<Success<wire::ProjectDetail>>), Failure> {
    let name = requested::name(&body.name)?;
    let timezone = body.timezone.as_deref().map_or(Ok(TimezoneName::default()), requested::timezone)?;
    let slug = body.slug.as_deref().map_or(Ok(None), requested::slug)?;
    let command = CreateProjects { organization, projects: vec![NewProject { name, timezone, slug }] };
    let (caller, key) = (identified.caller, idempotency.of(identified.principal));
    let decide = move |draft: &_, moment, _| project::create(draft, &caller, &command, moment);
    let made = node.writer.create(identified.write_request(), key, decide).await?;
    let id = *made.first().ok_or_else(|| Failure::not_found().after_write())?;
    let directory = node.cluster.directory().map_err(|error| Failure::from(error).after_write())?;
    Ok((StatusCode::CREATED, shown(&directory, &identified, id)?))
}

/// Show a project
#[utoipa::path(get, operation_id = "show_project", path = "/api/app/projects/{project}", tag = "projects", params(("project" = u64, Path)),
    responses((status = 200, body = Success<wire::ProjectDetail>), Refusals))]
pub(super) async fn show(
    identified: Identified,
    Ids(PathId(id)): Ids<PathId<ProjectId>>,
) -> Result<Json<Success<wire::ProjectDetail>>, Failure> {
    see_project(&identified.held, &identified.caller, id, identified.now)?;
    shown(&identified.held, &identified, id)
}

/// Change a project's name, time zone or slug
#[utoipa::path(patch, operation_id = "change_project", path = "/api/app/projects/{project}", tag = "projects", params(("project" = u64, Path)),
    request_body = wire::ChangeProject, responses((status = 200, body = Success<wire::ProjectDetail>), Refusals))]
pub(super) async fn change(
    State(node): State<Node>,
    identified: Identified,
    Ids(PathId(id)): Ids<PathId<ProjectId>>,
    Body(body): Body<wire::ChangeProject>,
) -> Result<Json<Success<wire::ProjectDetail>>, Failure> {
    let name = body.name.as_deref().map(requested::name).transpose()?;
    let timezone = body.timezone.as_deref().map(requested::timezone).transpose()?;
    let slug = body.slug.map(|slug| requested::slug(&slug.unwrap_or_default())).transpose()?;
    let command = ChangeProject { project: id, name, timezone, slug };
    let caller = identified.caller;
    let decide = move |draft: &_, moment, _| project::change(draft, &caller, &command, moment);
    node.writer.perform(identified.write_request(), decide).await?;
    let directory = node.cluster.directory().map_err(|error| Failure::from(error).after_write())?;
    shown(&directory, &identified, id)
}

/// Delete a project with its workspaces and every grant on it
#[utoipa::path(delete, operation_id = "delete_project", path = "/api/app/projects/{project}", tag = "projects", params(("project" = u64, Path)),
    responses((status = 200, body = Done), Refusals))]
pub(super) async fn delete(
    State(node): State<Node>,
    identified: Identified,
    Ids(PathId(id)): Ids<PathId<ProjectId>>,
) -> Result<Json<Done>, Failure> {
    let caller = identified.caller;
    let decide = move |draft: &_, moment, _| project::delete(draft, &caller, id, moment);
    node.writer.perform(identified.write_request(), decide).await?;
    Ok(Json(Done::default()))
}

/// All projects that the caller reaches, with their workspaces, keyed by id
#[utoipa::path(get, operation_id = "index_projects", path = "/api/app/projects/metadata/index", tag = "projects",
    responses((status = 200, body = Success<BTreeMap<String, wire::ProjectIndexEntry>>), Refusals))]
pub(super) async fn index(
    identified: Identified,
) -> Result<Json<Success<BTreeMap<u64, wire::ProjectIndexEntry>>>, Failure> {
    let (view, held) = (identified.view()?, &identified.held);
    let reached = view.organization().map(|organization| effective::reach(held, &view, organization));
    let entries = reached
        .iter()
        .flatten()
        .filter_map(|(id, reached)| Some((id.number(), show::project_index_entry(held, held.project(*id)?, reached))));
    Ok(Json(Success::new(entries.collect())))
}

/// A project as the caller sees it on this image.
fn shown(
    directory: &Directory,
    identified: &Identified,
    id: ProjectId,
) -> Result<Json<Success<wire::ProjectDetail>>, Failure> {
    Ok(Json(Success::new(detail(directory, identified, id)?)))
}

pub(super) fn detail(
    directory: &Directory,
    identified: &Identified,
    id: ProjectId,
) -> Result<wire::ProjectDetail, Failure> {
    let project = directory.project(id).ok_or(Refusal::NoSuchProject { project: id })?;
    let view = directory.principal(identified.principal).ok_or(Refusal::NotAuthenticated)?;
    let reached = effective::reach(directory, &view, project.organization).remove(&id);
    let reached = reached.unwrap_or_default();
    Ok(show::project_detail(directory, project, &reached))
}
