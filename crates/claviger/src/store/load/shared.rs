//! Loading what many principals share: custom roles, teams with their grants, and default access.

use std::collections::BTreeMap;

use claviger_access::Moment;
use claviger_access::change::CustomRoleProperties;
use claviger_access::directory::{CustomRole, Loader};
use claviger_access::grant::{Grant, Granted};
use claviger_access::identity::{CustomRoleId, GrantId, OrganizationId, PrincipalId, ProjectId, TeamId, WorkspaceId};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::super::StoreError;
use super::super::grants::read_role;
use super::super::rows::custom_role::read_permissions;
use super::super::statements::statements;
use super::id;

statements! {
    READ_CUSTOM_ROLES = "SELECT id, project_id, name, description, permissions, copied_from, created_at, modified_at, \
                         creator_id FROM custom_roles ORDER BY id";
    READ_TEAMS = "SELECT id, organization_id, name FROM teams ORDER BY id";
    READ_SHARED_GRANTS = "SELECT id, team_id, project_id, workspace_id, COALESCE(CAST(custom_role_id AS TEXT), role) AS role \
                          FROM grants WHERE principal_id IS NULL ORDER BY id";
}

/// Organizations and projects must be in already.
pub(super) async fn read(snapshot: &mut AnyConnection, loader: &mut Loader) -> Result<(), StoreError> {
    for row in sqlx::query(READ_CUSTOM_ROLES).fetch_all(&mut *snapshot).await? {
        loader.custom_role(custom_role(&row)?);
    }
    let mut of_teams: BTreeMap<TeamId, Vec<Grant>> = BTreeMap::new();
    for row in sqlx::query(READ_SHARED_GRANTS).fetch_all(&mut *snapshot).await? {
        let project = id(&row, "project_id", ProjectId::new)?;
        let grant = grant(&row, project)?;
        match row.try_get::<Option<i64>, _>("team_id")? {
            Some(_) => of_teams.entry(id(&row, "team_id", TeamId::new)?).or_default().push(grant),
            None => loader.default_access(project, grant),
        }
    }
    for row in sqlx::query(READ_TEAMS).fetch_all(&mut *snapshot).await? {
        let (team, organization) = (id(&row, "id", TeamId::new)?, id(&row, "organization_id", OrganizationId::new)?);
        loader.team(team, organization, row.try_get("name")?, of_teams.remove(&team).unwrap_or_default());
    }
    Ok(())
}

fn grant(row: &AnyRow, project: ProjectId) -> Result<Grant, StoreError> {
    let grant = id(row, "id", GrantId::new)?;
    let role = read_role(&row.try_get::<String, _>("role")?);
    let role = role.ok_or_else(|| StoreError::unreadable(format!("the role of grant {grant}")))?;
    Ok(Grant::new(
        grant,
        match row.try_get::<Option<i64>, _>("workspace_id")? {
            Some(_) => Granted::Workspace(id(row, "workspace_id", WorkspaceId::new)?, role),
            None => Granted::Project(project, role),
        },
    ))
}

fn custom_role(row: &AnyRow) -> Result<CustomRole, StoreError> {
    let role = id(row, "id", CustomRoleId::new)?;
    let unreadable = |what: &str| StoreError::unreadable(format!("{what} of custom role {role}"));
    let moment = |column: &str| Ok::<_, StoreError>(Moment::from_seconds(row.try_get(column)?));
    let copied_from = row.try_get::<Option<String>, _>("copied_from")?;
    let creator = row.try_get::<Option<i64>, _>("creator_id")?;
    Ok(CustomRole {
        id: role,
        project: id(row, "project_id", ProjectId::new)?,
        properties: CustomRoleProperties {
            name: row.try_get("name")?,
            description: row.try_get("description")?,
            permissions: read_permissions(&row.try_get::<String, _>("permissions")?)
                .ok_or_else(|| unreadable("the permissions"))?,
            copied_from: copied_from
                .map(|from| read_role(&from).ok_or_else(|| unreadable("the origin")))
                .transpose()?,
        },
        created: moment("created_at")?.ok_or_else(|| unreadable("the time"))?,
        modified: moment("modified_at")?.ok_or_else(|| unreadable("the time"))?,
        creator: creator.and_then(|creator| PrincipalId::new(u64::try_from(creator).ok()?)),
    })
}
