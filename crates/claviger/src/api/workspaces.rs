//! The workspaces of a project.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use claviger_access::administration::workspace::{self, ChangeWorkspace, CreateWorkspace};
use claviger_access::authorize::{Scope, see_project};
use claviger_access::identity::{ProjectId, WorkspaceId};
use claviger_access::permission::Permission;
use claviger_access::{Directory, Refusal, effective};
use claviger_wire::envelope::{Done, Page, Success};
use claviger_wire::workspaces as wire;

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

impl Makes for WorkspaceId {
    fn made(&self) -> u64 {
        self.number()
    }
}

/// List the workspaces of a project that the caller reaches
#[utoipa::path(get, operation_id = "list_workspaces", path = "/api/app/projects/{project}/workspaces", tag = "workspaces",
    params(("project" = u64, Path), ("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query), ("search" = Option<String>, Query)),
    responses((status = 200, body = Page<wire::WorkspaceDetail>), Refusals))]
pub(super) async fn list(
    identified: Identified,
    Ids(PathId(project)): Ids<PathId<ProjectId>>,
    listing: Listing,
) -> Result<Json<Page<wire::WorkspaceDetail>>, Failure> {
    reached(&identified, project, &listing)
}

/// The same list, where clients of the original look for it
#[utoipa::path(get, operation_id = "list_public_workspaces", path = "/api/app/projects/{project}/workspaces/public", tag = "workspaces",
    params(("project" = u64, Path), ("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query), ("search" = Option<String>, Query)),
    responses((status = 200, body = Page<wire::WorkspaceDetail>), Refusals))]
pub(super) async fn list_public(
    identified: Identified,
    Ids(PathId(project)): Ids<PathId<ProjectId>>,
    listing: Listing,
) -> Result<Json<Page<wire::WorkspaceDetail>>, Failure> {
    reached(&identified, project, &listing)
}

fn reached(
    identified: &Identified,
    project: ProjectId,
    listing: &Listing,
) -> Result<Json<Page<wire::WorkspaceDetail>>, Failure> {
    let held = &identified.held;
    see_project(held, &identified.caller, project, identified.now)?;
    let list = List { name: "workspaces", scope: project.number() };
    let after = listing.after(list)?.unwrap_or(0);
    let view = identified.view()?;
    let ids = held.project(project).map_or(&[][..], |project| &project.workspaces);
    let known = ids.iter().filter_map(|id| held.workspace(*id));
    let found = known.filter(|known| known.id.number() > after && listing.finds(&known.name));
    let reached = found.filter_map(|known| Some((known, effective::workspace_role(held, &view, known.id)?)));
    let fetched = reached.take(listing.fetch_limit().map_or(usize::MAX, |limit| limit as usize));
    let mut rows: Vec<wire::WorkspaceDetail> =
        fetched.map(|(known, role)| show::workspace_detail(held, known, Some(role))).collect();
    let next = listing.cut(list, &mut rows, |row| row.workspace.id);
    Ok(Json(Page::new(rows, next)))
}

/// Create a workspace
#[utoipa::path(post, operation_id = "create_workspace", path = "/api/app/projects/{project}/workspaces", tag = "workspaces",
    params(("project" = u64, Path), ("Idempotency-Key" = Option<String>, Header)), request_body = wire::CreateWorkspace,
    responses((status = 201, body = Success<wire::WorkspaceDetail>), Refusals))]
pub(super) async fn create(
    State(node): State<Node>,
    identified: Identified,
    Ids(PathId(project)): Ids<PathId<ProjectId>>,
    idempotency: Idempotency,
    Body(body): Body<wire::CreateWorkspace>,
) -> Result<(StatusCode, Json<Success<wire::WorkspaceDetail>>), Failure> {
    let command = CreateWorkspace {
        project,
        name: requested::name(&body.name)?,
        description: body.description.as_deref().map_or(Ok(None), requested::description)?,
        is_restricted: body.is_restricted.unwrap_or(false),
        is_visible: body.is_visible.unwrap_or(true),
    };
    let (caller, key) = (identified.caller, idempotency.of(identified.principal));
    let decide = move |draft: &_, moment, _| workspace::create(draft, &caller, &command, moment);
    let id = node.writer.create(identified.write_request(), key, decide).await?;
    let directory = node.cluster.directory().map_err(|error| Failure::from(error).after_write())?;
    Ok((StatusCode::CREATED, shown(&directory, &identified, project, id)?))
}

/// Show a workspace
#[utoipa::path(get, operation_id = "show_workspace", path = "/api/app/projects/{project}/workspaces/{workspace}", tag = "workspaces",
    params(("project" = u64, Path), ("workspace" = u64, Path)),
    responses((status = 200, body = Success<wire::WorkspaceDetail>), Refusals))]
pub(super) async fn show(
    identified: Identified,
    path: Ids<(PathId<ProjectId>, PathId<WorkspaceId>)>,
) -> Result<Json<Success<wire::WorkspaceDetail>>, Failure> {
    let Ids((PathId(project), PathId(id))) = path;
    let held = &identified.held;
    see_project(held, &identified.caller, project, identified.now)?;
    let shown = shown(held, &identified, project, id)?;
    if effective::workspace_role(held, &identified.view()?, id).is_none() {
        let (permission, scope) = (Permission::DataRead, Scope::Project(project));
        return Err(Refusal::PermissionMissing { permission, scope }.into());
    }
    Ok(shown)
}

/// Change a workspace
#[utoipa::path(patch, operation_id = "change_workspace", path = "/api/app/projects/{project}/workspaces/{workspace}", tag = "workspaces",
    params(("project" = u64, Path), ("workspace" = u64, Path)), request_body = wire::ChangeWorkspace,
    responses((status = 200, body = Success<wire::WorkspaceDetail>), Refusals))]
pub(super) async fn change(
    State(node): State<Node>,
    identified: Identified,
    path: Ids<(PathId<ProjectId>, PathId<WorkspaceId>)>,
    Body(body): Body<wire::ChangeWorkspace>,
) -> Result<Json<Success<wire::WorkspaceDetail>>, Failure> {
    let Ids((PathId(project), PathId(id))) = path;
    let description = match body.description {
        None => None,
        Some(None) => Some(None),
        Some(Some(text)) => Some(requested::description(&text)?),
    };
    let command = ChangeWorkspace {
        project,
        workspace: id,
        name: body.name.as_deref().map(requested::name).transpose()?,
        description,
        is_restricted: body.is_restricted,
        is_visible: body.is_visible,
    };
    let caller = identified.caller;
    let decide = move |draft: &_, moment, _| workspace::change(draft, &caller, &command, moment);
    node.writer.perform(identified.write_request(), decide).await?;
    let directory = node.cluster.directory().map_err(|error| Failure::from(error).after_write())?;
    shown(&directory, &identified, project, id)
}

/// Delete a workspace with every grant on it
#[utoipa::path(delete, operation_id = "delete_workspace", path = "/api/app/projects/{project}/workspaces/{workspace}", tag = "workspaces",
    params(("project" = u64, Path), ("workspace" = u64, Path)), responses((status = 200, body = Done), Refusals))]
pub(super) async fn delete(
    State(node): State<Node>,
    identified: Identified,
    path: Ids<(PathId<ProjectId>, PathId<WorkspaceId>)>,
) -> Result<Json<Done>, Failure> {
    let Ids((PathId(project), PathId(id))) = path;
    let caller = identified.caller;
    let decide = move |draft: &_, moment, _| workspace::delete(draft, &caller, project, id, moment);
    node.writer.perform(identified.write_request(), decide).await?;
    Ok(Json(Done::default()))
}

/// A workspace as the caller sees it on this image.
fn shown(
    directory: &Directory,
    identified: &Identified,
    project: ProjectId,
    workspace: WorkspaceId,
) -> Result<Json<Success<wire::WorkspaceDetail>>, Failure> {
    let known = directory
        .workspace(workspace)
        .filter(|known| known.project == project)
        .ok_or(Refusal::NoSuchWorkspace { workspace, project })?;
    let view = directory.principal(identified.principal).ok_or(Refusal::NotAuthenticated)?;
    let role = effective::workspace_role(directory, &view, workspace);
    Ok(Json(Success::new(show::workspace_detail(directory, known, role))))
}
