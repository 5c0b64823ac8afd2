//! Bodies of the older paths.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A new project, its time zone by number.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = OlderCreateProject)]
pub struct CreateProject {
    /// Its name.
    pub project_name: String,
    /// As `GET /api/app/timezones` numbers it; UTC where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timezone_id: Option<u64>,
}

/// New projects.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OlderCreateProjects)]
pub struct CreateProjects {
    /// Their names.
    pub project_names: Vec<String>,
}

/// Projects that are to go.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OlderDeleteProjects)]
pub struct DeleteProjects {
    /// Their ids.
    pub project_ids: Vec<u64>,
}

/// A form: what is to be different of a project.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[schema(as = OlderUpdateProject)]
pub struct UpdateProject {
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its time zone, by number or IANA name, where `timezone_name` is not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    /// An IANA name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timezone_name: Option<String>,
}

/// Teams by their names.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = OlderTeamNames)]
pub struct TeamNames {
    /// Their names.
    pub teams: Vec<String>,
}

/// A time zone: its number, and its IANA name.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = OlderTimezone)]
pub struct Timezone(pub u64, pub String);
