//! Why somebody may do something, or may not.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::service_accounts::{GrantScope, Through};

/// What a principal may do in a place, and which grants give it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Explanation {
    /// Who.
    pub principal_id: u64,
    /// A person's name, a service account's username.
    pub principal_name: String,
    /// Whether the account is disabled: it may nothing then, whatever it holds.
    pub is_disabled: bool,
    /// The project, or the project of the workspace.
    pub project_id: u64,
    /// The workspace, where one was asked for.
    pub workspace_id: Option<u64>,
    /// The highest role there; null for none.
    pub role: Option<String>,
    /// All that the roles allow there.
    pub permissions: Vec<String>,
    /// The permission that was asked for, if one was.
    pub permission: Option<String>,
    /// Whether it is among them; null where none was asked for.
    pub allowed: Option<bool>,
    /// Each grant that gives a role there.
    pub grants: Vec<ExplainedGrant>,
}

/// One grant that gives a role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ExplainedGrant {
    /// Its id, as the audit log names it.
    pub grant_id: u64,
    /// What it is on.
    pub scope: GrantScope,
    /// The id of that.
    pub id: u64,
    /// The name of that.
    pub name: String,
    /// The role that it gives in the place.
    pub role: String,
    /// The role's name, where it is a custom one.
    pub role_name: String,
    /// Whom it was given to.
    pub through: Through,
    /// Whether it gives the permission that was asked for; null where none was.
    pub allows: Option<bool>,
}
