//! What happens to a custom role.

use crate::expiry::Moment;
use crate::identity::{CustomRoleId, PrincipalId, ProjectId};
use crate::permission::PermissionSet;
use crate::role::ProjectRole;

/// One step of a custom role.
#[derive(Debug, Clone)]
pub enum CustomRoleChange {
    /// A new role.
    Created {
        /// Its id.
        id: CustomRoleId,
        /// Of which project.
        project: ProjectId,
        /// What it is.
        properties: CustomRoleProperties,
        /// When.
        created: Moment,
        /// By whom; `None` for the operator.
        creator: Option<PrincipalId>,
    },
    /// It is this from now on, for whoever holds it.
    Changed {
        /// Which.
        id: CustomRoleId,
        /// What it is.
        properties: CustomRoleProperties,
        /// When.
        modified: Moment,
    },
    /// It is gone; whoever held it is a consumer there from now on.
    Deleted {
        /// Which.
        id: CustomRoleId,
    },
}

/// What can be changed of a custom role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomRoleProperties {
    /// Its name.
    pub name: String,
    /// A longer text, which may be empty.
    pub description: String,
    /// What it allows.
    pub permissions: PermissionSet,
    /// The role that its permissions were taken from at first, if any.
    pub copied_from: Option<ProjectRole>,
}
