//! Teams.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::roles::RoleName;

/// A team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Team {
    /// Its id.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// Whose it is.
    pub organization_id: u64,
    /// How many members it has.
    pub member_count: usize,
}

/// A team with who is in it and what it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TeamDetail {
    /// The team.
    #[serde(flatten)]
    pub team: Team,
    /// Its members.
    pub members: Vec<TeamMember>,
    /// Its roles on projects.
    pub projects: Vec<TeamRole>,
    /// Its roles on workspaces.
    pub workspaces: Vec<TeamRole>,
}

/// A member of a team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TeamMember {
    /// Its user id.
    pub id: u64,
    /// A person's name, a service account's username.
    pub name: String,
    /// Whether it is a service account.
    pub is_service_account: bool,
}

/// A role that a team holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TeamRole {
    /// The project or workspace.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// The project that it is, or is in.
    pub project_id: u64,
    /// The role.
    pub role: String,
}

/// A team that reaches a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TeamThere {
    /// The team.
    #[serde(flatten)]
    pub team: Team,
    /// Its role on the project; null where it holds one on workspaces alone.
    pub role: Option<String>,
}

/// POST: a new team. PATCH: another name.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct NameTeam {
    /// The name, which no other team of the organization has.
    pub name: String,
}

/// POST: members that come or go.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct TeamMembers {
    /// User ids, of people and service accounts.
    pub user_ids: Vec<u64>,
}

/// What every member of the organization is granted on a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DefaultAccess {
    /// The role; null for none.
    pub role: Option<RoleName>,
}
