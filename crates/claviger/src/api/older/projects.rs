//! Projects by their older paths.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use claviger_access::administration::project::{self, ChangeProject, CreateProjects, NewProject};
use claviger_access::identity::{OrganizationId, ProjectId};
use claviger_access::text::TimezoneName;
use claviger_wire::envelope::{Done, Page, Success};
use claviger_wire::older as wire;
use claviger_wire::projects::ProjectDetail;

use super::form::Form;
use super::timezones::numbered;
use crate::api::body::{Body, LIST_LENGTH_MAX};
use crate::api::caller::Identified;
use crate::api::failure::Failure;
use crate::api::ids::{Ids, PathId};
use crate::api::listing::Listing;
use crate::api::reference::Refusals;
use crate::api::{projects, requested};
use crate::node::Node;

/// List the projects of an organization that the caller reaches, by an older path
#[utoipa::path(get, operation_id = "older_list_projects", path = "/organizations/{org}/projects", tag = "older paths",
    params(("org" = u64, Path), ("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query), ("search" = Option<String>, Query)),
    responses((status = 200, body = Page<ProjectDetail>), Refusals))]
pub(in crate::api) async fn list(
    identified: Identified,
    organization: Ids<PathId<OrganizationId>>,
    listing: Listing,
) -> Result<Json<Page<ProjectDetail>>, Failure> {
    projects::list(identified, organization, listing).await
}

/// Create a project, its time zone by number
#[utoipa::path(post, operation_id = "older_create_project", path = "/api/app/organizations/{org}/create-project", tag = "older paths",
    params(("org" = u64, Path)), request_body = wire::CreateProject,
    responses((status = 201, body = Success<ProjectDetail>), Refusals))]
pub(in crate::api) async fn create(
    State(node): State<Node>,
    identified: Identified,
    Ids(PathId(organization)): Ids<PathId<OrganizationId>>,
    Body(body): Body<wire::CreateProject>,
) -> Result<(StatusCode, Json<Success<ProjectDetail>>), Failure> {
    let name = requested::name(&body.project_name)?;
    let timezone = body.timezone_id.map_or(Ok(TimezoneName::default()), numbered)?;
    let made = make(&node, &identified, organization, vec![NewProject { name, timezone, slug: None }]).await?;
    let shown = made.into_iter().next().ok_or_else(|| Failure::not_found().after_write())?;
    Ok((StatusCode::CREATED, Json(Success::new(shown))))
}

/// Create several projects, all or nothing
#[utoipa::path(post, operation_id = "older_create_projects", path = "/organizations/{org}/create-projects", tag = "older paths",
    params(("org" = u64, Path)), request_body = wire::CreateProjects,
    responses((status = 201, body = Success<Vec<ProjectDetail>>), Refusals))]
pub(in crate::api) async fn create_several(
    State(node): State<Node>,
    identified: Identified,
    Ids(PathId(organization)): Ids<PathId<OrganizationId>>,
    Body(body): Body<wire::CreateProjects, LIST_LENGTH_MAX>,
) -> Result<(StatusCode, Json<Success<Vec<ProjectDetail>>>), Failure> {
    requested::few(body.project_names.len(), "project")?;
    let new = |name: &String| {
        let (name, timezone) = (requested::name(name)?, TimezoneName::default());
        Ok(NewProject { name, timezone, slug: None })
    };
    let new = body.project_names.iter().map(new).collect::<Result<Vec<_>, Failure>>()?;
    let made = make(&node, &identified, organization, new).await?;
    Ok((StatusCode::CREATED, Json(Success::new(made))))
}

async fn make(
    node: &Node,
    identified: &Identified,
    organization: OrganizationId,
    projects: Vec<NewProject>,
) -> Result<Vec<ProjectDetail>, Failure> {
    let (caller, request) = (identified.caller, identified.write_request().of_many(projects.len()));
    let command = CreateProjects { organization, projects };
    let decide = move |draft: &_, moment, _| project::create(draft, &caller, &command, moment);
    let made = node.writer.perform(request, decide).await?;
    let directory = node.cluster.directory().map_err(|error| Failure::from(error).after_write())?;
    made.into_iter().map(|id| projects::detail(&directory, identified, id)).collect()
}

/// Show a project, by an older path
#[utoipa::path(get, operation_id = "older_show_project", path = "/api/app/projects/{project}/metadata", tag = "older paths",
    params(("project" = u64, Path)), responses((status = 200, body = Success<ProjectDetail>), Refusals))]
pub(in crate::api) async fn show(
    identified: Identified,
    project: Ids<PathId<ProjectId>>,
) -> Result<Json<Success<ProjectDetail>>, Failure> {
    projects::show(identified, project).await
}

/// Show a project, by an even older path
#[utoipa::path(get, operation_id = "older_show_project_settings", path = "/settings/project/{project}/metadata", tag = "older paths",
    params(("project" = u64, Path)), responses((status = 200, body = Success<ProjectDetail>), Refusals))]
pub(in crate::api) async fn show_settings(
    identified: Identified,
    project: Ids<PathId<ProjectId>>,
) -> Result<Json<Success<ProjectDetail>>, Failure> {
    projects::show(identified, project).await
}

/// Change a project's name or time zone, by a form
#[utoipa::path(post, operation_id = "older_update_project", path = "/projects/update/{project}", tag = "older paths",
    params(("project" = u64, Path)),
    request_body(content = wire::UpdateProject, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, body = Done), Refusals))]
pub(in crate::api) async fn update(
    State(node): State<Node>,
    identified: Identified,
    Ids(PathId(project)): Ids<PathId<ProjectId>>,
    Form(form): Form<wire::UpdateProject>,
) -> Result<Json<Done>, Failure> {
    let command = ChangeProject {
        project,
        name: form.name.as_deref().map(requested::name).transpose()?,
        timezone: timezone(&form)?,
        slug: None,
    };
    let caller = identified.caller;
    let decide = move |draft: &_, moment, _| project::change(draft, &caller, &command, moment);
    node.writer.perform(identified.write_request(), decide).await?;
    Ok(Json(Done::default()))
}

/// The name counts where both are there; clients send a number beside it that they took from elsewhere.
fn timezone(form: &wire::UpdateProject) -> Result<Option<TimezoneName>, Failure> {
    let told = form.timezone_name.as_deref().or(form.timezone.as_deref()).filter(|text| !text.is_empty());
    told.map(|text| text.parse().map_or_else(|_| requested::timezone(text), numbered)).transpose()
}

/// Delete projects, all or nothing
#[utoipa::path(post, operation_id = "older_delete_projects", path = "/organizations/{org}/delete-projects", tag = "older paths",
    params(("org" = u64, Path)), request_body = wire::DeleteProjects, responses((status = 200, body = Done), Refusals))]
pub(in crate::api) async fn delete(
    State(node): State<Node>,
    identified: Identified,
    Ids(PathId(organization)): Ids<PathId<OrganizationId>>,
    Body(body): Body<wire::DeleteProjects, LIST_LENGTH_MAX>,
) -> Result<Json<Done>, Failure> {
    let projects = requested::ids::<ProjectId>(&body.project_ids, "project")?;
    let (caller, request) = (identified.caller, identified.write_request().of_many(projects.len()));
    let decide = move |draft: &_, moment, _| project::delete_several(draft, &caller, organization, &projects, moment);
    node.writer.perform(request, decide).await?;
    Ok(Json(Done::default()))
}
