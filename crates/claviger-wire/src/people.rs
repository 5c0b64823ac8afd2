//! People who are members of an organization.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::roles::OrganizationRoleName;
use crate::service_accounts::TargetType;

/// A person who is a member of an organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Member {
    /// His user id.
    pub id: u64,
    /// His name.
    pub name: String,
    /// His e-mail address.
    pub email: String,
    /// His role in the organization.
    pub role: OrganizationRoleName,
    /// When he came to be, in this organization or in another.
    pub created: String,
}

/// A person who reaches a project or a workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MemberThere {
    /// His user id.
    pub id: u64,
    /// His name.
    pub name: String,
    /// His e-mail address.
    pub email: String,
    /// His role in the organization.
    pub organization_role: OrganizationRoleName,
    /// His effective role there.
    pub role: String,
    /// Owner 1, admin 2, analyst 3, consumer 4, custom 5.
    pub role_order: u8,
    /// What gives him that role.
    pub target_type: TargetType,
    /// Only a custom role can make it true.
    #[serde(rename = "hasSensitiveAccess")]
    pub has_sensitive_access: bool,
}

/// PATCH: another role in the organization.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
pub struct ChangeMember {
    /// The role, up to the caller's own.
    pub role: OrganizationRoleName,
}
