//! A grant: one role, in one scope, for one holder.

use std::fmt;
use std::num::NonZeroU64;

use crate::identity::{CustomRoleId, GrantId, OrganizationId, PrincipalId, ProjectId, TeamId, WorkspaceId};
use crate::role::{OrganizationRole, ProjectRole, Role};

/// What is granted: a scope together with a role that exists there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Granted {
    /// A role in the whole organization. A service account that has none is a member.
    Organization(OrganizationId, OrganizationRole),
    /// A role on a project, which reaches all of its workspaces.
    Project(ProjectId, ProjectRole),
    /// A role on this workspace alone; lets its holder see the project's name.
    Workspace(WorkspaceId, ProjectRole),
}

impl Granted {
    /// Whether both are in the same scope, whatever the roles.
    pub fn is_in_scope_of(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Organization(on, _), Self::Organization(wanted, _)) => on == wanted,
            (Self::Project(on, _), Self::Project(wanted, _)) => on == wanted,
            (Self::Workspace(on, _), Self::Workspace(wanted, _)) => on == wanted,
            _ => false,
        }
    }

    /// The role on a project or a workspace.
    pub const fn project_role(&self) -> Option<ProjectRole> {
        match self {
            Self::Organization(..) => None,
            Self::Project(_, role) | Self::Workspace(_, role) => Some(*role),
        }
    }
}

/// Who holds a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Holder {
    /// A person or a service account.
    Principal(PrincipalId),
    /// Each member of a team, as long as he is one.
    Team(TeamId),
    /// Each member of the organization that the project belongs to: its default access.
    EveryMember(ProjectId),
}

/// A grant as its holder has it. Packed, for there are some millions of them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Grant {
    /// Its id.
    pub id: GrantId,
    scope: NonZeroU64,
    /// The kind of scope and of role in the upper bits, which no id uses; below them which role it is.
    role: NonZeroU64,
}

const KIND: u64 = 0b111 << 61;
const ON_PROJECT: u64 = 1 << 61;
const ON_WORKSPACE: u64 = 1 << 62;
const CUSTOM: u64 = 1 << 63;

impl Grant {
    /// A grant.
    pub const fn new(id: GrantId, granted: Granted) -> Self {
        let (scope, kind, role) = match granted {
            Granted::Organization(on, role) => return Self { id, scope: on.nonzero(), role: nonzero(role as u64) },
            Granted::Project(on, role) => (on.nonzero(), ON_PROJECT, role),
            Granted::Workspace(on, role) => (on.nonzero(), ON_WORKSPACE, role),
        };
        let role = match role {
            ProjectRole::BuiltIn(role) => kind | role as u64,
            ProjectRole::Custom(role) => kind | CUSTOM | role.number(),
        };
        Self { id, scope, role: nonzero(role) }
    }

    /// Which role where.
    pub const fn granted(&self) -> Granted {
        let (kind, number) = (self.role.get() & KIND, nonzero(self.role.get() & !KIND));
        let role = match kind & CUSTOM {
            0 => ProjectRole::BuiltIn(numbered(&Role::ALL, number)),
            _ => ProjectRole::Custom(CustomRoleId::again(number)),
        };
        match kind & !CUSTOM {
            ON_PROJECT => Granted::Project(ProjectId::again(self.scope), role),
            ON_WORKSPACE => Granted::Workspace(WorkspaceId::again(self.scope), role),
            _ => {
                let role = numbered(&OrganizationRole::ALL, number);
                Granted::Organization(OrganizationId::again(self.scope), role)
            }
        }
    }

    /// The same grant of another role on a project or a workspace.
    pub(crate) const fn with_role(&self, role: ProjectRole) -> Self {
        match self.granted() {
            Granted::Organization(..) => *self,
            Granted::Project(on, _) => Self::new(self.id, Granted::Project(on, role)),
            Granted::Workspace(on, _) => Self::new(self.id, Granted::Workspace(on, role)),
        }
    }
}

/// A number that is an id's or a role's, so never 0.
const fn nonzero(number: u64) -> NonZeroU64 {
    match NonZeroU64::new(number) {
        Some(number) => number,
        None => NonZeroU64::MIN,
    }
}

/// The role of that number: both kinds are numbered from 1, in the order of their list.
const fn numbered<R: Copy>(roles: &[R; 4], number: NonZeroU64) -> R {
    roles[(number.get() - 1) as usize % roles.len()]
}

impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grant").field("id", &self.id).field("granted", &self.granted()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_comes_out_as_it_was() {
        let id = GrantId::new(7).expect("an id");
        let number = |number| CustomRoleId::new(number).expect("an id");
        let last = crate::identity::ID_END - 1;
        let custom = [number(1), number(last)].map(ProjectRole::Custom);
        let roles: Vec<ProjectRole> = Role::ALL.into_iter().map(ProjectRole::BuiltIn).chain(custom).collect();
        for scope in [1, 4, 1 << 40, last] {
            for role in OrganizationRole::ALL {
                let granted = Granted::Organization(OrganizationId::new(scope).expect("an id"), role);
                assert_eq!((Grant::new(id, granted).granted(), Grant::new(id, granted).id), (granted, id));
            }
            for role in &roles {
                let on_project = Granted::Project(ProjectId::new(scope).expect("an id"), *role);
                let on_workspace = Granted::Workspace(WorkspaceId::new(scope).expect("an id"), *role);
                assert_eq!(Grant::new(id, on_project).granted(), on_project);
                assert_eq!(Grant::new(id, on_workspace).granted(), on_workspace);
            }
        }
        assert_eq!(size_of::<Grant>(), 24);
    }
}
