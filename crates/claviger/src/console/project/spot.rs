//! Where access is looked at: a whole project, or one workspace of it.

use claviger_access::administration::workspace;
use claviger_access::directory::Project;
use claviger_access::identity::{ProjectId, WorkspaceId};
use claviger_access::{Directory, Refusal};

use super::super::typed::Typed;
use crate::api::ids;

/// A workspace can be chosen from so many; above that one comes from its own page.
const CHOSEN_FROM_MAX: usize = 49;

/// Where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spot {
    pub project: ProjectId,
    pub workspace: Option<WorkspaceId>,
}

/// A workspace to choose, or the whole project.
pub(super) struct Choice {
    /// Its number; nothing for the whole project.
    pub value: String,
    pub label: String,
    pub is_chosen: bool,
}

impl Spot {
    /// The place that a form names in its field `workspace`; `None` for what is no number.
    pub(super) fn typed(project: ProjectId, typed: &Typed) -> Option<Self> {
        match typed.one("workspace") {
            "" => Some(Self { project, workspace: None }),
            number => ids::read(number).map(|id| Self { project, workspace: Some(id) }),
        }
    }

    /// Where the grant is that a row's form names in its field `on`: a list of one place shows what is granted on its
    /// project as well. `None` for what is no number.
    pub(super) fn of_grant(self, typed: &Typed) -> Option<Self> {
        match typed.one("on") {
            "" => Some(Self { workspace: None, ..self }),
            number => ids::read(number).map(|id| Self { workspace: Some(id), ..self }),
        }
    }

    /// Refuses a workspace that is none of the project's.
    pub(super) fn is_there(self, directory: &Directory) -> Result<(), Refusal> {
        self.workspace.map_or(Ok(()), |id| workspace::find(directory, self.project, id).map(|_| ()))
    }

    /// What it is called: "Web shop", "EU storefront of Web shop".
    pub(super) fn name(self, directory: &Directory) -> String {
        let project = directory.project(self.project).map_or("", |known| &known.name);
        match self.workspace.and_then(|id| directory.workspace(id)) {
            Some(workspace) => format!("{} of {project}", workspace.name),
            None => project.to_owned(),
        }
    }

    /// The workspace's number for a hidden field; nothing for the whole project.
    pub(super) fn workspace_number(self) -> String {
        self.workspace.map_or_else(String::new, |id| id.to_string())
    }

    /// As the command line names it with a role.
    pub(super) fn option(self, role: &str) -> String {
        match self.workspace {
            Some(workspace) => format!("--workspace {}/{workspace}:{role}", self.project),
            None => format!("--project {}:{role}", self.project),
        }
    }

    /// The project and its workspaces, where they are few enough for a list; else none.
    pub(super) fn choices(self, directory: &Directory, known: &Project) -> Vec<Choice> {
        if known.workspaces.len() > CHOSEN_FROM_MAX {
            return Vec::new();
        }
        let whole =
            Choice { value: String::new(), label: "Whole project".to_owned(), is_chosen: self.workspace.is_none() };
        let workspaces = known.workspaces.iter().filter_map(|id| directory.workspace(*id)).map(|workspace| Choice {
            value: workspace.id.to_string(),
            label: super::role_choice::short(&workspace.name),
            is_chosen: self.workspace == Some(workspace.id),
        });
        std::iter::once(whole).chain(workspaces).collect()
    }
}
