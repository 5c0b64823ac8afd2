//! `GET /api/app/me`: the caller, and what it can reach.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::projects::Project;
use crate::roles::OrganizationRoleName;
use crate::workspaces::Workspace;

/// The caller. Maps are keyed by the id in decimal, which makes the keys strings: JSON has no others.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Me {
    /// The caller's own id.
    pub user_id: u64,
    /// The full username of a service account.
    pub user_name: String,
    /// The same for a service account; never null.
    pub user_email: String,
    /// Whether it is a service account.
    pub is_service_account: bool,
    /// When it ends; null for never.
    pub expires: Option<String>,
    /// The caller's organization.
    #[schema(value_type = BTreeMap<String, Organization>)]
    pub organizations: BTreeMap<u64, Organization>,
    /// Projects that its grants reach.
    #[schema(value_type = BTreeMap<String, Project>)]
    pub projects: BTreeMap<u64, Project>,
    /// Workspaces that its grants reach.
    #[schema(value_type = BTreeMap<String, Workspace>)]
    pub workspaces: BTreeMap<u64, Workspace>,
}

/// An organization, as the caller sees it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Organization {
    /// Its id.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// The caller's role in it.
    pub role: OrganizationRoleName,
    /// What that role allows in the organization itself.
    pub permissions: Vec<String>,
}
