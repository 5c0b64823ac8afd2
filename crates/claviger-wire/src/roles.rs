//! Roles by name.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A role on a project or a workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RoleName {
    /// May everything there.
    Owner,
    /// Manages it.
    Admin,
    /// Reads and writes.
    Analyst,
    /// Reads.
    Consumer,
}

/// A role in a whole organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrganizationRoleName {
    /// May everything.
    Owner,
    /// Manages everything but owners.
    Admin,
    /// Manages what is paid.
    BillingAdmin,
    /// Belongs to it.
    Member,
}

/// A role on one project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProjectRole {
    /// The project.
    pub id: u64,
    /// The role there; `consumer` where nothing says otherwise.
    #[serde(default)]
    pub role: Option<RoleName>,
}

/// A role on one workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WorkspaceRole {
    /// The workspace.
    pub id: u64,
    /// The role there; `consumer` where nothing says otherwise.
    #[serde(default)]
    pub role: Option<RoleName>,
}
