//! Ids, roles and what they are on, as they are written on a command line: `101`, `101:admin`, `101/201:admin`.

use std::fmt;

use claviger_wire::roles::{OrganizationRoleName, ProjectRole, RoleName, WorkspaceRole};
use serde::Deserialize;
use serde::de::value::{self, BorrowedStrDeserializer};

/// Why a text names nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoScope {
    #[error("“{0}” is no id; ids are whole numbers, as claviger project list and claviger me show them")]
    Id(String),
    #[error("“{0}” names no workspace; write PROJECT/WORKSPACE, such as 101/201, as claviger me shows it")]
    Path(String),
    #[error(
        "“{0}” is no role; use owner, admin, analyst or consumer, or the number of a custom role, as claviger role list shows it"
    )]
    Role(String),
    #[error("“{0}” is no role in an organization; use owner, admin, billing_admin or member")]
    OrganizationRole(String),
}

/// A workspace and its project: `101/201`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct WorkspacePath {
    pub(super) project: u64,
    pub(super) workspace: u64,
}

impl fmt::Display for WorkspacePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.project, self.workspace)
    }
}

/// A role on a workspace that is named with its project: `101/201:admin`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct WorkspaceGrant {
    pub(super) path: WorkspacePath,
    pub(super) role: Option<RoleName>,
}

/// What a role is given on.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub(super) struct GrantOn {
    /// The project, with all its workspaces; the role is consumer unless it is named
    #[arg(long, value_name = "ID[:ROLE]", value_parser = project_role)]
    pub(super) project: Option<ProjectRole>,
    /// The workspace alone; the role is consumer unless it is named
    #[arg(long, value_name = "PROJECT/WORKSPACE[:ROLE]", value_parser = workspace_grant)]
    pub(super) workspace: Option<WorkspaceGrant>,
}

/// What a role is taken away on.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub(super) struct RevokeOn {
    /// The project, with all its workspaces
    #[arg(long, value_name = "ID", value_parser = id)]
    pub(super) project: Option<u64>,
    /// The workspace alone
    #[arg(long, value_name = "PROJECT/WORKSPACE", value_parser = workspace_path)]
    pub(super) workspace: Option<WorkspacePath>,
}

pub(super) fn id(text: &str) -> Result<u64, NoScope> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    match text.parse() {
        Ok(id) if digits => Ok(id),
        _ => Err(NoScope::Id(text.to_owned())),
    }
}

pub(super) fn role(text: &str) -> Result<RoleName, NoScope> {
    RoleName::parse(text).ok_or_else(|| NoScope::Role(text.to_owned()))
}

pub(super) fn organization_role(text: &str) -> Result<OrganizationRoleName, NoScope> {
    // The wire's own names are the only ones.
    let named = OrganizationRoleName::deserialize(BorrowedStrDeserializer::<value::Error>::new(text));
    named.map_err(|_| NoScope::OrganizationRole(text.to_owned()))
}

pub(super) fn project_role(text: &str) -> Result<ProjectRole, NoScope> {
    let (place, role) = with_role(text)?;
    Ok(ProjectRole { id: id(place)?, role })
}

pub(super) fn workspace_role(text: &str) -> Result<WorkspaceRole, NoScope> {
    let (place, role) = with_role(text)?;
    Ok(WorkspaceRole { id: id(place)?, role })
}

pub(super) fn workspace_path(text: &str) -> Result<WorkspacePath, NoScope> {
    let (project, workspace) = text.split_once('/').ok_or_else(|| NoScope::Path(text.to_owned()))?;
    Ok(WorkspacePath { project: id(project)?, workspace: id(workspace)? })
}

pub(super) fn workspace_grant(text: &str) -> Result<WorkspaceGrant, NoScope> {
    let (place, role) = with_role(text)?;
    Ok(WorkspaceGrant { path: workspace_path(place)?, role })
}

fn with_role(text: &str) -> Result<(&str, Option<RoleName>), NoScope> {
    match text.split_once(':') {
        Some((place, name)) => Ok((place, Some(role(name)?))),
        None => Ok((text, None)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_may_name_a_role() {
        assert_eq!(project_role("101"), Ok(ProjectRole { id: 101, role: None }));
        assert_eq!(project_role("101:admin"), Ok(ProjectRole { id: 101, role: Some(RoleName::Admin) }));
        assert_eq!(workspace_role("201:consumer"), Ok(WorkspaceRole { id: 201, role: Some(RoleName::Consumer) }));
        assert_eq!(project_role("101:9"), Ok(ProjectRole { id: 101, role: Some(RoleName::Custom(9)) }));
        for text in ["101:", "101:09", "101:root", "101:Admin", "101:admin:", "101: admin"] {
            assert!(matches!(project_role(text), Err(NoScope::Role(_))), "{text}");
        }
    }

    #[test]
    fn an_id_is_a_whole_number() {
        assert_eq!(id("9007199254740991"), Ok(9_007_199_254_740_991));
        for text in ["", "0", "007", "+7", "-7", "7.0", " 7", "seven", "18446744073709551616", "101/201"] {
            assert_eq!(id(text), Err(NoScope::Id(text.to_owned())), "{text}");
        }
    }

    #[test]
    fn a_workspace_is_named_with_its_project() {
        let path = WorkspacePath { project: 101, workspace: 201 };
        assert_eq!(workspace_path("101/201"), Ok(path));
        assert_eq!(path.to_string(), "101/201");
        assert_eq!(workspace_grant("101/201"), Ok(WorkspaceGrant { path, role: None }));
        assert_eq!(workspace_grant("101/201:owner"), Ok(WorkspaceGrant { path, role: Some(RoleName::Owner) }));
        assert_eq!(workspace_path("201"), Err(NoScope::Path("201".to_owned())));
        for text in ["/201", "101/", "101/201/301", "101/201:admin"] {
            assert!(matches!(workspace_path(text), Err(NoScope::Id(_))), "{text}");
        }
    }

    #[test]
    fn an_organization_has_roles_of_its_own() {
        assert_eq!(organization_role("billing_admin"), Ok(OrganizationRoleName::BillingAdmin));
        assert_eq!(organization_role("analyst"), Err(NoScope::OrganizationRole("analyst".to_owned())));
        assert_eq!(organization_role("9"), Err(NoScope::OrganizationRole("9".to_owned())));
        assert_eq!(role("member"), Err(NoScope::Role("member".to_owned())));
    }
}
