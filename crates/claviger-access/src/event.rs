//! The record of who did what: one event for each thing that a mutation did.
//!
//! An event is made from a [`Permit`] and from nothing else, so it always names an actor who was allowed to. It is
//! written in the transaction of the mutation that it records. What changed nothing, such as a refusal, has a name here
//! too, and is no [`Event`]: nobody permitted it.

use crate::authorize::{Actor, Basis, Permit, Scope};
use crate::identity::{CustomRoleId, InvitationId, OrganizationId, PrincipalId, ProjectId, TeamId, WorkspaceId};
use crate::permission::Permission;
use crate::revision::Revision;

macro_rules! event_names {
    ($($(#[$meta:meta])* $name:ident = $text:literal;)*) => {
        /// What happened, as `noun.verb_past`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum EventName {
            $($(#[$meta])* $name,)*
        }

        impl EventName {
            /// All of them.
            pub const ALL: &'static [EventName] = &[$(Self::$name,)*];

            /// The name in the audit log.
            pub const fn text(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }

            /// The one of that name in the audit log.
            pub fn named(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|name| name.text() == text)
            }
        }
    };
}

event_names! {
    /// An organization was founded on the host.
    OrganizationCreated = "organization.created";
    /// A new owner credential was made on the host.
    OrganizationOwnerRecovered = "organization.owner_recovered";
    /// The store went back in time, and was accepted on the host as it is.
    OrganizationRestored = "organization.restored";
    /// A person's password and sessions count no more: the store went back in time.
    UserSuspended = "user.suspended";
    /// A link for the first owner who is a person was made on the host.
    SetUpLinkCreated = "set_up_link.created";
    /// Somebody became the first owner who is a person, by a link.
    SetUpLinkUsed = "set_up_link.used";
    /// A project was created.
    ProjectCreated = "project.created";
    /// A project's name or time zone was changed.
    ProjectUpdated = "project.updated";
    /// A project was deleted.
    ProjectDeleted = "project.deleted";
    /// A workspace was created.
    WorkspaceCreated = "workspace.created";
    /// A workspace was changed.
    WorkspaceUpdated = "workspace.updated";
    /// A workspace was deleted.
    WorkspaceDeleted = "workspace.deleted";
    /// A service account was created.
    ServiceAccountCreated = "service_account.created";
    /// A service account was deleted, and all of its access with it.
    ServiceAccountDeleted = "service_account.deleted";
    /// A service account ends at another time.
    ServiceAccountExpiryChanged = "service_account.expiry_changed";
    /// A service account has another description or other labels.
    ServiceAccountUpdated = "service_account.updated";
    /// Somebody else looks after a service account.
    ServiceAccountOwnerChanged = "service_account.owner_changed";
    /// A service account is refused, and keeps all that it has.
    ServiceAccountDisabled = "service_account.disabled";
    /// A service account that was disabled is let in again.
    ServiceAccountEnabled = "service_account.enabled";
    /// A service account cannot be deleted.
    ServiceAccountProtected = "service_account.protected";
    /// A service account that was protected can be deleted.
    ServiceAccountUnprotected = "service_account.unprotected";
    /// A secret of a service account is refused.
    ServiceAccountSecretDisabled = "service_account.secret_disabled";
    /// A secret of a service account that was disabled counts again.
    ServiceAccountSecretEnabled = "service_account.secret_enabled";
    /// A service account has one more secret.
    ServiceAccountSecretCreated = "service_account.secret_created";
    /// A secret of a service account was replaced by a new one.
    ServiceAccountSecretRotated = "service_account.secret_rotated";
    /// A secret of a service account has another name or end.
    ServiceAccountSecretChanged = "service_account.secret_changed";
    /// A secret of a service account is gone.
    ServiceAccountSecretRevoked = "service_account.secret_revoked";
    /// A service account was given another role in the organization.
    ServiceAccountOrganizationRoleChanged = "service_account.organization_role_changed";
    /// A service account was given a role on a project.
    ServiceAccountAddedToProject = "service_account.added_to_project";
    /// A service account lost its roles on a project and its workspaces.
    ServiceAccountRemovedFromProject = "service_account.removed_from_project";
    /// A service account has another role on a project.
    ServiceAccountRoleChanged = "service_account.role_changed";
    /// A service account was given a role on a workspace.
    ServiceAccountAddedToWorkspace = "service_account.added_to_workspace";
    /// A service account lost its role on a workspace.
    ServiceAccountRemovedFromWorkspace = "service_account.removed_from_workspace";
    /// A service account has another role on a workspace.
    ServiceAccountWorkspaceRoleChanged = "service_account.workspace_role_changed";
    /// Somebody was invited to join the organization.
    InvitationSent = "invitation.sent";
    /// An invitation has another token, and runs anew.
    InvitationResent = "invitation.resent";
    /// An invitation was taken back, or one that had expired gave way to another.
    InvitationWithdrawn = "invitation.withdrawn";
    /// Somebody joined by an invitation.
    InvitationAccepted = "invitation.accepted";
    /// A person is a member of the organization.
    OrganizationUserAdded = "organization.user_added";
    /// A person is a member of the organization no more, and has lost what he held in it.
    OrganizationUserRemoved = "organization.user_removed";
    /// A person has another role in the organization.
    UserOrganizationRoleChanged = "user.organization_role_changed";
    /// A person was given a role on a project.
    ProjectUserAdded = "project.user_added";
    /// A person lost his role on a project.
    ProjectUserRemoved = "project.user_removed";
    /// A person has another role on a project.
    UserRoleChanged = "user.role_changed";
    /// A person was given a role on a workspace.
    WorkspaceUserAdded = "workspace.user_added";
    /// A person lost his role on a workspace.
    WorkspaceUserRemoved = "workspace.user_removed";
    /// A person has another role on a workspace.
    UserWorkspaceRoleChanged = "user.workspace_role_changed";
    /// A team was created.
    TeamCreated = "team.created";
    /// A team has another name.
    TeamUpdated = "team.updated";
    /// A team was deleted, and what came through it with it.
    TeamDeleted = "team.deleted";
    /// A person became a member of a team.
    TeamUserAdded = "team.user_added";
    /// A person is a member of a team no more.
    TeamUserRemoved = "team.user_removed";
    /// A service account became a member of a team.
    TeamServiceAccountAdded = "team.service_account_added";
    /// A service account is a member of a team no more.
    TeamServiceAccountRemoved = "team.service_account_removed";
    /// A team was given a role on a project.
    ProjectTeamAdded = "project.team_added";
    /// A team lost its role on a project.
    ProjectTeamRemoved = "project.team_removed";
    /// A team has another role on a project.
    TeamRoleChanged = "team.role_changed";
    /// A team was given a role on a workspace.
    WorkspaceTeamAdded = "workspace.team_added";
    /// A team lost its role on a workspace.
    WorkspaceTeamRemoved = "workspace.team_removed";
    /// A team has another role on a workspace.
    TeamWorkspaceRoleChanged = "team.workspace_role_changed";
    /// Every member of the organization was given a role on a project.
    ProjectDefaultAccessGranted = "project.default_access_granted";
    /// The role that every member had on a project was taken away.
    ProjectDefaultAccessRevoked = "project.default_access_revoked";
    /// What an organization demands of its service accounts was changed.
    OrganizationPolicyUpdated = "organization.policy_updated";
    /// A service account may call from other addresses than before.
    ServiceAccountAddressesChanged = "service_account.addresses_changed";
    /// A project made a role for itself.
    CustomRoleCreated = "custom_role.created";
    /// A custom role was changed, for whoever holds it.
    CustomRoleUpdated = "custom_role.updated";
    /// A custom role was deleted; its holders are consumers.
    CustomRoleDeleted = "custom_role.deleted";
    /// The audit log, or a part of it, is taken away as a file.
    AuditLogExportCreated = "audit_log_export.created";
    /// An export was sent whole.
    AuditLogExportDownloaded = "audit_log_export.downloaded";
    /// A person signed in.
    SessionLoggedIn = "session.logged_in";
    /// A person's session goes on under a new token, since he has another role.
    SessionRenewed = "session.renewed";
    /// A person signed out, or ended another of his sessions.
    SessionLoggedOut = "session.logged_out";
    /// A person has another password, and his other sessions are over.
    UserPasswordChanged = "user.password_changed";
    /// Somebody with a person's session gave another password than his, to set a new one.
    UserPasswordChangeFailed = "user.password_change_failed";
    /// A person signs in with a code from an app as well, from now on.
    SecondFactorEnabled = "second_factor.enabled";
    /// A person's second factor was turned off.
    SecondFactorRemoved = "second_factor.removed";
    /// A person has other recovery codes.
    SecondFactorRecoveryCodesMade = "second_factor.recovery_codes_made";
    /// A person signed in with a recovery code, which counts no more.
    SecondFactorRecoveryCodeUsed = "second_factor.recovery_code_used";
    /// A link was made by which a person chooses another password.
    PasswordResetLinkMade = "password_reset.link_made";
    /// A person chose another password by such a link; his sessions are over.
    PasswordResetUsed = "password_reset.used";
    /// Somebody came with a person's address, and with another password than his.
    SessionLoginFailed = "session.login_failed";
    /// Somebody came with the username of a service account, and was not let in.
    ServiceAccountAuthenticationFailed = "service_account.authentication_failed";
    /// Somebody was refused what he may not do.
    RequestRefused = "request.refused";
    /// Somebody came with an open invitation, and with another password than its person has.
    InvitationAcceptanceFailed = "invitation.acceptance_failed";
    /// More was refused than is told one by one.
    ObservationDropped = "observation.dropped";
}

impl EventName {
    /// Whether it changed nothing, and is not part of a mutation.
    pub const fn is_observation(self) -> bool {
        matches!(
            self,
            Self::ServiceAccountAuthenticationFailed
                | Self::SessionLoginFailed
                | Self::UserPasswordChangeFailed
                | Self::RequestRefused
                | Self::InvitationAcceptanceFailed
                | Self::ObservationDropped
        )
    }

    /// Whether a project's own log shows it. What is not listed here is its organization's alone: an account, a team, a
    /// person's membership belong to the organization, wherever they were changed.
    pub const fn is_in_project_log(self) -> bool {
        self.is_of_the_project() || self.is_of_roles_in_a_project()
    }

    /// What happens to a project, its workspaces, its custom roles and its log.
    const fn is_of_the_project(self) -> bool {
        matches!(
            self,
            Self::ProjectCreated
                | Self::ProjectUpdated
                | Self::ProjectDeleted
                | Self::WorkspaceCreated
                | Self::WorkspaceUpdated
                | Self::WorkspaceDeleted
                | Self::ProjectDefaultAccessGranted
                | Self::ProjectDefaultAccessRevoked
                | Self::CustomRoleCreated
                | Self::CustomRoleUpdated
                | Self::CustomRoleDeleted
                | Self::AuditLogExportCreated
                | Self::AuditLogExportDownloaded
                | Self::RequestRefused
        )
    }

    /// Who comes into a project or one of its workspaces, leaves it, or has another role there.
    const fn is_of_roles_in_a_project(self) -> bool {
        matches!(
            self,
            Self::ServiceAccountAddedToProject
                | Self::ServiceAccountRemovedFromProject
                | Self::ServiceAccountRoleChanged
                | Self::ServiceAccountAddedToWorkspace
                | Self::ServiceAccountRemovedFromWorkspace
                | Self::ServiceAccountWorkspaceRoleChanged
                | Self::ProjectUserAdded
                | Self::ProjectUserRemoved
                | Self::UserRoleChanged
                | Self::WorkspaceUserAdded
                | Self::WorkspaceUserRemoved
                | Self::UserWorkspaceRoleChanged
                | Self::ProjectTeamAdded
                | Self::ProjectTeamRemoved
                | Self::TeamRoleChanged
                | Self::WorkspaceTeamAdded
                | Self::WorkspaceTeamRemoved
                | Self::TeamWorkspaceRoleChanged
        )
    }
}

/// What an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Target {
    /// An organization.
    Organization(OrganizationId),
    /// A project.
    Project(ProjectId),
    /// A workspace.
    Workspace(WorkspaceId),
    /// A person or a service account.
    Principal(PrincipalId),
    /// A team.
    Team(TeamId),
    /// A custom role.
    CustomRole(CustomRoleId),
    /// An invitation.
    Invitation(InvitationId),
}

/// One property and its value, before or after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// The property.
    pub name: &'static str,
    /// Its value, as text. Never a secret nor a digest.
    pub value: String,
}

impl Fact {
    /// A fact.
    pub fn new(name: &'static str, value: impl ToString) -> Self {
        Self { name, value: value.to_string() }
    }
}

/// What is recorded.
#[derive(Debug, Clone)]
pub struct Event {
    name: EventName,
    actor: Actor,
    through: Basis,
    scope: Scope,
    organization: OrganizationId,
    permission: Permission,
    at: Revision,
    target: Target,
    before: Vec<Fact>,
    after: Vec<Fact>,
}

impl Event {
    /// Records what is done under this permit, in the permit's scope.
    pub(crate) fn under<A>(permit: &Permit<A>, name: EventName, target: Target) -> Self {
        Self {
            name,
            actor: permit.by(),
            through: permit.through(),
            scope: permit.scope(),
            organization: permit.organization(),
            permission: permit.permission(),
            at: permit.at(),
            target,
            before: Vec::new(),
            after: Vec::new(),
        }
    }

    /// A property as it was.
    pub(crate) fn before(mut self, name: &'static str, value: impl ToString) -> Self {
        self.before.push(Fact::new(name, value));
        self
    }

    /// A property as it is from now on.
    pub(crate) fn after(mut self, name: &'static str, value: impl ToString) -> Self {
        self.after.push(Fact::new(name, value));
        self
    }

    /// What happened.
    pub fn name(&self) -> EventName {
        self.name
    }

    /// Who did it.
    pub fn actor(&self) -> Actor {
        self.actor
    }

    /// What allowed it.
    pub fn through(&self) -> Basis {
        self.through
    }

    /// Where it was allowed.
    pub fn scope(&self) -> Scope {
        self.scope
    }

    /// The organization whose log it belongs to.
    pub fn organization(&self) -> OrganizationId {
        self.organization
    }

    /// The permission that was needed.
    pub fn permission(&self) -> Permission {
        self.permission
    }

    /// The state that the permit was given on.
    pub fn judged_at(&self) -> Revision {
        self.at
    }

    /// The project whose log it belongs to as well, if any.
    pub fn project(&self) -> Option<ProjectId> {
        match (self.scope, self.target) {
            _ if !self.name.is_in_project_log() => None,
            // A project that was just made was made under a permission in its organization.
            (Scope::Project(project), _) | (Scope::Organization(_), Target::Project(project)) => Some(project),
            (Scope::Organization(_), _) => None,
        }
    }

    /// What it is about.
    pub fn target(&self) -> Target {
        self.target
    }

    /// What was.
    pub fn facts_before(&self) -> &[Fact] {
        &self.before
    }

    /// What is.
    pub fn facts_after(&self) -> &[Fact] {
        &self.after
    }
}
