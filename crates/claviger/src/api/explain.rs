//! Why somebody may do something in a project or a workspace, or may not.

use axum::Json;
use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use claviger_access::authorize::explain;
use claviger_access::directory::{PrincipalView, Project};
use claviger_access::effective::{self, Source};
use claviger_access::identity::{OrganizationId, PrincipalId, ProjectId, WorkspaceId};
use claviger_access::permission::PermissionName;
use claviger_access::role::ProjectRole;
use claviger_access::{Directory, Refusal};
use claviger_wire::envelope::Success;
use claviger_wire::explanation::{ExplainedGrant, Explanation};
use serde::Deserialize;

use super::caller::Identified;
use super::failure::Failure;
use super::ids::{self, Ids, PathId};
use super::reference::Refusals;
use super::{requested, show};

#[derive(Deserialize)]
struct Text {
    principal: Option<String>,
    project: Option<String>,
    workspace: Option<String>,
    permission: Option<String>,
}

/// What is to be explained.
pub(super) struct Question {
    principal: PrincipalId,
    place: Place,
    permission: Option<PermissionName>,
}

enum Place {
    Project(ProjectId),
    Workspace(WorkspaceId),
}

impl<S: Send + Sync> FromRequestParts<S> for Question {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let unreadable = || {
            let sentence = "give principal, and project or workspace, each once and as an id; permission if you like";
            Failure::bad_request("query_invalid", sentence)
        };
        let Query(text) = Query::<Text>::from_request_parts(parts, state).await.map_err(|_| unreadable())?;
        let principal = text.principal.as_deref().and_then(ids::read).ok_or_else(unreadable)?;
        let place = match (text.project.as_deref(), text.workspace.as_deref()) {
            (Some(project), None) => Place::Project(ids::read(project).ok_or_else(unreadable)?),
            (None, Some(workspace)) => Place::Workspace(ids::read(workspace).ok_or_else(unreadable)?),
            _ => return Err(unreadable()),
        };
        let permission = text.permission.as_deref().map(requested::permission).transpose()?;
        Ok(Self { principal, place, permission })
    }
}

/// Explain what somebody may do in a project or a workspace, and which grants give it
///
/// Owners and admins may ask for everybody, each for himself.
#[utoipa::path(get, operation_id = "explain", path = "/api/app/organizations/{org}/explain", tag = "explain",
    params(("org" = u64, Path), ("principal" = u64, Query), ("project" = Option<u64>, Query),
        ("workspace" = Option<u64>, Query), ("permission" = Option<String>, Query)),
    responses((status = 200, body = Success<Explanation>), Refusals))]
pub(super) async fn show(
    identified: Identified,
    Ids(PathId(organization)): Ids<PathId<OrganizationId>>,
    question: Question,
) -> Result<Json<Success<Explanation>>, Failure> {
    let Identified { held, caller, now, .. } = &identified;
    explain(held, caller, organization, question.principal, *now)?;
    let member = question.principal;
    let view = effective::member(held, organization, member).ok_or(Refusal::NoSuchMember { member, organization })?;
    let project = match question.place {
        Place::Project(project) => Some(project),
        Place::Workspace(workspace) => held.workspace(workspace).map(|known| known.project),
    };
    let project = project.and_then(|project| held.project(project)).filter(|known| known.organization == organization);
    let project = project.ok_or_else(|| no_such(&question.place))?;
    Ok(Json(Success::new(explained(held, &view, project, &question))))
}

fn no_such(place: &Place) -> Refusal {
    match *place {
        Place::Project(project) => Refusal::NoSuchProject { project },
        Place::Workspace(workspace) => Refusal::NoWorkspaceOfYours { workspace },
    }
}

fn explained(directory: &Directory, view: &PrincipalView<'_>, project: &Project, question: &Question) -> Explanation {
    let workspace = match question.place {
        Place::Project(_) => None,
        Place::Workspace(workspace) => Some(workspace),
    };
    let sources: Vec<Source> = match workspace {
        Some(workspace) => effective::workspace_sources(directory, view, workspace).collect(),
        None => effective::project_sources(directory, view, project).collect(),
    };
    let all = effective::add_up(directory, sources.iter().copied());
    let wanted = question.permission.as_ref();
    Explanation {
        principal_id: view.id().number(),
        principal_name: view.name().to_owned(),
        is_disabled: view.is_disabled(),
        project_id: project.id.number(),
        workspace_id: workspace.map(|workspace| workspace.number()),
        role: sources.iter().map(|source| source.role).max().map(|role| role.to_string()),
        permissions: show::permissions(directory, project, &all),
        permission: wanted.map(|permission| permission.as_str().to_owned()),
        allowed: wanted.map(|permission| all.allows(permission)),
        grants: sources.iter().filter_map(|source| explained_grant(directory, view, project, source, wanted)).collect(),
    }
}

fn explained_grant(
    directory: &Directory,
    view: &PrincipalView<'_>,
    project: &Project,
    source: &Source,
    wanted: Option<&PermissionName>,
) -> Option<ExplainedGrant> {
    let (scope, id, name, _) = show::granted_on(directory, &source.grant)?;
    let role_name = match source.role {
        ProjectRole::BuiltIn(role) => role.name().to_owned(),
        ProjectRole::Custom(id) => directory.custom_role(id)?.properties.name.clone(),
    };
    Some(ExplainedGrant {
        grant_id: source.grant.id.number(),
        scope,
        id,
        name,
        role: source.role.to_string(),
        role_name,
        through: show::through_whom(directory, view, project.organization, source.through)?,
        allows: wanted.map(|permission| directory.permissions_of(source.role).allows(permission)),
    })
}
