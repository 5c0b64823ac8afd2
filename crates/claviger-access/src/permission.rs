//! The catalogue of permissions that the built-in roles are made of, and what custom roles may hold besides.

mod own;
mod set;

use std::fmt;

pub use self::own::{OwnPermission, PermissionError, PermissionName};
pub use self::set::PermissionSet;

macro_rules! permissions {
    ($($(#[$meta:meta])* $name:ident = $text:literal;)*) => {
        /// One thing that a role may allow.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Permission {
            $($(#[$meta])* $name,)*
        }

        impl Permission {
            /// All of them.
            pub const ALL: &'static [Permission] = &[$(Self::$name,)*];

            /// Its name on the wire.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

permissions! {
    /// Read in general terms.
    DataRead = "data:read";
    /// Write in general terms.
    DataWrite = "data:write";
    /// Rename a project, change its time zone.
    ProjectUpdate = "project:update";
    /// Delete a project with everything in it.
    ProjectDelete = "project:delete";
    /// Create, change and delete workspaces.
    WorkspacesManage = "workspaces:manage";
    /// Create service accounts, grant and revoke their roles.
    ServiceAccountsManage = "service_accounts:manage";
    /// Invite people, change their roles, remove them.
    MembersManage = "members:manage";
    /// Make custom roles.
    RolesManage = "roles:manage";
    /// Read the audit log.
    AuditRead = "audit:read";
    /// Rename the organization.
    OrganizationUpdate = "organization:update";
    /// End the organization.
    OrganizationDelete = "organization:delete";
    /// Create projects.
    ProjectsCreate = "projects:create";
    /// Make, change and remove owners.
    OwnersManage = "owners:manage";
    /// Create, change and delete teams.
    TeamsManage = "teams:manage";
    /// Change the organization's policies.
    PoliciesManage = "policies:manage";
    /// Manage what the organization pays.
    BillingManage = "billing:manage";
}

impl Permission {
    /// The one of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|permission| permission.name() == name)
    }

    /// What it is about: the part before the colon.
    pub fn noun(self) -> &'static str {
        self.name().split(':').next().unwrap_or_default()
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
