//! What a principal's grants add up to.
//!
//! Roles add up and never take away: the effective role is the highest that any grant gives, the permissions are those
//! of all of them. A grant reaches its holder in one of four ways ([`Through`]). A grant in the organization reaches all
//! its projects, a grant on a project all its workspaces, a grant on a workspace that alone.

use std::collections::{BTreeMap, BTreeSet};

use crate::directory::{Directory, Organization, PrincipalView, Project, Team};
use crate::grant::{Grant, Granted};
use crate::identity::{GrantId, OrganizationId, PrincipalId, PrincipalKind, ProjectId, TeamId, WorkspaceId};
use crate::permission::PermissionSet;
use crate::role::{OrganizationRole, ProjectRole};

/// How a principal comes by a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Through {
    /// It holds the grant itself.
    Individual,
    /// A team that it is a member of holds it.
    Team(TeamId),
    /// Its role in the organization reaches all projects.
    Organization(OrganizationRole),
    /// The project gives it to every member of the organization.
    EveryMember,
}

/// One grant that gives a principal a role somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    /// The grant.
    pub grant: Grant,
    /// The role that it gives there.
    pub role: ProjectRole,
    /// How the principal comes by it.
    pub through: Through,
}

/// Whether the principal belongs to the organization: a service account to its own, a person to those that he was
/// granted a role in.
pub fn is_member(principal: &PrincipalView<'_>, organization: OrganizationId) -> bool {
    match principal.kind() {
        PrincipalKind::ServiceAccount => principal.organization() == Some(organization),
        PrincipalKind::Person => organization_grants(principal, organization).next().is_some(),
    }
}

/// The organizations that the principal belongs to.
pub fn organizations(principal: &PrincipalView<'_>) -> BTreeSet<OrganizationId> {
    let granted = principal.grants().iter().filter_map(|grant| match grant.granted() {
        Granted::Organization(on, _) => Some(on),
        Granted::Project(..) | Granted::Workspace(..) => None,
    });
    granted.chain(principal.organization()).collect()
}

/// The principal of that id, if it is a member of the organization and was not deleted.
pub fn member(directory: &Directory, organization: OrganizationId, id: PrincipalId) -> Option<PrincipalView<'_>> {
    directory.principal(id).filter(|known| !known.is_deleted() && is_member(known, organization))
}

/// The grants in the organization itself.
pub fn organization_grants(
    principal: &PrincipalView<'_>,
    organization: OrganizationId,
) -> impl Iterator<Item = (GrantId, OrganizationRole)> {
    principal.grants().iter().filter_map(move |grant| match grant.granted() {
        Granted::Organization(on, role) if on == organization => Some((grant.id, role)),
        _ => None,
    })
}

/// The highest role in the organization; `None` for who is no member.
pub fn organization_role(principal: &PrincipalView<'_>, organization: OrganizationId) -> Option<OrganizationRole> {
    let granted = organization_grants(principal, organization).map(|(_, role)| role).max();
    granted.or(is_member(principal, organization).then_some(OrganizationRole::Member))
}

/// Whether one of its owners is a person.
pub fn is_owned_by_a_person(directory: &Directory, organization: &Organization) -> bool {
    let mut owners = organization.owners.iter().filter_map(|owner| directory.principal(*owner));
    owners.any(|owner| owner.kind() == PrincipalKind::Person)
}

/// The teams that a principal is a member of.
pub fn teams<'d>(directory: &'d Directory, principal: &PrincipalView<'d>) -> impl Iterator<Item = &'d Team> {
    principal.teams().iter().filter_map(|team| directory.team(*team))
}

/// What a principal holds itself or through its teams, in any scope.
pub fn held<'d>(directory: &'d Directory, principal: &PrincipalView<'d>) -> impl Iterator<Item = (Grant, Through)> {
    let own = principal.grants().iter().map(|grant| (*grant, Through::Individual));
    let of_team = |team: &'d Team| team.grants.iter().map(|grant| (*grant, Through::Team(team.id)));
    own.chain(teams(directory, principal).flat_map(of_team))
}

/// The same in one organization alone: a person may hold roles in several.
pub fn held_in(
    directory: &Directory,
    principal: &PrincipalView<'_>,
    organization: OrganizationId,
) -> Vec<(Grant, Through)> {
    let is_of = |project| directory.project(project).is_some_and(|known| known.organization == organization);
    let is_in = |grant: &Grant| match grant.granted() {
        Granted::Organization(on, _) => on == organization,
        Granted::Project(on, _) => is_of(on),
        Granted::Workspace(on, _) => directory.workspace(on).is_some_and(|known| is_of(known.project)),
    };
    held(directory, principal).filter(|(grant, _)| is_in(grant)).collect()
}

/// All that gives a principal a role on a project.
pub fn project_sources<'d>(
    directory: &'d Directory,
    principal: &PrincipalView<'d>,
    project: &'d Project,
) -> impl Iterator<Item = Source> {
    let held = held(directory, principal).filter_map(|(grant, through)| match grant.granted() {
        Granted::Project(on, role) if on == project.id => Some(Source { grant, role, through }),
        Granted::Organization(on, role) if on == project.organization => {
            Some(Source { grant, role: role.in_projects()?.into(), through: Through::Organization(role) })
        }
        _ => None,
    });
    let open = project.default_access.filter(|_| is_member(principal, project.organization));
    let open = open.and_then(|grant| {
        grant.granted().project_role().map(|role| Source { grant, role, through: Through::EveryMember })
    });
    held.chain(open)
}

/// All that gives a principal a role on a workspace: there, or on its project.
pub fn workspace_sources<'d>(
    directory: &'d Directory,
    principal: &PrincipalView<'d>,
    workspace: WorkspaceId,
) -> impl Iterator<Item = Source> {
    let direct = held(directory, principal).filter_map(move |(grant, through)| match grant.granted() {
        Granted::Workspace(on, role) if on == workspace => Some(Source { grant, role, through }),
        _ => None,
    });
    let project = directory.workspace(workspace).and_then(|workspace| directory.project(workspace.project));
    let on_project = project.into_iter().flat_map(|project| project_sources(directory, principal, project));
    direct.chain(on_project)
}

/// The roles on a project that a principal has without a grant on it: by its role in the organization, and as a member.
pub fn shared_roles<'d>(
    directory: &'d Directory,
    principal: &PrincipalView<'d>,
    project: ProjectId,
) -> impl Iterator<Item = ProjectRole> {
    let project = directory.project(project);
    let own = project.and_then(|project| organization_role(principal, project.organization));
    let above = own.and_then(OrganizationRole::in_projects).map(ProjectRole::BuiltIn);
    let open = project.filter(|_| own.is_some()).and_then(|project| project.default_access);
    above.into_iter().chain(open.and_then(|grant| grant.granted().project_role()))
}

/// What the grants on projects allow that a principal holds itself or through its teams, in one pass over them.
pub fn permissions_by_project(
    directory: &Directory,
    principal: &PrincipalView<'_>,
) -> BTreeMap<ProjectId, PermissionSet> {
    let mut all: BTreeMap<ProjectId, PermissionSet> = BTreeMap::new();
    for (grant, _) in held(directory, principal) {
        if let Granted::Project(project, role) = grant.granted() {
            all.entry(project).or_default().add(&directory.permissions_of(role));
        }
    }
    all
}

/// The highest role on a project; `None` for who does not reach it, or reaches a workspace of it alone.
pub fn project_role(directory: &Directory, principal: &PrincipalView<'_>, project: ProjectId) -> Option<ProjectRole> {
    project_sources(directory, principal, directory.project(project)?).map(|source| source.role).max()
}

/// The highest role on a workspace, through whatever reaches it.
pub fn workspace_role(
    directory: &Directory,
    principal: &PrincipalView<'_>,
    workspace: WorkspaceId,
) -> Option<ProjectRole> {
    workspace_sources(directory, principal, workspace).map(|source| source.role).max()
}

/// All that these sources allow together.
pub fn add_up(directory: &Directory, sources: impl Iterator<Item = Source>) -> PermissionSet {
    sources.fold(PermissionSet::default(), |mut all, source| {
        all.add(&directory.permissions_of(source.role));
        all
    })
}

/// What a principal holds on the workspaces of a project, without what reaches them through the project.
pub fn workspace_grants_in<'d>(
    directory: &'d Directory,
    principal: &PrincipalView<'d>,
    project: ProjectId,
) -> impl Iterator<Item = (Grant, Through)> {
    held(directory, principal).filter(move |(grant, _)| match grant.granted() {
        Granted::Workspace(on, _) => directory.workspace(on).is_some_and(|workspace| workspace.project == project),
        _ => false,
    })
}

/// Whether a principal reaches a project, or a workspace of it alone.
pub fn reaches(directory: &Directory, principal: &PrincipalView<'_>, project: &Project) -> bool {
    let is_there = |grant: &Grant| matches!(grant.granted(), Granted::Project(on, _) if on == project.id);
    // Most who reach it hold a grant there themselves: lists ask this of each of a hundred thousand.
    principal.grants().iter().any(is_there)
        || project_sources(directory, principal, project).next().is_some()
        || workspace_grants_in(directory, principal, project.id).next().is_some()
}

/// Whether a principal reaches another project of the organization than this one, or a workspace of another alone.
pub fn reaches_beside(
    directory: &Directory,
    principal: &PrincipalView<'_>,
    organization: &Organization,
    project: ProjectId,
) -> bool {
    let shared = match organization_role(principal, organization.id).map(OrganizationRole::in_projects) {
        None => &[][..],
        Some(Some(_)) => &organization.projects,
        Some(None) => &organization.open_projects,
    };
    let is_another = |id: ProjectId| {
        id != project && directory.project(id).is_some_and(|known| known.organization == organization.id)
    };
    shared.iter().any(|id| *id != project)
        || held(directory, principal).any(|(grant, _)| match grant.granted() {
            Granted::Project(on, _) => is_another(on),
            Granted::Workspace(on, _) => directory.workspace(on).is_some_and(|known| is_another(known.project)),
            Granted::Organization(..) => false,
        })
}

/// A project that is reached, and how.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReachedProject {
    /// The role on the whole project; `None` where only workspaces are reached.
    pub role: Option<ProjectRole>,
    /// What all roles on the whole project allow.
    pub permissions: PermissionSet,
    /// The workspaces that are reached, each with its effective role.
    pub workspaces: BTreeMap<WorkspaceId, ProjectRole>,
}

impl ReachedProject {
    fn add(&mut self, directory: &Directory, role: ProjectRole) {
        self.role = self.role.max(Some(role));
        self.permissions.add(&directory.permissions_of(role));
    }

    fn add_workspace(&mut self, workspace: WorkspaceId, role: ProjectRole) {
        let highest = self.workspaces.entry(workspace).or_insert(role);
        *highest = role.max(*highest);
    }
}

/// Everything in an organization that a principal reaches.
pub fn reach(
    directory: &Directory,
    principal: &PrincipalView<'_>,
    organization: OrganizationId,
) -> BTreeMap<ProjectId, ReachedProject> {
    let mut reached: BTreeMap<ProjectId, ReachedProject> = BTreeMap::new();
    if let Some(organization) = directory.organization(organization) {
        let above = organization_role(principal, organization.id).and_then(OrganizationRole::in_projects);
        // Most members are above no project: they meet those alone that are open to all.
        let shared = if above.is_some() { &organization.projects } else { &organization.open_projects };
        for project in shared {
            for role in shared_roles(directory, principal, *project) {
                reached.entry(*project).or_default().add(directory, role);
            }
        }
    }
    let is_in = |project: ProjectId| directory.project(project).is_some_and(|known| known.organization == organization);
    for (grant, _) in held(directory, principal) {
        match grant.granted() {
            Granted::Project(project, role) if is_in(project) => {
                reached.entry(project).or_default().add(directory, role);
            }
            Granted::Workspace(workspace, role) => {
                let Some(project) = directory.workspace(workspace).map(|known| known.project) else { continue };
                if is_in(project) {
                    reached.entry(project).or_default().add_workspace(workspace, role);
                }
            }
            Granted::Organization(..) | Granted::Project(..) => {}
        }
    }
    for (id, project) in &mut reached {
        let (Some(role), Some(known)) = (project.role, directory.project(*id)) else { continue };
        known.workspaces.iter().for_each(|workspace| project.add_workspace(*workspace, role));
    }
    reached
}
