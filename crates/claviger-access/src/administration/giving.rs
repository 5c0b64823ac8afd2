//! What somebody may give, for who is to choose: nobody is offered what would be refused.
//!
//! It is asked before anything is decided, and decides nothing: the use cases ask again, on the state that they write to.

use super::standing::Standing;
use crate::authorize::Caller;
use crate::directory::Directory;
use crate::effective;
use crate::identity::{OrganizationId, ProjectId};
use crate::permission::PermissionSet;
use crate::role::{OrganizationRole, ProjectRole, Role};

/// What a caller may give in an organization.
pub struct Giving<'a> {
    directory: &'a Directory,
    caller: Caller,
    standing: Standing<'a>,
    organization: OrganizationId,
}

impl<'a> Giving<'a> {
    /// What this caller may give there.
    pub fn new(directory: &'a Directory, caller: &Caller, organization: OrganizationId) -> Self {
        let standing = Standing::new(directory, caller, organization);
        Self { directory, caller: *caller, standing, organization }
    }

    /// His role in the organization.
    pub fn organization_role(&self) -> OrganizationRole {
        self.standing.organization_role(self.organization)
    }

    /// Those that he may give in every project, weakest first: by his role in the organization alone.
    pub fn everywhere(&self) -> Vec<Role> {
        let own = self.organization_role().in_projects().map(Role::permission_set).unwrap_or_default();
        Role::ALL.into_iter().filter(|role| own.includes(&role.permission_set())).collect()
    }

    /// Whether he may give this role in a project, or on a workspace of it.
    pub fn may_give(&self, project: ProjectId, role: ProjectRole) -> bool {
        self.standing.may_give_in_project(project, role).is_ok()
    }

    /// All that his roles on a project allow: he gives, and takes, what allows no more.
    pub fn permissions_on(&self, project: ProjectId) -> PermissionSet {
        self.standing.permissions_on(project)
    }

    /// All that he may give in a project: built-in roles, weakest first, then the project's own.
    pub fn in_project(&self, project: ProjectId) -> Vec<ProjectRole> {
        let own = self.directory.project(project).map_or(&[][..], |known| &known.custom_roles);
        let all = Role::ALL.into_iter().map(ProjectRole::BuiltIn).chain(own.iter().copied().map(ProjectRole::Custom));
        all.filter(|role| self.may_give(project, *role)).collect()
    }

    /// His highest role in a project.
    pub fn own_role(&self, project: ProjectId) -> Option<ProjectRole> {
        let Caller::Principal { principal, .. } = self.caller else { return Some(Role::Owner.into()) };
        effective::project_role(self.directory, &self.directory.principal(principal)?, project)
    }
}
