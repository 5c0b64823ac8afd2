//! How a caller stands to roles and to accounts: roles are given up to one's own, and who holds more is not touched.

use crate::authorize::{Caller, Scope, own_organization_role};
use crate::directory::{Directory, PrincipalView};
use crate::effective;
use crate::grant::{Grant, Granted};
use crate::identity::{OrganizationId, ProjectId};
use crate::refusal::Refusal;
use crate::role::{OrganizationRole, Role};

/// A caller in the organization that he acts in.
pub(super) struct Standing<'a> {
    directory: &'a Directory,
    caller: &'a Caller,
    organization: OrganizationId,
}

impl<'a> Standing<'a> {
    pub(super) fn new(directory: &'a Directory, caller: &'a Caller, organization: OrganizationId) -> Self {
        Self { directory, caller, organization }
    }

    /// Refuses an organization role above the caller's own.
    pub(super) fn may_give_in_organization(&self, role: OrganizationRole) -> Result<(), Refusal> {
        let own = own_organization_role(self.directory, self.caller, self.organization);
        if role == OrganizationRole::Member || own.may_give(role) {
            return Ok(());
        }
        let scope = Scope::Organization(self.organization);
        Err(Refusal::RoleAboveOwn { role: role.name(), own: own.name(), scope })
    }

    /// Refuses a project role above the caller's own there.
    pub(super) fn may_give_in_project(&self, project: ProjectId, role: Role) -> Result<(), Refusal> {
        let own = self.role_on(project);
        if own >= Some(role) {
            return Ok(());
        }
        let own = own.map_or("none", Role::name);
        Err(Refusal::RoleAboveOwn { role: role.name(), own, scope: Scope::Project(project) })
    }

    /// Refuses to touch an account that holds more than the caller, in any scope.
    pub(super) fn may_change(&self, account: &PrincipalView<'_>) -> Result<(), Refusal> {
        account.grants().iter().try_for_each(|grant| self.may_take(account, grant))
    }

    /// Refuses to take a grant that gives more than the caller has in its scope.
    pub(super) fn may_take(&self, account: &PrincipalView<'_>, grant: &Grant) -> Result<(), Refusal> {
        let above = |role: &'static str, scope| Err(Refusal::AccountAboveOwn { account: account.id(), role, scope });
        match grant.granted {
            Granted::Organization(organization, role) => {
                let own = own_organization_role(self.directory, self.caller, organization);
                if own.may_give(role) { Ok(()) } else { above(role.name(), Scope::Organization(organization)) }
            }
            Granted::Project(project, role) => self.unless_above(project, role, above),
            Granted::Workspace(workspace, role) => match self.directory.workspace(workspace) {
                Some(workspace) => self.unless_above(workspace.project, role, above),
                None => Ok(()),
            },
        }
    }

    fn unless_above(
        &self,
        project: ProjectId,
        role: Role,
        above: impl Fn(&'static str, Scope) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        if self.role_on(project) >= Some(role) { Ok(()) } else { above(role.name(), Scope::Project(project)) }
    }

    fn role_on(&self, project: ProjectId) -> Option<Role> {
        match self.caller {
            Caller::Operator => Some(Role::Owner),
            Caller::Principal { principal, .. } => {
                effective::project_role(&self.directory.principal(*principal)?, self.organization, project)
            }
        }
    }
}
