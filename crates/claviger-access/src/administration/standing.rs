//! How somebody stands to roles and to accounts: roles are given up to one's own, and who holds more is not touched.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use crate::authorize::{Caller, Scope};
use crate::directory::{Directory, PrincipalView};
use crate::effective::{self, Through};
use crate::grant::{Grant, Granted, Holder};
use crate::identity::{OrganizationId, PrincipalId, ProjectId};
use crate::permission::PermissionSet;
use crate::refusal::Refusal;
use crate::role::{OrganizationRole, ProjectRole, Role};

/// A caller, or whoever answers for an invitation, in the organization that he acts in.
pub(super) struct Standing<'a> {
    directory: &'a Directory,
    /// `None` for the operator, who gives anything.
    giver: Option<PrincipalId>,
    organization: OrganizationId,
    /// What he holds by project, gathered once: both he and those whom he changes may hold thousands of grants.
    held: OnceCell<BTreeMap<ProjectId, PermissionSet>>,
}

impl<'a> Standing<'a> {
    pub(super) fn new(directory: &'a Directory, caller: &Caller, organization: OrganizationId) -> Self {
        let giver = match caller {
            Caller::Principal { principal, .. } => Some(*principal),
            Caller::Operator => None,
        };
        Self::of(directory, giver, organization)
    }

    /// Of somebody who does not ask himself; `None` for the operator.
    pub(super) fn of(directory: &'a Directory, giver: Option<PrincipalId>, organization: OrganizationId) -> Self {
        Self { directory, giver, organization, held: OnceCell::new() }
    }

    /// The highest role in an organization; what he may give is up to it.
    pub(super) fn organization_role(&self, organization: OrganizationId) -> OrganizationRole {
        let Some(giver) = self.giver else { return OrganizationRole::Owner };
        let giver = self.directory.principal(giver);
        let role = giver.and_then(|giver| effective::organization_role(&giver, organization));
        role.unwrap_or(OrganizationRole::Member)
    }

    /// Refuses an organization role above the caller's own.
    pub(super) fn may_give_in_organization(&self, role: OrganizationRole) -> Result<(), Refusal> {
        let own = self.organization_role(self.organization);
        if role == OrganizationRole::Member || own.may_give(role) {
            return Ok(());
        }
        let scope = Scope::Organization(self.organization);
        Err(Refusal::RoleAboveOwn { role: role.to_string(), own: own.to_string(), scope })
    }

    /// Refuses a role that is none of the project's, and one that allows what the caller's own roles there do not.
    pub(super) fn may_give_in_project(&self, project: ProjectId, role: ProjectRole) -> Result<(), Refusal> {
        if let ProjectRole::Custom(id) = role
            && self.directory.custom_role(id).is_none_or(|known| known.project != project)
        {
            return Err(Refusal::NoSuchRole { role: id, project });
        }
        if self.reaches_up_to(project, role) {
            return Ok(());
        }
        let own = self.role_on(project).map_or("none".to_owned(), |role| role.to_string());
        Err(Refusal::RoleAboveOwn { role: role.to_string(), own, scope: Scope::Project(project) })
    }

    /// Refuses to touch somebody who holds more than the caller, in any scope of the organization, itself or through a
    /// team. What a person holds in other organizations is nobody's business here.
    pub(super) fn may_change(&self, account: &PrincipalView<'_>) -> Result<(), Refusal> {
        let held = effective::held_in(self.directory, account, self.organization);
        held.into_iter().try_for_each(|(grant, through)| {
            let holder = match through {
                Through::Team(team) => Holder::Team(team),
                _ => Holder::Principal(account.id()),
            };
            self.may_take(holder, &grant)
        })
    }

    /// Refuses to take a grant from its holder that gives more than the caller has in its scope.
    pub(super) fn may_take(&self, holder: Holder, grant: &Grant) -> Result<(), Refusal> {
        let (role, scope) = match grant.granted() {
            Granted::Organization(organization, role) => {
                if self.organization_role(organization).may_give(role) {
                    return Ok(());
                }
                (role.to_string(), Scope::Organization(organization))
            }
            Granted::Project(project, role) => (role.to_string(), Scope::Project(project)),
            Granted::Workspace(workspace, role) => match self.directory.workspace(workspace) {
                Some(workspace) => (role.to_string(), Scope::Project(workspace.project)),
                None => return Ok(()),
            },
        };
        if let (Scope::Project(project), Some(role)) = (scope, grant.granted().project_role())
            && self.reaches_up_to(project, role)
        {
            return Ok(());
        }
        Err(match holder {
            Holder::Principal(account) => Refusal::AccountAboveOwn { account, role, scope },
            Holder::Team(team) => Refusal::TeamAboveOwn { team, role, scope },
            Holder::EveryMember(project) => {
                let own = self.role_on(project).map_or("none".to_owned(), |role| role.to_string());
                Refusal::RoleAboveOwn { role, own, scope }
            }
        })
    }

    /// Whether the caller's roles on a project allow all that a role does.
    fn reaches_up_to(&self, project: ProjectId, role: ProjectRole) -> bool {
        self.permissions_on(project).includes(&self.directory.permissions_of(role))
    }

    /// All that the caller's roles on a project allow.
    pub(super) fn permissions_on(&self, project: ProjectId) -> PermissionSet {
        let Some(giver) = self.giver else { return Role::Owner.permission_set() };
        match self.directory.principal(giver) {
            Some(giver) => self.gathered(&giver, project),
            None => PermissionSet::default(),
        }
    }

    fn gathered(&self, caller: &PrincipalView<'_>, project: ProjectId) -> PermissionSet {
        let held = self.held.get_or_init(|| effective::permissions_by_project(self.directory, caller));
        let mut all = held.get(&project).cloned().unwrap_or_default();
        let above = effective::shared_roles(self.directory, caller, project);
        above.for_each(|role| all.add(&self.directory.permissions_of(role)));
        all
    }

    fn role_on(&self, project: ProjectId) -> Option<ProjectRole> {
        let Some(giver) = self.giver else { return Some(Role::Owner.into()) };
        effective::project_role(self.directory, &self.directory.principal(giver)?, project)
    }
}
