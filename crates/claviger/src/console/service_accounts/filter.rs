//! Which accounts a list is narrowed to: those that reach a project, those that have a role, or those that have the role
//! in the project.
//!
//! What counts is what an account has in the end, through whatever it comes by it: its own grants, its teams, its role in
//! the organization, default access. A project is reached also by who reaches a workspace of it alone. A built-in role is
//! had where none above it is; a custom role beside whatever else there is, since it may allow what they do not.

pub(super) mod bar;

use claviger_access::Directory;
use claviger_access::directory::{Organization, PrincipalView, Project};
use claviger_access::effective;
use claviger_access::grant::Granted;
use claviger_access::identity::{PrincipalId, ProjectId, WorkspaceId};
use claviger_access::role::{OrganizationRole, ProjectRole, Role};

use crate::api::ids;
use crate::console::words;

/// A role that is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sought {
    BuiltIn(Role),
    /// Any that a project made for itself.
    Custom,
}

impl Sought {
    /// As they are offered.
    pub(super) const EACH: [Self; 5] = [
        Self::BuiltIn(Role::Owner),
        Self::BuiltIn(Role::Admin),
        Self::BuiltIn(Role::Analyst),
        Self::BuiltIn(Role::Consumer),
        Self::Custom,
    ];

    pub(super) fn parse(name: &str) -> Option<Self> {
        Self::EACH.into_iter().find(|role| role.name() == name)
    }

    /// In an address.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::BuiltIn(role) => role.name(),
            Self::Custom => "custom",
        }
    }

    pub(super) fn label(self) -> String {
        match self {
            Self::BuiltIn(role) => words::label(role.name()),
            Self::Custom => "Custom roles".to_owned(),
        }
    }

    fn is(self, role: ProjectRole) -> bool {
        match (self, role) {
            (Self::BuiltIn(sought), ProjectRole::BuiltIn(role)) => sought == role,
            (Self::Custom, ProjectRole::Custom(_)) => true,
            (Self::BuiltIn(_), ProjectRole::Custom(_)) | (Self::Custom, ProjectRole::BuiltIn(_)) => false,
        }
    }

    /// Whether it is had where these roles are.
    fn is_had(self, mut roles: impl Iterator<Item = ProjectRole>) -> bool {
        match self {
            Self::BuiltIn(_) => roles.max().is_some_and(|highest| self.is(highest)),
            Self::Custom => roles.any(|role| self.is(role)),
        }
    }
}

/// What an account must have to be listed. Nothing, as long as none is set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Filter {
    pub project: Option<ProjectId>,
    pub role: Option<Sought>,
}

impl Filter {
    /// As an address has it; `None` where it names what cannot be read: what is done with those that are left must not
    /// be done with all.
    pub(super) fn named(project: &str, role: &str) -> Option<Self> {
        let project = if project.is_empty() { None } else { Some(ids::read(project)?) };
        let role = if role.is_empty() { None } else { Some(Sought::parse(role)?) };
        Some(Self { project, role })
    }

    pub(super) fn is_set(self) -> bool {
        self.project.is_some() || self.role.is_some()
    }

    /// As addresses have it, the project and the role.
    pub(super) fn names(self) -> (String, &'static str) {
        (self.project.map(|id| id.to_string()).unwrap_or_default(), self.role.map_or("", Sought::name))
    }

    /// What it demands of one account, or of several: "reaches Web shop as Admin". `None` where it is not set.
    pub(super) fn clause(self, directory: &Directory, are_several: bool) -> Option<String> {
        let (reaches, has) = if are_several { ("reach", "have") } else { ("reaches", "has") };
        let project =
            self.project.map(|id| directory.project(id).map_or("a project that is gone", |known| &known.name));
        Some(match (project, self.role) {
            (None, None) => return None,
            (Some(project), None) => format!("{reaches} {project}"),
            (Some(project), Some(Sought::Custom)) => format!("{reaches} {project} with a custom role"),
            (Some(project), Some(role)) => format!("{reaches} {project} as {}", role.label()),
            (None, Some(Sought::Custom)) => format!("{has} a custom role"),
            (None, Some(role)) => format!("{has} the role {}", role.label()),
        })
    }
}

/// Keeps the accounts of an organization that a filter leaves. All are passed over for a page, so what is the same for
/// each is found out once.
pub(super) struct Sieve<'d> {
    directory: &'d Directory,
    organization: &'d Organization,
    project: Option<&'d Project>,
    role: Option<Sought>,
    /// The projects where default access gives every account the role.
    open: Vec<&'d Project>,
}

impl<'d> Sieve<'d> {
    /// `None` where the project is none of the organization's.
    pub(super) fn new(directory: &'d Directory, organization: &'d Organization, filter: Filter) -> Option<Self> {
        let project = match filter.project {
            Some(id) => Some(directory.project(id).filter(|known| known.organization == organization.id)?),
            None => None,
        };
        let gives = |project: &Project| {
            let given = project.default_access.and_then(|grant| grant.granted().project_role());
            given.zip(filter.role).is_some_and(|(given, role)| role.is(given))
        };
        let open = organization.open_projects.iter().filter_map(|id| directory.project(*id));
        Some(Self {
            directory,
            organization,
            project,
            role: filter.role,
            open: open.filter(|known| gives(known)).collect(),
        })
    }

    pub(super) fn keeps(&self, account: PrincipalId) -> bool {
        if self.project.is_none() && self.role.is_none() {
            return true;
        }
        self.directory.principal(account).is_some_and(|view| match (self.project, self.role) {
            (Some(project), None) => self.reaches(&view, project),
            (Some(project), Some(role)) => self.has(&view, project, role),
            (None, Some(role)) => self.has_somewhere(&view, role),
            (None, None) => true,
        })
    }

    fn reaches(&self, view: &PrincipalView<'d>, project: &'d Project) -> bool {
        effective::project_sources(self.directory, view, project).next().is_some()
            || effective::workspace_grants_in(self.directory, view, project.id).next().is_some()
    }

    fn has(&self, view: &PrincipalView<'d>, project: &'d Project, role: Sought) -> bool {
        self.has_on_project(view, project, role)
            || effective::workspace_grants_in(self.directory, view, project.id).any(|(grant, _)| {
                let Granted::Workspace(workspace, given) = grant.granted() else { return false };
                role.is(given) && self.has_on_workspace(view, workspace, role)
            })
    }

    /// In the organization, or on any project or workspace of it.
    fn has_somewhere(&self, view: &PrincipalView<'d>, role: Sought) -> bool {
        let everywhere =
            effective::organization_role(view, self.organization.id).and_then(OrganizationRole::in_projects);
        if let (Some(everywhere), Sought::BuiltIn(sought)) = (everywhere, role)
            && everywhere >= sought
        {
            return everywhere == sought;
        }
        let is_had = |granted: Granted| match granted {
            Granted::Project(id, given) if role.is(given) => {
                self.directory.project(id).is_some_and(|known| self.has_on_project(view, known, role))
            }
            Granted::Workspace(id, given) if role.is(given) => self.has_on_workspace(view, id, role),
            Granted::Organization(..) | Granted::Project(..) | Granted::Workspace(..) => false,
        };
        effective::held(self.directory, view).any(|(grant, _)| is_had(grant.granted()))
            || self.open.iter().any(|known| self.has_on_project(view, known, role))
    }

    fn has_on_project(&self, view: &PrincipalView<'d>, project: &'d Project, role: Sought) -> bool {
        role.is_had(effective::project_sources(self.directory, view, project).map(|source| source.role))
    }

    fn has_on_workspace(&self, view: &PrincipalView<'d>, workspace: WorkspaceId, role: Sought) -> bool {
        role.is_had(effective::workspace_sources(self.directory, view, workspace).map(|source| source.role))
    }
}
