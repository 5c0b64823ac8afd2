//! Where a page is: in an organization's settings, in a project's, or in neither; with the addresses of all of them and who
//! may open each.
//!
//! An address names things by their ids as the API's do, below `/console`: ids, not names, so that renaming breaks no link.

use claviger_access::authorize::{
    Action, ManageMembers, ManagePolicies, ManageRoles, ManageServiceAccounts, ManageTeams, ReadAuditLog, Scope,
    authorize, see_organization, see_project,
};
use claviger_access::identity::{OrganizationId, ProjectId};

use super::signed_in::SignedIn;

/// Where a page is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// In nobody's settings: the person's own pages.
    Own,
    /// In an organization's settings.
    Organization(OrganizationId, OrganizationPage),
    /// In a project's settings.
    Project(ProjectId, ProjectPage),
}

/// A page of an organization's settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OrganizationPage {
    Overview,
    Projects,
    UsersAndTeams,
    ServiceAccounts,
    AccessSecurity,
    AuditLog,
}

/// A page of a project's settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ProjectPage {
    Overview,
    Users,
    ServiceAccounts,
    Roles,
    Workspaces,
    AuditLog,
}

/// The picture of a page in the navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Icon {
    Bars,
    Folder,
    People,
    Key,
    Shield,
    Page,
    Sliders,
    Layers,
}

impl OrganizationPage {
    /// Those that there are, in the order of the navigation.
    pub(super) const EACH: &[Self] = &[
        Self::Overview,
        Self::Projects,
        Self::UsersAndTeams,
        Self::ServiceAccounts,
        Self::AccessSecurity,
        Self::AuditLog,
    ];

    /// Its name in the navigation and above it.
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Projects => "Projects",
            Self::UsersAndTeams => "Users & Teams",
            Self::ServiceAccounts => "Service Accounts",
            Self::AccessSecurity => "Access Security",
            Self::AuditLog => "Audit Log",
        }
    }

    /// Its picture in the navigation.
    pub(super) fn icon(self) -> Icon {
        match self {
            Self::Overview => Icon::Bars,
            Self::Projects => Icon::Folder,
            Self::UsersAndTeams => Icon::People,
            Self::ServiceAccounts => Icon::Key,
            Self::AccessSecurity => Icon::Shield,
            Self::AuditLog => Icon::Page,
        }
    }

    /// Its address.
    pub(super) fn path(self, organization: OrganizationId) -> String {
        let name = match self {
            Self::Overview => "overview",
            Self::Projects => "projects",
            Self::UsersAndTeams => "users-teams",
            Self::ServiceAccounts => "service-accounts",
            Self::AccessSecurity => "access-security",
            Self::AuditLog => "audit-log",
        };
        format!("/console/organizations/{organization}/{name}")
    }

    /// Whether he may open it. The page asks for its own permit all the same.
    pub(super) fn is_open(self, signed_in: &SignedIn, organization: OrganizationId) -> bool {
        let scope = Scope::Organization(organization);
        match self {
            Self::Overview => may::<ManageServiceAccounts>(signed_in, scope),
            Self::Projects => sees_organization(signed_in, organization),
            Self::UsersAndTeams => may::<ManageMembers>(signed_in, scope) || may::<ManageTeams>(signed_in, scope),
            Self::ServiceAccounts => may::<ManageServiceAccounts>(signed_in, scope),
            Self::AccessSecurity => may::<ManagePolicies>(signed_in, scope),
            Self::AuditLog => may::<ReadAuditLog>(signed_in, scope),
        }
    }
}

impl ProjectPage {
    /// Those that there are, in the order of the navigation.
    pub(super) const EACH: &[Self] =
        &[Self::Overview, Self::Users, Self::ServiceAccounts, Self::Roles, Self::Workspaces, Self::AuditLog];

    /// Its name in the navigation and above it.
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Users => "Project Users",
            Self::ServiceAccounts => "Service Accounts",
            Self::Roles => "Roles",
            Self::Workspaces => "Workspaces",
            Self::AuditLog => "Audit Log",
        }
    }

    /// Its picture in the navigation.
    pub(super) fn icon(self) -> Icon {
        match self {
            Self::Overview => Icon::Bars,
            Self::Users => Icon::People,
            Self::ServiceAccounts => Icon::Key,
            Self::Roles => Icon::Sliders,
            Self::Workspaces => Icon::Layers,
            Self::AuditLog => Icon::Page,
        }
    }

    /// Its address.
    pub(super) fn path(self, project: ProjectId) -> String {
        let name = match self {
            Self::Overview => "overview",
            Self::Users => "users",
            Self::ServiceAccounts => "service-accounts",
            Self::Roles => "roles",
            Self::Workspaces => "workspaces",
            Self::AuditLog => "audit-log",
        };
        format!("/console/projects/{project}/{name}")
    }

    /// Whether he may open it. The page asks for its own permit all the same.
    pub(super) fn is_open(self, signed_in: &SignedIn, project: ProjectId) -> bool {
        let scope = Scope::Project(project);
        match self {
            Self::Overview => sees_project(signed_in, project),
            Self::Users => may::<ManageMembers>(signed_in, scope),
            Self::ServiceAccounts => may::<ManageServiceAccounts>(signed_in, scope),
            Self::Roles => may::<ManageRoles>(signed_in, scope),
            Self::Workspaces => sees_project(signed_in, project),
            Self::AuditLog => may::<ReadAuditLog>(signed_in, scope),
        }
    }
}

/// Whether he may do `A` there: for what is shown, never for what is done.
pub(super) fn may<A: Action>(signed_in: &SignedIn, scope: Scope) -> bool {
    authorize::<A>(&signed_in.held, &signed_in.caller, scope, signed_in.now).is_ok()
}

fn sees_organization(signed_in: &SignedIn, organization: OrganizationId) -> bool {
    see_organization(&signed_in.held, &signed_in.caller, organization, signed_in.now).is_ok()
}

fn sees_project(signed_in: &SignedIn, project: ProjectId) -> bool {
    see_project(&signed_in.held, &signed_in.caller, project, signed_in.now).is_ok()
}
