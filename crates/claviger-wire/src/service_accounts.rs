//! Service accounts.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::optional;
use crate::roles::{OrganizationRoleName, ProjectRole, RoleName, WorkspaceRole};
use crate::token::Token;

/// A service account. Every field is always there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ServiceAccount {
    /// Its id.
    pub id: u64,
    /// Its full username.
    pub username: String,
    /// When it was last used, off by a minute at most; null for never.
    pub last_used: Option<String>,
    /// When it ends; null for never.
    pub expires: Option<String>,
    /// The user id of who made it; null where nobody did.
    pub creator: Option<u64>,
    /// The name of who made it.
    pub creator_name: Option<String>,
    /// The e-mail address of who made it; a service account's username.
    pub creator_email: Option<String>,
    /// When it was made.
    pub created: String,
    /// Its own user id: the same as `id`.
    pub user: u64,
    /// Whether it is refused for now, though it keeps all that it has.
    pub is_disabled: bool,
    /// Whether it must be unprotected before it can be deleted.
    pub is_protected: bool,
    /// Who looks after it; null where nobody does, or does any more.
    pub owner: Option<Owner>,
    /// What it is for.
    pub description: Option<String>,
    /// What it is sorted by.
    pub labels: BTreeMap<String, String>,
}

/// Who looks after an account. It gives nobody a permission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Owner {
    /// A person or a team.
    pub kind: OwnerKind,
    /// The id of the person or the team.
    pub id: u64,
    /// Its name.
    pub name: String,
}

/// Who may look after an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum OwnerKind {
    /// A person of the organization.
    Person,
    /// A team of the organization.
    Team,
}

/// Who is to look after an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NamedOwner {
    /// A person or a team.
    pub kind: OwnerKind,
    /// The id of the person or the team.
    pub id: u64,
}

/// A service account that was just made, with its secret: the one time that it is shown.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct NewServiceAccount {
    /// The account.
    #[serde(flatten)]
    pub account: ServiceAccount,
    /// The secret. It cannot be shown again.
    pub token: Token,
}

/// A service account that reaches a project or a workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ServiceAccountThere {
    /// The account.
    #[serde(flatten)]
    pub account: ServiceAccount,
    /// Its effective role there.
    pub role: String,
    /// Owner 1, admin 2, analyst 3, consumer 4, custom 5.
    pub role_order: u8,
    /// What gives it that role.
    pub target_type: TargetType,
    /// Only a custom role can make it true.
    #[serde(rename = "hasSensitiveAccess")]
    pub has_sensitive_access: bool,
    /// Its username.
    pub email: String,
}

/// What a role comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum TargetType {
    /// A grant to the account itself.
    Individual,
    /// A grant to a team that it is in.
    Team,
    /// Its role in the organization.
    Organization,
}

/// One grant that an account has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Grant {
    /// What kind of thing it is on.
    pub scope: GrantScope,
    /// The id of that thing.
    pub id: u64,
    /// The name of that thing.
    pub name: String,
    /// The project of a workspace, the project itself, null for an organization.
    pub project_id: Option<u64>,
    /// The role that it gives.
    pub role: String,
    /// Whom the role was given to.
    pub through: Through,
}

/// What a grant is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum GrantScope {
    /// A whole organization.
    Organization,
    /// A project with all its workspaces.
    Project,
    /// One workspace.
    Workspace,
}

/// Whom a role was given to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Through {
    /// To the account itself, to a team, to an organization role, to everyone.
    pub kind: ThroughKind,
    /// The id of the account, team or organization.
    pub id: u64,
    /// Its name.
    pub name: String,
}

/// What kind of holder a grant has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ThroughKind {
    /// The account itself.
    Individual,
    /// A team that it is in.
    Team,
    /// Its role in the organization.
    Organization,
    /// All members of the organization.
    Everyone,
}

/// POST in an organization: a new service account.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct CreateServiceAccount {
    /// The name; the username is made of it.
    pub username: String,
    /// The role on the listed projects that name none. Alone it grants nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<RoleName>,
    /// When it ends: RFC 3339; absent, null or empty for never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
    /// The same in seconds from now, in place of `expires`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<u64>,
    /// Roles on projects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub projects: Option<Vec<ProjectRole>>,
    /// Roles on workspaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspaces: Option<Vec<WorkspaceRole>>,
    /// The role in the organization: `member` where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_role: Option<OrganizationRoleName>,
    /// Who looks after it: its creator, if that is a person, where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<NamedOwner>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What it is sorted by: at most 20.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<BTreeMap<String, String>>,
}

/// POST in a project: a new service account, admin of that project.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct CreateInProject {
    /// The name; the username is made of it.
    pub username: String,
    /// When it ends: RFC 3339; absent, null or empty for never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
    /// The same in seconds from now, in place of `expires`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<u64>,
}

/// PATCH: what is to be different.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct ChangeServiceAccount {
    /// The role in the organization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_role: Option<OrganizationRoleName>,
    /// When it ends: RFC 3339; null or empty for never.
    #[serde(default, deserialize_with = "optional::given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub expires: Option<Option<String>>,
    /// The same in seconds from now, in place of `expires`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<u64>,
    /// Whether it is refused, though it keeps all that it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled: Option<bool>,
    /// Whether it must be unprotected before it can be deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protected: Option<bool>,
    /// Who looks after it; null for nobody.
    #[serde(default, deserialize_with = "optional::given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<NamedOwner>)]
    pub owner: Option<Option<NamedOwner>>,
    /// What it is for; null or empty for nothing.
    #[serde(default, deserialize_with = "optional::given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub description: Option<Option<String>>,
    /// All of its labels, in place of those that it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<BTreeMap<String, String>>,
}

/// POST: give accounts roles on projects.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct AddToProjects {
    /// The projects, each with a role.
    pub projects: Vec<ProjectRole>,
    /// The accounts.
    pub service_account_ids: Vec<u64>,
}

/// POST: take accounts off projects.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct RemoveFromProjects {
    /// The projects, each with the accounts to take off.
    pub projects: Vec<ProjectMembers>,
}

/// Accounts of one project.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct ProjectMembers {
    /// The project.
    pub id: u64,
    /// The accounts.
    pub service_account_ids: Vec<u64>,
}

/// PUT: the role of one account on one workspace.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
pub struct SetWorkspaceRole {
    /// The role.
    pub role: RoleName,
}
