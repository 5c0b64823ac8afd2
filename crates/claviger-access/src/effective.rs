//! What a principal's grants add up to.
//!
//! Roles add up and never take away: the effective role is the highest that any grant gives. A grant in the
//! organization reaches all its projects, a grant on a project all its workspaces, a grant on a workspace that alone.

use std::collections::BTreeMap;

use crate::directory::{Directory, PrincipalView};
use crate::grant::{Grant, Granted};
use crate::identity::{GrantId, OrganizationId, PrincipalKind, ProjectId, WorkspaceId};
use crate::role::{OrganizationRole, Role};

/// Whether the principal belongs to the organization: a service account to its own, a person to those that he was
/// granted a role in.
pub fn is_member(principal: &PrincipalView<'_>, organization: OrganizationId) -> bool {
    match principal.kind() {
        PrincipalKind::ServiceAccount => principal.organization() == Some(organization),
        PrincipalKind::Person => organization_grants(principal, organization).next().is_some(),
    }
}

/// The grants in the organization itself.
pub fn organization_grants(
    principal: &PrincipalView<'_>,
    organization: OrganizationId,
) -> impl Iterator<Item = (GrantId, OrganizationRole)> {
    principal.grants().iter().filter_map(move |grant| match grant.granted {
        Granted::Organization(on, role) if on == organization => Some((grant.id, role)),
        _ => None,
    })
}

/// The highest role in the organization; `None` for who is no member.
pub fn organization_role(principal: &PrincipalView<'_>, organization: OrganizationId) -> Option<OrganizationRole> {
    let granted = organization_grants(principal, organization).map(|(_, role)| role).max();
    granted.or(is_member(principal, organization).then_some(OrganizationRole::Member))
}

/// The grants that reach a project: on it, or in its organization with a role that reaches projects.
pub fn project_grants(
    principal: &PrincipalView<'_>,
    organization: OrganizationId,
    project: ProjectId,
) -> impl Iterator<Item = (GrantId, Role)> {
    principal.grants().iter().filter_map(move |grant| match grant.granted {
        Granted::Project(on, role) if on == project => Some((grant.id, role)),
        Granted::Organization(on, role) if on == organization => Some((grant.id, role.in_projects()?)),
        _ => None,
    })
}

/// The highest role on a project; `None` for who does not reach it, or reaches a workspace of it alone.
pub fn project_role(principal: &PrincipalView<'_>, organization: OrganizationId, project: ProjectId) -> Option<Role> {
    project_grants(principal, organization, project).map(|(_, role)| role).max()
}

/// The grants on the workspaces of a project, without those that reach them through the project.
pub fn workspace_grants_in<'d>(
    directory: &'d Directory,
    principal: &PrincipalView<'d>,
    project: ProjectId,
) -> impl Iterator<Item = Grant> {
    principal.grants().iter().copied().filter(move |grant| match grant.granted {
        Granted::Workspace(on, _) => directory.workspace(on).is_some_and(|workspace| workspace.project == project),
        _ => false,
    })
}

/// The highest role on a workspace, through whatever reaches it.
pub fn workspace_role(directory: &Directory, principal: &PrincipalView<'_>, workspace: WorkspaceId) -> Option<Role> {
    let project = directory.project(directory.workspace(workspace)?.project)?;
    let direct = principal.grants().iter().filter_map(|grant| match grant.granted {
        Granted::Workspace(on, role) if on == workspace => Some(role),
        _ => None,
    });
    direct.chain(project_role(principal, project.organization, project.id)).max()
}

/// A project that is reached, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReachedProject {
    /// The role on the whole project; `None` where only workspaces are reached.
    pub role: Option<Role>,
    /// The workspaces that are reached, each with its effective role.
    pub workspaces: BTreeMap<WorkspaceId, Role>,
}

/// Everything in an organization that a principal reaches.
pub fn reach(
    directory: &Directory,
    principal: &PrincipalView<'_>,
    organization: OrganizationId,
) -> BTreeMap<ProjectId, ReachedProject> {
    let mut reached: BTreeMap<ProjectId, ReachedProject> = BTreeMap::new();
    let nothing = || ReachedProject { role: None, workspaces: BTreeMap::new() };
    let everywhere = organization_role(principal, organization).and_then(OrganizationRole::in_projects);
    if let (Some(role), Some(organization)) = (everywhere, directory.organization(organization)) {
        for project in &organization.projects {
            reached.insert(*project, ReachedProject { role: Some(role), ..nothing() });
        }
    }
    for grant in principal.grants() {
        match grant.granted {
            Granted::Project(project, role)
                if directory.project(project).is_some_and(|known| known.organization == organization) =>
            {
                let project = reached.entry(project).or_insert_with(nothing);
                project.role = project.role.max(Some(role));
            }
            Granted::Workspace(workspace, role) => {
                let Some(known) = directory.workspace(workspace) else { continue };
                if directory.project(known.project).is_some_and(|project| project.organization == organization) {
                    let project = reached.entry(known.project).or_insert_with(nothing);
                    let direct = project.workspaces.entry(workspace).or_insert(role);
                    *direct = role.max(*direct);
                }
            }
            Granted::Organization(..) | Granted::Project(..) => {}
        }
    }
    for (id, project) in &mut reached {
        let (Some(role), Some(known)) = (project.role, directory.project(*id)) else { continue };
        for workspace in &known.workspaces {
            let direct = project.workspaces.entry(*workspace).or_insert(role);
            *direct = role.max(*direct);
        }
    }
    reached
}
