//! Roles, and the permissions that they are made of.
//!
//! Roles add up and never take away. An organization's owners are owners, and its admins admins, of every project.

use std::fmt;

use crate::identity::CustomRoleId;
use crate::permission::{Permission, PermissionSet};

/// A role in a whole organization, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum OrganizationRole {
    /// Belongs to it; nothing more.
    Member = 1,
    /// Manages what it pays; not above a member otherwise.
    BillingAdmin = 2,
    /// Manages everything but owners and the organization's end.
    Admin = 3,
    /// May everything.
    Owner = 4,
}

impl OrganizationRole {
    /// All of them, weakest first.
    pub const ALL: [Self; 4] = [Self::Member, Self::BillingAdmin, Self::Admin, Self::Owner];

    /// The role of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// Its name on the wire and in the store.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::BillingAdmin => "billing_admin",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }

    /// What it allows in the organization itself.
    pub const fn permissions(self) -> &'static [Permission] {
        use Permission as P;
        match self {
            Self::Member => &[],
            Self::BillingAdmin => &[P::BillingManage],
            Self::Admin => &[
                P::OrganizationUpdate,
                P::ProjectsCreate,
                P::ServiceAccountsManage,
                P::MembersManage,
                P::TeamsManage,
                P::PoliciesManage,
                P::AuditRead,
            ],
            Self::Owner => &[
                P::OrganizationUpdate,
                P::ProjectsCreate,
                P::ServiceAccountsManage,
                P::MembersManage,
                P::TeamsManage,
                P::PoliciesManage,
                P::AuditRead,
                P::OrganizationDelete,
                P::OwnersManage,
            ],
        }
    }

    /// The role that it gives in every project of the organization, if any.
    pub const fn in_projects(self) -> Option<Role> {
        match self {
            Self::Owner => Some(Role::Owner),
            Self::Admin => Some(Role::Admin),
            Self::BillingAdmin | Self::Member => None,
        }
    }

    /// Whether its holder may give `other`: roles up to his own. Billing admins give none, for managing members and
    /// accounts is not theirs.
    pub fn may_give(self, other: Self) -> bool {
        match self {
            Self::Owner => true,
            Self::Admin => other <= Self::Admin,
            Self::BillingAdmin | Self::Member => false,
        }
    }
}

/// A role on a project or a workspace, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Role {
    /// Reads.
    Consumer = 1,
    /// Reads and writes.
    Analyst = 2,
    /// Manages the project.
    Admin = 3,
    /// May everything there, its deletion included.
    Owner = 4,
}

impl Role {
    /// All of them, weakest first.
    pub const ALL: [Self; 4] = [Self::Consumer, Self::Analyst, Self::Admin, Self::Owner];

    /// The role of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// Its name on the wire and in the store.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Consumer => "consumer",
            Self::Analyst => "analyst",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }

    /// What it allows in the project.
    pub const fn permissions(self) -> &'static [Permission] {
        use Permission as P;
        match self {
            Self::Consumer => &[P::DataRead],
            Self::Analyst => &[P::DataRead, P::DataWrite],
            Self::Admin => &[
                P::DataRead,
                P::DataWrite,
                P::ProjectUpdate,
                P::WorkspacesManage,
                P::ServiceAccountsManage,
                P::MembersManage,
                P::RolesManage,
                P::AuditRead,
            ],
            Self::Owner => &[
                P::DataRead,
                P::DataWrite,
                P::ProjectUpdate,
                P::WorkspacesManage,
                P::ServiceAccountsManage,
                P::MembersManage,
                P::RolesManage,
                P::AuditRead,
                P::ProjectDelete,
            ],
        }
    }
}

impl Role {
    /// The same as a set. Owners and admins hold whatever permission the installation makes up.
    pub const fn permission_set(self) -> PermissionSet {
        let set = PermissionSet::of(self.permissions());
        match self {
            Self::Owner | Self::Admin => set.with_every_own(),
            Self::Analyst | Self::Consumer => set,
        }
    }
}

/// A role on a project or a workspace: one of the built-in ones, or one that the project made for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProjectRole {
    /// The same in every project.
    BuiltIn(Role),
    /// The project's own.
    Custom(CustomRoleId),
}

impl ProjectRole {
    /// The highest of all comes last: built-in ones by their strength, above the custom ones, of which the first that
    /// was made is above the others.
    fn rank(self) -> (u8, u64) {
        match self {
            Self::Custom(id) => (0, u64::MAX - id.number()),
            Self::BuiltIn(role) => (role as u8, 0),
        }
    }
}

impl PartialOrd for ProjectRole {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ProjectRole {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.rank().cmp(&other.rank())
    }
}

impl From<Role> for ProjectRole {
    fn from(role: Role) -> Self {
        Self::BuiltIn(role)
    }
}

/// Its `role_id`: a built-in role's name, a custom role's number.
impl fmt::Display for ProjectRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BuiltIn(role) => role.fmt(f),
            Self::Custom(id) => id.fmt(f),
        }
    }
}

impl fmt::Display for OrganizationRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_project_role_holds_the_permissions_of_the_weaker() {
        for pair in Role::ALL.windows(2) {
            assert!(pair[1].permissions().starts_with(pair[0].permissions()));
        }
    }

    #[test]
    fn an_owner_of_an_organization_holds_what_an_admin_holds() {
        let admin = OrganizationRole::Admin.permissions();
        assert!(OrganizationRole::Owner.permissions().starts_with(admin));
    }

    #[test]
    fn names_are_read_back() {
        assert!(Role::ALL.into_iter().all(|role| Role::parse(role.name()) == Some(role)));
        assert!(OrganizationRole::ALL.into_iter().all(|role| OrganizationRole::parse(role.name()) == Some(role)));
        assert_eq!(Role::parse("Owner"), None);
    }
}
