//! From the directory and the store to the wire.

use claviger_access::directory::{Organization, PrincipalView, Project, Workspace};
use claviger_access::effective::{self, ReachedProject};
use claviger_access::grant::Granted;
use claviger_access::identity::{OrganizationId, ProjectId, WorkspaceId};
use claviger_access::role::{OrganizationRole, Role};
use claviger_access::{Directory, Expiry, Moment};
use claviger_wire::me;
use claviger_wire::projects::{self, ProjectDetail, ProjectIndexEntry};
use claviger_wire::roles::OrganizationRoleName;
use claviger_wire::service_accounts::{
    Grant, GrantScope, ServiceAccount, ServiceAccountThere, TargetType, Through, ThroughKind,
};
use claviger_wire::time::print;
use claviger_wire::workspaces::{self, WorkspaceDetail};

use crate::last_used::LastUsed;
use crate::store::service_accounts::ListedAccount;

pub(super) fn end(expires: Expiry) -> Option<String> {
    expires.moment().and_then(|moment| print(moment.seconds()))
}

fn time(seconds: i64) -> String {
    print(seconds).unwrap_or_default()
}

fn organization_role(role: OrganizationRole) -> OrganizationRoleName {
    match role {
        OrganizationRole::Owner => OrganizationRoleName::Owner,
        OrganizationRole::Admin => OrganizationRoleName::Admin,
        OrganizationRole::BillingAdmin => OrganizationRoleName::BillingAdmin,
        OrganizationRole::Member => OrganizationRoleName::Member,
    }
}

pub(super) fn organization(organization: &Organization, caller: &PrincipalView<'_>) -> me::Organization {
    let role = effective::organization_role(caller, organization.id).unwrap_or(OrganizationRole::Member);
    me::Organization {
        id: organization.id.number(),
        name: organization.name.clone(),
        role: organization_role(role),
        permissions: role.permissions().iter().map(|permission| permission.name().to_owned()).collect(),
    }
}

pub(super) fn project(project: &Project, reached: &ReachedProject) -> projects::Project {
    let permissions = reached.role.map_or(&[][..], Role::permissions);
    projects::Project {
        id: project.id.number(),
        name: project.name.clone(),
        organization_id: project.organization.number(),
        timezone: project.timezone.clone(),
        r#type: "PROJECT".to_owned(),
        has_workspaces: true,
        domain: None,
        role: reached.role.map(|role| role.name().to_owned()),
        permissions: permissions.iter().map(|permission| permission.name().to_owned()).collect(),
        workspaces: reached.workspaces.keys().map(|id| id.number()).collect(),
    }
}

pub(super) fn project_detail(known: &Project, reached: &ReachedProject) -> ProjectDetail {
    ProjectDetail {
        project: project(known, reached),
        timezone_name: known.timezone.clone(),
        api_key: None,
        token: None,
        secret: None,
        api_secret: None,
        url: None,
    }
}

pub(super) fn project_index_entry(
    directory: &Directory,
    known: &Project,
    reached: &ReachedProject,
) -> ProjectIndexEntry {
    let shown = project(known, reached);
    let workspaces = reached
        .workspaces
        .iter()
        .filter_map(|(id, role)| Some((id.number(), workspace(directory, directory.workspace(*id)?, Some(*role)))));
    ProjectIndexEntry {
        id: shown.id,
        name: shown.name,
        organization_id: shown.organization_id,
        timezone: shown.timezone,
        r#type: shown.r#type,
        has_workspaces: shown.has_workspaces,
        domain: shown.domain,
        role: shown.role,
        permissions: shown.permissions,
        workspaces: workspaces.collect(),
    }
}

pub(super) fn workspace(directory: &Directory, known: &Workspace, role: Option<Role>) -> workspaces::Workspace {
    let creator = known.creator.and_then(|creator| directory.principal(creator));
    workspaces::Workspace {
        id: known.id.number(),
        name: known.name.clone(),
        project_id: known.project.number(),
        is_global: known.is_default,
        is_default: known.is_default,
        is_restricted: known.is_restricted,
        is_visible: known.is_visible,
        description: known.description.clone(),
        creator_name: creator.map(|creator| creator.name().to_owned()),
        role: role.map(|role| role.name().to_owned()),
    }
}

pub(super) fn workspace_detail(directory: &Directory, known: &Workspace, role: Option<Role>) -> WorkspaceDetail {
    WorkspaceDetail {
        workspace: workspace(directory, known, role),
        created_iso: time(known.created.seconds()),
        creator_id: known.creator.map(|creator| creator.number()),
    }
}

/// An account as it is listed; uses that were not flushed yet count.
pub(super) fn account(directory: &Directory, last_used: &LastUsed, listed: ListedAccount) -> ServiceAccount {
    let secrets = directory.principal(listed.id).map_or(&[][..], |view| view.secrets());
    let since_flush = secrets.iter().filter_map(|secret| last_used.since_flush(secret.id)).max();
    self::listed(since_flush, listed)
}

/// An account as a row has it, or as it was just made.
pub(super) fn listed(since_flush: Option<Moment>, listed: ListedAccount) -> ServiceAccount {
    let used = listed.last_used.max(since_flush.map(Moment::seconds));
    ServiceAccount {
        id: listed.id.number(),
        username: listed.username,
        last_used: used.map(time),
        expires: listed.expires.map(time),
        creator: listed.creator.map(|creator| creator.number()),
        creator_name: listed.creator_name,
        creator_email: listed.creator_email,
        created: time(listed.created),
        user: listed.id.number(),
    }
}

/// Where an account is listed: a project, or a workspace of it.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub organization: OrganizationId,
    pub project: ProjectId,
    pub workspace: Option<WorkspaceId>,
}

/// An account with its role in a place; `None` if it does not reach it on this image.
pub(super) fn account_there(
    directory: &Directory,
    last_used: &LastUsed,
    place: Place,
    listed: ListedAccount,
) -> Option<ServiceAccountThere> {
    let view = directory.principal(listed.id)?;
    let individual = view.grants().iter().filter_map(|grant| match grant.granted {
        Granted::Project(on, role) if on == place.project => Some(role),
        Granted::Workspace(on, role) if Some(on) == place.workspace => Some(role),
        _ => None,
    });
    let individual = individual.max();
    let role = match place.workspace {
        Some(workspace) => effective::workspace_role(directory, &view, workspace),
        None => effective::project_role(&view, place.organization, place.project),
    }?;
    Some(ServiceAccountThere {
        email: listed.username.clone(),
        account: account(directory, last_used, listed),
        role: role.name().to_owned(),
        role_order: match role {
            Role::Owner => 1,
            Role::Admin => 2,
            Role::Analyst => 3,
            Role::Consumer => 4,
        },
        target_type: if individual == Some(role) { TargetType::Individual } else { TargetType::Organization },
        has_sensitive_access: false,
    })
}

/// The grants that an account holds, as it holds them.
pub(super) fn grants(directory: &Directory, view: &PrincipalView<'_>) -> Vec<Grant> {
    let through = || Through { kind: ThroughKind::Individual, id: view.id().number(), name: view.name().to_owned() };
    let shown = view.grants().iter().filter_map(|grant| {
        let (scope, id, name, project_id, role) = match grant.granted {
            Granted::Organization(on, role) => {
                let organization = directory.organization(on)?;
                (GrantScope::Organization, on.number(), &organization.name, None, role.name())
            }
            Granted::Project(on, role) => {
                (GrantScope::Project, on.number(), &directory.project(on)?.name, Some(on.number()), role.name())
            }
            Granted::Workspace(on, role) => {
                let workspace = directory.workspace(on)?;
                let project = Some(workspace.project.number());
                (GrantScope::Workspace, on.number(), &workspace.name, project, role.name())
            }
        };
        Some(Grant { scope, id, name: name.clone(), project_id, role: role.to_owned(), through: through() })
    });
    shown.collect()
}
