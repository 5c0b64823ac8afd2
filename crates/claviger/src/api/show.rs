//! From the directory and the store to the wire.

use std::collections::BTreeMap;

use claviger_access::directory::{Organization, PrincipalView, Project, Workspace};
use claviger_access::effective::{self, ReachedProject, Source, Through};
use claviger_access::grant::Granted;
use claviger_access::identity::{OrganizationId, ProjectId, ProjectSlug, WorkspaceId};
use claviger_access::ownership::{AccountDetails, KnownOwner, OwnerId, owner_of};
use claviger_access::permission::PermissionSet;
use claviger_access::role::{OrganizationRole, ProjectRole, Role};
use claviger_access::{self as access, Directory, Expiry, Moment};
use claviger_wire::me;
use claviger_wire::projects::{self, ProjectDetail, ProjectIndexEntry};
use claviger_wire::roles::OrganizationRoleName;
use claviger_wire::secrets::Secret;
use claviger_wire::service_accounts::{
    self as wire, Grant, GrantScope, OwnerKind, ServiceAccount, ServiceAccountThere, TargetType, ThroughKind,
};
use claviger_wire::time::print;
use claviger_wire::workspaces::{self, WorkspaceDetail};

use crate::last_used::LastUsed;
use crate::store::secrets::ListedSecret;
use crate::store::service_accounts::ListedAccount;

pub(super) fn end(expires: Expiry) -> Option<String> {
    expires.moment().and_then(|moment| print(moment.seconds()))
}

fn time(seconds: i64) -> String {
    print(seconds).unwrap_or_default()
}

pub(super) fn organization_role(role: OrganizationRole) -> OrganizationRoleName {
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

/// What a set allows by name. Whoever holds whatever the installation makes up is told what this project's roles name.
pub(super) fn permissions(directory: &Directory, project: &Project, set: &PermissionSet) -> Vec<String> {
    let mut all = set.clone();
    if set.has_every_own() {
        let roles = project.custom_roles.iter().filter_map(|role| directory.custom_role(*role));
        let named = roles.flat_map(|role| role.properties.permissions.names());
        named.filter(|name| set.allows(name)).for_each(|name| all.insert(name));
    }
    all.names().map(|name| name.as_str().to_owned()).collect()
}

pub(super) fn project(directory: &Directory, project: &Project, reached: &ReachedProject) -> projects::Project {
    projects::Project {
        id: project.id.number(),
        name: project.name.clone(),
        organization_id: project.organization.number(),
        timezone: project.timezone.clone(),
        slug: project.slug.as_ref().map(ProjectSlug::to_string),
        r#type: "PROJECT".to_owned(),
        has_workspaces: true,
        domain: None,
        role: reached.role.map(|role| role.to_string()),
        permissions: permissions(directory, project, &reached.permissions),
        workspaces: reached.workspaces.keys().map(|id| id.number()).collect(),
    }
}

pub(super) fn project_detail(directory: &Directory, known: &Project, reached: &ReachedProject) -> ProjectDetail {
    ProjectDetail {
        project: project(directory, known, reached),
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
    let shown = project(directory, known, reached);
    let workspaces = reached
        .workspaces
        .iter()
        .filter_map(|(id, role)| Some((id.number(), workspace(directory, directory.workspace(*id)?, Some(*role)))));
    ProjectIndexEntry {
        id: shown.id,
        name: shown.name,
        organization_id: shown.organization_id,
        timezone: shown.timezone,
        slug: shown.slug,
        r#type: shown.r#type,
        has_workspaces: shown.has_workspaces,
        domain: shown.domain,
        role: shown.role,
        permissions: shown.permissions,
        workspaces: workspaces.collect(),
    }
}

pub(super) fn workspace(directory: &Directory, known: &Workspace, role: Option<ProjectRole>) -> workspaces::Workspace {
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
        role: role.map(|role| role.to_string()),
    }
}

pub(super) fn workspace_detail(directory: &Directory, known: &Workspace, role: Option<ProjectRole>) -> WorkspaceDetail {
    WorkspaceDetail {
        workspace: workspace(directory, known, role),
        created_iso: time(known.created.seconds()),
        creator_id: known.creator.map(|creator| creator.number()),
    }
}

/// An account as it is listed; uses that were not flushed yet count.
pub(super) fn account(directory: &Directory, last_used: &LastUsed, listed: ListedAccount) -> ServiceAccount {
    let secrets = directory.principal(listed.id).map_or(&[][..], |view| view.secrets());
    let since_flush = last_used.latest_since_flush(secrets.iter().map(|secret| secret.id()));
    let details = directory.account_details(listed.id).cloned().unwrap_or_default();
    let organization = directory.principal(listed.id).and_then(|view| view.organization());
    let owner = organization.and_then(|organization| owner_of(directory, organization, details.owner, listed.creator));
    self::listed(since_flush, about(&details, owner.as_ref()), listed)
}

/// What is said about an account, as it is shown.
pub(super) struct About {
    owner: Option<wire::Owner>,
    description: Option<String>,
    labels: BTreeMap<String, String>,
}

pub(super) fn about(details: &AccountDetails, owner: Option<&KnownOwner>) -> About {
    let shown = |owner: &KnownOwner| {
        let (kind, id) = match owner.id {
            OwnerId::Person(id) => (OwnerKind::Person, id.number()),
            OwnerId::Team(id) => (OwnerKind::Team, id.number()),
        };
        wire::Owner { kind, id, name: owner.name.clone() }
    };
    let labels = details.labels.iter().map(|(key, value)| (key.to_owned(), value.to_owned()));
    About { owner: owner.map(shown), description: details.description.clone(), labels: labels.collect() }
}

/// An account as a row has it, or as it was just made.
pub(super) fn listed(since_flush: Option<Moment>, about: About, listed: ListedAccount) -> ServiceAccount {
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
        is_disabled: listed.disabled,
        is_protected: listed.protected,
        owner: about.owner,
        description: about.description,
        labels: about.labels,
    }
}

/// A secret as it is listed; a use that was not flushed yet counts.
pub(super) fn secret(last_used: &LastUsed, listed: ListedSecret) -> Secret {
    listed_secret(last_used.since_flush(listed.id), listed)
}

/// A secret as a row has it, or as it was just made.
pub(super) fn listed_secret(since_flush: Option<Moment>, listed: ListedSecret) -> Secret {
    let used = listed.last_used.max(since_flush.map(Moment::seconds));
    Secret {
        id: listed.id.number(),
        name: listed.name,
        created: time(listed.created),
        expires: listed.expires.map(time),
        last_used: used.map(time),
        is_disabled: listed.disabled,
    }
}

/// Where an account is listed: a project, or a workspace of it.
#[derive(Clone, Copy)]
pub(super) struct Place {
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
    let there = standing_there(directory, place, &directory.principal(listed.id)?)?;
    Some(ServiceAccountThere {
        email: listed.username.clone(),
        account: account(directory, last_used, listed),
        role: there.role.to_string(),
        role_order: role_order(there.role),
        target_type: there.target_type,
        has_sensitive_access: there.has_sensitive_access,
    })
}

/// How somebody stands in a place.
pub(super) struct StandingThere {
    pub role: ProjectRole,
    pub target_type: TargetType,
    pub has_sensitive_access: bool,
}

/// Somebody's role in a place and what gives it; `None` if he does not reach it.
pub(super) fn standing_there(directory: &Directory, place: Place, view: &PrincipalView<'_>) -> Option<StandingThere> {
    let sources: Vec<Source> = match place.workspace {
        Some(workspace) => effective::workspace_sources(directory, view, workspace).collect(),
        None => effective::project_sources(directory, view, directory.project(place.project)?).collect(),
    };
    let role = sources.iter().map(|source| source.role).max()?;
    let nearest = sources.iter().filter(|source| source.role == role).map(|source| source.through).min()?;
    Some(StandingThere {
        role,
        target_type: match nearest {
            Through::Individual => TargetType::Individual,
            Through::Team(_) => TargetType::Team,
            Through::Organization(_) | Through::EveryMember => TargetType::Organization,
        },
        has_sensitive_access: sources.iter().any(|source| is_sensitive(directory, source.role)),
    })
}

pub(super) fn role_order(role: ProjectRole) -> u8 {
    match role {
        ProjectRole::BuiltIn(Role::Owner) => 1,
        ProjectRole::BuiltIn(Role::Admin) => 2,
        ProjectRole::BuiltIn(Role::Analyst) => 3,
        ProjectRole::BuiltIn(Role::Consumer) => 4,
        ProjectRole::Custom(_) => 5,
    }
}

/// The permission of an installation's own that clients show as sensitive access.
const SENSITIVE: &str = "data:sensitive";

/// Only a custom role can make it true.
fn is_sensitive(directory: &Directory, role: ProjectRole) -> bool {
    let ProjectRole::Custom(id) = role else { return false };
    let custom = directory.custom_role(id);
    custom.is_some_and(|role| role.properties.permissions.names().any(|name| name.as_str() == SENSITIVE))
}

/// All that an account is granted in its organization: itself, through its teams, and as every member is.
pub(super) fn grants(directory: &Directory, view: &PrincipalView<'_>) -> Vec<Grant> {
    let Some(organization) = view.organization().and_then(|id| directory.organization(id)) else { return Vec::new() };
    let open = std::iter::once(organization).flat_map(|organization| &organization.open_projects);
    let open = open.filter_map(|id| Some((directory.project(*id)?.default_access?, Through::EveryMember)));
    let held = effective::held(directory, view).chain(open);
    let shown = held.filter_map(|(grant, through)| {
        let (scope, id, name, project) = granted_on(directory, &grant)?;
        let role = match grant.granted() {
            Granted::Organization(_, role) => role.to_string(),
            Granted::Project(_, role) | Granted::Workspace(_, role) => role.to_string(),
        };
        let project_id = project.map(|project| project.number());
        Some(Grant {
            scope,
            id,
            name,
            project_id,
            role,
            through: through_whom(directory, view, organization.id, through)?,
        })
    });
    shown.collect()
}

/// What a grant is on: kind, id, name, and the project that it is or is in.
pub(super) fn granted_on(
    directory: &Directory,
    grant: &access::grant::Grant,
) -> Option<(GrantScope, u64, String, Option<ProjectId>)> {
    Some(match grant.granted() {
        Granted::Organization(on, _) => {
            (GrantScope::Organization, on.number(), directory.organization(on)?.name.clone(), None)
        }
        Granted::Project(on, _) => (GrantScope::Project, on.number(), directory.project(on)?.name.clone(), Some(on)),
        Granted::Workspace(on, _) => {
            let workspace = directory.workspace(on)?;
            (GrantScope::Workspace, on.number(), workspace.name.clone(), Some(workspace.project))
        }
    })
}

/// Whom a role was given to, by which a principal has it.
pub(super) fn through_whom(
    directory: &Directory,
    view: &PrincipalView<'_>,
    organization: OrganizationId,
    through: Through,
) -> Option<wire::Through> {
    let organization = || directory.organization(organization);
    let (kind, id, name) = match through {
        Through::Individual => (ThroughKind::Individual, view.id().number(), view.name().to_owned()),
        Through::Team(id) => (ThroughKind::Team, id.number(), directory.team(id)?.name.clone()),
        Through::Organization(_) => {
            let organization = organization()?;
            (ThroughKind::Organization, organization.id.number(), organization.name.clone())
        }
        Through::EveryMember => {
            let organization = organization()?;
            (ThroughKind::Everyone, organization.id.number(), organization.name.clone())
        }
    };
    Some(wire::Through { kind, id, name })
}
