//! Grants that decisions give and take: there may be hundreds, so they are gathered and go many at once.

use claviger_access::grant::{Granted, Holder};
use claviger_access::identity::{CustomRoleId, GrantId, ProjectId};
use claviger_access::role::{ProjectRole, Role};
use claviger_access::{Directory, Moment};

use super::many::{Bound, Many};
use super::rows::number;
use super::statements::statements;
use super::together::Part;

statements! {
    DELETE_GRANT = "DELETE FROM grants WHERE id IN ($1)";
    INSERT_GRANT = "INSERT INTO grants \
                    (id, principal_id, principal_kind, home_organization_id, team_id, organization_id, project_id, \
                     workspace_id, role, custom_role_id, created_at) \
                    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
}

pub(super) static DELETE_GRANTS: Many = Many::of("DELETE_GRANTS", DELETE_GRANT);
pub(super) static INSERT_GRANTS: Many = Many::of("INSERT_GRANTS", INSERT_GRANT);

/// What was not sent yet. No grant is both given and taken, so that the order between the two does not matter.
#[derive(Default)]
pub(super) struct Grants {
    taken: Vec<GrantId>,
    given: Vec<Row>,
}

struct Row {
    id: GrantId,
    principal: Option<i64>,
    kind: Option<i16>,
    home: Option<i64>,
    team: Option<i64>,
    organization: i64,
    project: Option<i64>,
    workspace: Option<i64>,
    role: &'static str,
    custom_role: Option<i64>,
    created: Moment,
}

impl Grants {
    pub(super) fn is_empty(&self) -> bool {
        self.taken.is_empty() && self.given.is_empty()
    }

    /// Whether this one is given, and not sent yet.
    pub(super) fn gives(&self, id: GrantId) -> bool {
        self.given.iter().any(|given| given.id == id)
    }

    /// One more that is taken.
    pub(super) fn take(&mut self, id: GrantId) {
        self.taken.push(id);
    }

    /// One more that is given. The rows above a grant (project, organization, the holder's kind and home) come from the
    /// directory, and the schema compares them with its own.
    pub(super) fn give(
        &mut self,
        directory: &Directory,
        id: GrantId,
        holder: Holder,
        granted: Granted,
        created: Moment,
    ) -> Result<(), sqlx::Error> {
        let missing =
            |what: &str| sqlx::Error::Protocol(format!("grant {id} names {what}, which is not in the directory"));
        let organization_of = |project: ProjectId| {
            directory.project(project).map(|project| project.organization).ok_or_else(|| missing("a project"))
        };
        let (principal, team) = match holder {
            Holder::Principal(id) => (Some(directory.principal(id).ok_or_else(|| missing("a principal"))?), None),
            Holder::Team(team) => (None, Some(team)),
            Holder::EveryMember(_) => (None, None),
        };
        let (organization, project, workspace, (role, custom_role)) = match granted {
            Granted::Organization(organization, role) => (organization, None, None, (role.name(), None)),
            Granted::Project(project, role) => (organization_of(project)?, Some(project), None, columns(role)),
            Granted::Workspace(workspace, role) => {
                let project = directory.workspace(workspace).ok_or_else(|| missing("a workspace"))?.project;
                (organization_of(project)?, Some(project), Some(workspace), columns(role))
            }
        };
        let home = principal.and_then(|principal| principal.organization());
        self.given.push(Row {
            id,
            principal: principal.map(|principal| number(principal.id().number())),
            kind: principal.map(|principal| principal.kind() as i16),
            home: home.map(|home| number(home.number())),
            team: team.map(|team| number(team.number())),
            organization: number(organization.number()),
            project: project.map(|project| number(project.number())),
            workspace: workspace.map(|workspace| number(workspace.number())),
            role,
            custom_role: custom_role.map(|role| number(role.number())),
            created,
        });
        Ok(())
    }

    /// What there is to send.
    pub(super) fn parts(&self) -> [Part<'_>; 2] {
        let taken = Part::many(&DELETE_GRANTS, &self.taken, |delete, id| delete.bind(number(id.number())));
        [taken, Part::many(&INSERT_GRANTS, &self.given, bind)]
    }
}

fn bind<'q>(insert: Bound<'q>, row: &Row) -> Bound<'q> {
    insert
        .bind(number(row.id.number()))
        .bind(row.principal)
        .bind(row.kind)
        .bind(row.home)
        .bind(row.team)
        .bind(row.organization)
        .bind(row.project)
        .bind(row.workspace)
        .bind(row.role)
        .bind(row.custom_role)
        .bind(row.created.seconds())
}

/// Stands in the place of a built-in role's name where the role is a custom one.
const CUSTOM: &str = "custom";

fn columns(role: ProjectRole) -> (&'static str, Option<CustomRoleId>) {
    match role {
        ProjectRole::BuiltIn(role) => (role.name(), None),
        ProjectRole::Custom(id) => (CUSTOM, Some(id)),
    }
}

/// A role by its `role_id`, as packed rows, changes and columns of one text have it.
pub(super) fn read_role(role_id: &str) -> Option<ProjectRole> {
    match Role::parse(role_id) {
        Some(role) => Some(ProjectRole::BuiltIn(role)),
        None => Some(ProjectRole::Custom(CustomRoleId::new(role_id.parse().ok()?)?)),
    }
}
