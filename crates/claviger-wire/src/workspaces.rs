//! Workspaces of a project.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::optional;

/// A workspace, as the caller sees it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Workspace {
    /// Its id.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// Whose it is.
    pub project_id: u64,
    /// Whether it holds all of the project's data.
    pub is_global: bool,
    /// Whether the project was born with it.
    pub is_default: bool,
    /// Kept for clients.
    pub is_restricted: bool,
    /// Kept for clients.
    pub is_visible: bool,
    /// A longer text, or null.
    pub description: Option<String>,
    /// Who made it, or null.
    pub creator_name: Option<String>,
    /// The caller's role; null where it only manages.
    pub role: Option<String>,
}

/// A workspace on its own.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct WorkspaceDetail {
    /// What `/me` shows.
    #[serde(flatten)]
    pub workspace: Workspace,
    /// When it was made.
    pub created_iso: String,
    /// Who made it, or null.
    pub creator_id: Option<u64>,
}

/// POST: a new workspace.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct CreateWorkspace {
    /// Its name.
    pub name: String,
    /// A longer text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// False where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_restricted: Option<bool>,
    /// True where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_visible: Option<bool>,
}

/// PATCH: what is to be different.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct ChangeWorkspace {
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A longer text; null takes it away.
    #[serde(default, deserialize_with = "optional::given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub description: Option<Option<String>>,
    /// Kept for clients.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_restricted: Option<bool>,
    /// Kept for clients.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_visible: Option<bool>,
}
