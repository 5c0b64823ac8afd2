//! People in a project: their roles on it and on its workspaces.

use super::holding::{Gathered, Holding, is_in};
use super::standing::Standing;
use super::{membership, workspace};
use crate::authorize::{Caller, ManageMembers, Scope, authorize};
use crate::decision::Decided;
use crate::directory::Draft;
use crate::expiry::Moment;
use crate::grant::Granted;
use crate::identity::{PrincipalId, ProjectId, WorkspaceId};
use crate::refusal::Refusal;
use crate::role::ProjectRole;

/// A role of a person, on a project or a workspace of it.
pub struct SetMemberRole {
    /// The project.
    pub project: ProjectId,
    /// One workspace of it; `None` for all of it.
    pub workspace: Option<WorkspaceId>,
    /// Who.
    pub member: PrincipalId,
    /// The role; `None` takes it away, and without a workspace also what the person holds on the project's workspaces.
    pub role: Option<ProjectRole>,
}

/// Gives a person a role on a project or a workspace, or takes it away there. Giving again sets the role.
pub fn set_role(
    draft: &Draft,
    caller: &Caller,
    command: &SetMemberRole,
    moment: Moment,
) -> Result<Decided<()>, Refusal> {
    let project = command.project;
    let permit = authorize::<ManageMembers>(draft, caller, Scope::Project(project), moment)?;
    let organization = permit.organization();
    let workspace = command.workspace.map(|id| workspace::find(draft, project, id)).transpose()?;
    let person = membership::find(draft, organization, command.member)?;
    let standing = Standing::new(draft, caller, organization);
    let (holding, mut done) = (Holding::of_principal(&person), Gathered::default());
    let Some(role) = command.role else {
        let is_there = is_in(draft, project, command.workspace);
        holding.take(&permit, &standing, is_there, &mut done)?;
        return Ok(done.decided());
    };
    standing.may_give_in_project(project, role)?;
    let granted = match workspace {
        Some(workspace) => Granted::Workspace(workspace.id, role),
        None => Granted::Project(project, role),
    };
    holding.set(&permit, &standing, granted, &mut draft.ids(), moment, &mut done)?;
    Ok(done.decided())
}
