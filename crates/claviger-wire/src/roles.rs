//! Roles by name.

use std::borrow::Cow;
use std::fmt;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

/// A role on a project or a workspace, by its `role_id`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoleName {
    /// May everything there.
    Owner,
    /// Manages it.
    Admin,
    /// Reads and writes.
    Analyst,
    /// Reads.
    Consumer,
    /// A custom role of the project, by its number.
    Custom(u64),
}

const BUILT_IN: [(RoleName, &str); 4] = [
    (RoleName::Owner, "owner"),
    (RoleName::Admin, "admin"),
    (RoleName::Analyst, "analyst"),
    (RoleName::Consumer, "consumer"),
];

impl RoleName {
    /// Reads a `role_id`: a built-in role's name, or a custom role's number in decimal.
    pub fn parse(text: &str) -> Option<Self> {
        let built_in = BUILT_IN.iter().find(|(_, name)| *name == text);
        let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
        let custom = || text.parse().ok().filter(|number| plain && *number < 1 << 53).map(Self::Custom);
        built_in.map(|(role, _)| *role).or_else(custom)
    }
}

impl fmt::Display for RoleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self, BUILT_IN.iter().find(|(role, _)| role == self)) {
            (_, Some((_, name))) => f.write_str(name),
            (Self::Custom(number), None) => number.fmt(f),
            (_, None) => Ok(()),
        }
    }
}

impl Serialize for RoleName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RoleName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            D::Error::custom("a role is owner, admin, analyst, consumer or the role_id of a custom role")
        })
    }
}

impl PartialSchema for RoleName {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some("^(owner|admin|analyst|consumer|[1-9][0-9]{0,15})$"))
            .description(Some("A role by its `role_id`: a built-in role's name, or a custom role's number."))
            .into()
    }
}

impl ToSchema for RoleName {}

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

impl fmt::Display for OrganizationRoleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::BillingAdmin => "billing_admin",
            Self::Member => "member",
        })
    }
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

/// A role that a project knows: a built-in one, or one of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CustomRole {
    /// Names it wherever a role is named: a built-in role's name, or a number in decimal.
    pub role_id: String,
    /// Its name.
    pub name: String,
    /// A longer text; may be empty.
    pub description: String,
    /// What it allows.
    pub permissions: Vec<String>,
    /// The `role_id` of the role that it was copied from; null for none.
    pub copied_from_role_id: Option<String>,
    /// Whether it is built in, and so cannot be changed.
    pub is_default: bool,
    /// When it was made; null for a built-in role.
    pub created: Option<String>,
    /// When it was changed last; null for a built-in role.
    pub modified: Option<String>,
    /// The user id of who made it; null where nobody did.
    pub created_by_user_id: Option<u64>,
}

/// POST: a new custom role.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct CreateRole {
    /// Its name.
    pub name: String,
    /// A longer text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What it allows; all that the copied role does, where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions: Option<Vec<String>>,
    /// The role to begin from, of this or of another project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copied_from_role_id: Option<RoleName>,
}

/// PUT: what is to be different.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct ChangeRole {
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A longer text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What it allows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions: Option<Vec<String>>,
    /// The role that it is said to be copied from; its permissions come only by being listed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copied_from_role_id: Option<RoleName>,
}

/// A role that was deleted, and who held it and is a consumer since.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeletedRole {
    /// Its `role_id`.
    pub role_id: String,
    /// Who held it.
    pub holders: Vec<RoleHolder>,
}

/// Somebody who holds a role in a project directly.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RoleHolder {
    /// What kind of holder.
    pub kind: RoleHolderKind,
    /// The id of the account, the person or the team; of the organization where every member holds it.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// The workspace that it is held on; null for the whole project.
    pub workspace_id: Option<u64>,
}

/// What kind of holder a role has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RoleHolderKind {
    /// A person.
    User,
    /// A service account.
    ServiceAccount,
    /// A team.
    Team,
    /// All members of the organization.
    Everyone,
}

/// PUT: a role.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
pub struct SetRole {
    /// The role.
    pub role: RoleName,
}
