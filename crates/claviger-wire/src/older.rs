//! Bodies of the older paths.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::optional;
use crate::roles::RoleName;

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

/// People who are to have roles on projects, or to have none there any more: `projects`, each with its users, or `users`
/// and the ids of `projects`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[schema(as = OlderUsersOnProjects)]
pub struct UsersOnProjects {
    /// E-mail addresses, where `projects` are ids or, to take people out of the organization, not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub users: Option<Vec<String>>,
    /// Where. That nothing is said and that `null` is said are two things.
    #[serde(default, deserialize_with = "optional::given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = ProjectsWithUsers)]
    pub projects: Option<Option<ProjectsWithUsers>>,
    /// The role of those for whom none is named; `consumer` where nothing says otherwise. Nobody asks for it where roles
    /// are taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<RoleName>,
}

/// Projects, each with its users, or all with the same.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
#[schema(as = OlderProjectsWithUsers)]
pub enum ProjectsWithUsers {
    /// Each with its own.
    Each(Vec<ProjectUsers>),
    /// By their ids.
    Alike(Vec<u64>),
}

/// A project with people.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = OlderProjectUsers)]
pub struct ProjectUsers {
    /// The project.
    pub id: u64,
    /// The people.
    pub users: Vec<UserRole>,
}

/// A person with a role.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = OlderUserRole)]
pub struct UserRole {
    /// His e-mail address.
    pub email: String,
    /// His role on the project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<RoleName>,
}

/// A time zone: its number, and its IANA name.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = OlderTimezone)]
pub struct Timezone(pub u64, pub String);
