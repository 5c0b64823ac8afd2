//! Workspaces of a project: create, change, delete.

use super::project::creator;
use crate::authorize::{Caller, ManageWorkspaces, Scope, authorize};
use crate::change::{Change, WorkspaceProperties};
use crate::decision::{Decided, Decision};
use crate::directory::{Directory, Draft, Workspace};
use crate::event::{Event, EventName, Target};
use crate::expiry::Moment;
use crate::identity::{ProjectId, WorkspaceId};
use crate::refusal::Refusal;
use crate::text::{Description, DisplayName};

/// Most workspaces of one project.
pub const WORKSPACES_MAX: usize = 1_000;

/// A new workspace.
pub struct CreateWorkspace {
    /// Of which project.
    pub project: ProjectId,
    /// Its name.
    pub name: DisplayName,
    /// A longer text, if any.
    pub description: Option<Description>,
    /// Kept for clients.
    pub is_restricted: bool,
    /// Kept for clients.
    pub is_visible: bool,
}

/// What is to be different; what is `None` stays.
pub struct ChangeWorkspace {
    /// Of which project.
    pub project: ProjectId,
    /// Which.
    pub workspace: WorkspaceId,
    /// Its name.
    pub name: Option<DisplayName>,
    /// A longer text; `Some(None)` takes it away.
    pub description: Option<Option<Description>>,
    /// Kept for clients.
    pub is_restricted: Option<bool>,
    /// Kept for clients.
    pub is_visible: Option<bool>,
}

/// Creates a workspace.
pub fn create(
    draft: &Draft,
    caller: &Caller,
    command: &CreateWorkspace,
    moment: Moment,
) -> Result<Decided<WorkspaceId>, Refusal> {
    let project = command.project;
    let permit = authorize::<ManageWorkspaces>(draft, caller, Scope::Project(project), moment)?;
    draft.refuse_repetition()?;
    if draft.project(project).map_or(0, |known| known.workspaces.len()) >= WORKSPACES_MAX {
        let (organization, things) = (permit.organization(), "workspaces in one project");
        return Err(Refusal::LimitReached { organization, things, limit: WORKSPACES_MAX });
    }
    let id = draft.ids().workspace()?;
    let change = Change::WorkspaceCreated {
        id,
        project,
        properties: WorkspaceProperties {
            name: command.name.as_str().to_owned(),
            description: command.description.as_ref().map(|text| text.as_str().to_owned()),
            is_restricted: command.is_restricted,
            is_visible: command.is_visible,
        },
        is_default: false,
        created: moment,
        creator: creator(&permit),
    };
    let event = Event::under(&permit, EventName::WorkspaceCreated, Target::Workspace(id))
        .after("name", command.name.as_str())
        .after("description", command.description.as_ref().map_or("", Description::as_str))
        .after("is_restricted", command.is_restricted)
        .after("is_visible", command.is_visible);
    Ok(Decided::Write(Decision::new(event, vec![change]), id))
}

/// Changes a workspace's own properties.
pub fn change(
    draft: &Draft,
    caller: &Caller,
    command: &ChangeWorkspace,
    moment: Moment,
) -> Result<Decided<()>, Refusal> {
    let permit = authorize::<ManageWorkspaces>(draft, caller, Scope::Project(command.project), moment)?;
    let workspace = find(draft, command.project, command.workspace)?;
    let is = WorkspaceProperties {
        name: workspace.name.clone(),
        description: workspace.description.clone(),
        is_restricted: workspace.is_restricted,
        is_visible: workspace.is_visible,
    };
    let to_be = WorkspaceProperties {
        name: command.name.as_ref().map_or(is.name.clone(), |name| name.as_str().to_owned()),
        description: match &command.description {
            Some(description) => description.as_ref().map(|text| text.as_str().to_owned()),
            None => is.description.clone(),
        },
        is_restricted: command.is_restricted.unwrap_or(is.is_restricted),
        is_visible: command.is_visible.unwrap_or(is.is_visible),
    };
    if is == to_be {
        return Ok(Decided::Nothing(()));
    }
    let mut event = Event::under(&permit, EventName::WorkspaceUpdated, Target::Workspace(workspace.id));
    let text = |description: &Option<String>| description.clone().unwrap_or_default();
    for (property, was, becomes) in [
        ("name", is.name.clone(), to_be.name.clone()),
        ("description", text(&is.description), text(&to_be.description)),
        ("is_restricted", is.is_restricted.to_string(), to_be.is_restricted.to_string()),
        ("is_visible", is.is_visible.to_string(), to_be.is_visible.to_string()),
    ] {
        if was != becomes {
            event = event.before(property, was).after(property, becomes);
        }
    }
    let change = Change::WorkspaceChanged { id: workspace.id, properties: to_be };
    Ok(Decided::Write(Decision::new(event, vec![change]), ()))
}

/// Deletes a workspace with every grant on it. The one that the project was born with stays.
pub fn delete(
    draft: &Draft,
    caller: &Caller,
    project: ProjectId,
    id: WorkspaceId,
    moment: Moment,
) -> Result<Decided<()>, Refusal> {
    let permit = authorize::<ManageWorkspaces>(draft, caller, Scope::Project(project), moment)?;
    let workspace = find(draft, project, id)?;
    if workspace.is_default {
        return Err(Refusal::DefaultWorkspace { workspace: id });
    }
    let event =
        Event::under(&permit, EventName::WorkspaceDeleted, Target::Workspace(id)).before("name", &workspace.name);
    Ok(Decided::Write(Decision::new(event, vec![Change::WorkspaceDeleted { id }]), ()))
}

/// The workspace, if it is in that project.
pub fn find(directory: &Directory, project: ProjectId, workspace: WorkspaceId) -> Result<&Workspace, Refusal> {
    directory
        .workspace(workspace)
        .filter(|known| known.project == project)
        .ok_or(Refusal::NoSuchWorkspace { workspace, project })
}
