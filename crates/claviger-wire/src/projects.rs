//! Projects.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::optional;
use crate::workspaces::Workspace;

/// A project, as the caller sees it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Project {
    /// Its id.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// Whose it is.
    pub organization_id: u64,
    /// An IANA name.
    pub timezone: String,
    /// What the platform calls it, in place of its id; null where it has none.
    pub slug: Option<String>,
    /// Always `PROJECT`.
    pub r#type: String,
    /// Always true: each project has at least its default workspace.
    pub has_workspaces: bool,
    /// This server's host, or null.
    pub domain: Option<String>,
    /// The caller's role; null where it reaches workspaces alone.
    pub role: Option<String>,
    /// What the caller's roles allow.
    pub permissions: Vec<String>,
    /// The workspaces that the caller reaches.
    pub workspaces: Vec<u64>,
}

/// A project on its own. Clients decode the fields that are always null.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ProjectDetail {
    /// What `/me` shows.
    #[serde(flatten)]
    pub project: Project,
    /// The same as `timezone`.
    pub timezone_name: String,
    /// Always null.
    pub api_key: Option<String>,
    /// Always null.
    pub token: Option<String>,
    /// Always null.
    pub secret: Option<String>,
    /// Always null.
    pub api_secret: Option<String>,
    /// Always null.
    pub url: Option<String>,
}

/// A project with its workspaces, keyed by id.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ProjectIndexEntry {
    /// Its id.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// Whose it is.
    pub organization_id: u64,
    /// An IANA name.
    pub timezone: String,
    /// What the platform calls it, in place of its id; null where it has none.
    pub slug: Option<String>,
    /// Always `PROJECT`.
    pub r#type: String,
    /// Always true.
    pub has_workspaces: bool,
    /// This server's host, or null.
    pub domain: Option<String>,
    /// The caller's role; null where it reaches workspaces alone.
    pub role: Option<String>,
    /// What the caller's roles allow.
    pub permissions: Vec<String>,
    /// The workspaces that the caller reaches, keyed by id.
    #[schema(value_type = BTreeMap<String, Workspace>)]
    pub workspaces: BTreeMap<u64, Workspace>,
}

/// POST: a new project.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct CreateProject {
    /// Its name.
    pub name: String,
    /// An IANA name; UTC where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    /// What the platform calls it, which no other project of the installation has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slug: Option<String>,
}

/// PATCH: what is to be different.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct ChangeProject {
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// An IANA name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    /// What the platform calls it, which no other project of the installation has; null or empty takes it away.
    #[serde(default, deserialize_with = "optional::given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub slug: Option<Option<String>>,
}
