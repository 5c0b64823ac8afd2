//! Grants as rows.

use claviger_access::grant::{Granted, Holder};
use claviger_access::identity::{CustomRoleId, GrantId, ProjectId};
use claviger_access::role::{ProjectRole, Role};
use claviger_access::{Directory, Moment};
use sqlx::AnyConnection;

use super::super::statements::statements;
use super::{number, run};

statements! {
    INSERT = "INSERT INTO grants \
              (id, principal_id, principal_kind, home_organization_id, team_id, organization_id, project_id, workspace_id, \
               role, custom_role_id, created_at) \
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    DELETE = "DELETE FROM grants WHERE id = $1";
}

/// Stands in the place of a built-in role's name where the role is a custom one.
pub(super) const CUSTOM: &str = "custom";

/// A grant that is given.
pub(super) struct Given {
    pub id: GrantId,
    pub holder: Holder,
    pub granted: Granted,
    pub created: Moment,
}

/// The rows above a grant (project, organization, the holder's kind and home) come from the directory, and the schema
/// compares them with its own.
pub(super) async fn insert(
    connection: &mut AnyConnection,
    directory: &Directory,
    grant: &Given,
) -> Result<(), sqlx::Error> {
    let missing =
        |what: &str| sqlx::Error::Protocol(format!("grant {} names {what}, which is not in the directory", grant.id));
    let organization_of = |project: ProjectId| {
        directory.project(project).map(|project| project.organization).ok_or_else(|| missing("a project"))
    };
    let (principal, team) = match grant.holder {
        Holder::Principal(id) => (Some(directory.principal(id).ok_or_else(|| missing("a principal"))?), None),
        Holder::Team(team) => (None, Some(team)),
        Holder::EveryMember(_) => (None, None),
    };
    let (organization, project, workspace, role, custom) = match grant.granted {
        Granted::Organization(organization, role) => (organization, None, None, role.name(), None),
        Granted::Project(project, role) => {
            let (name, custom) = columns(role);
            (organization_of(project)?, Some(project), None, name, custom)
        }
        Granted::Workspace(workspace, role) => {
            let project = directory.workspace(workspace).ok_or_else(|| missing("a workspace"))?.project;
            let (name, custom) = columns(role);
            (organization_of(project)?, Some(project), Some(workspace), name, custom)
        }
    };
    let home = principal.and_then(|principal| principal.organization());
    let insert = sqlx::query(INSERT)
        .bind(number(grant.id.number()))
        .bind(principal.map(|principal| number(principal.id().number())))
        .bind(principal.map(|principal| principal.kind() as i16))
        .bind(home.map(|home| number(home.number())))
        .bind(team.map(|team| number(team.number())))
        .bind(number(organization.number()))
        .bind(project.map(|project| number(project.number())))
        .bind(workspace.map(|workspace| number(workspace.number())))
        .bind(role)
        .bind(custom.map(|role| number(role.number())))
        .bind(grant.created.seconds());
    run(connection, insert).await
}

pub(super) async fn delete(connection: &mut AnyConnection, id: GrantId) -> Result<(), sqlx::Error> {
    run(connection, sqlx::query(DELETE).bind(number(id.number()))).await
}

fn columns(role: ProjectRole) -> (&'static str, Option<CustomRoleId>) {
    match role {
        ProjectRole::BuiltIn(role) => (role.name(), None),
        ProjectRole::Custom(id) => (CUSTOM, Some(id)),
    }
}

/// A role by its `role_id`, as packed rows, changes and columns of one text have it.
pub(in crate::store) fn read_role(role_id: &str) -> Option<ProjectRole> {
    match Role::parse(role_id) {
        Some(role) => Some(ProjectRole::BuiltIn(role)),
        None => Some(ProjectRole::Custom(CustomRoleId::new(role_id.parse().ok()?)?)),
    }
}
