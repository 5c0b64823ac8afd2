//! What a write does: data only, no reasons.
//!
//! A change carries all that the store needs to write its rows and all that [`Directory::apply`] needs to follow, so
//! that both stay the same by construction. Every decision about it was made before.
//!
//! [`Directory::apply`]: crate::Directory::apply

mod custom_role;
mod invitation;
mod password_reset;
mod person;
mod policy;
mod second_factor;
mod secret;
mod service_account;
mod session;
mod set_up_link;
mod team;

pub use self::custom_role::{CustomRoleChange, CustomRoleProperties};
pub use self::invitation::{InvitationChange, InvitationTerms};
pub use self::password_reset::{PasswordResetChange, ResetLinkMaker};
pub use self::person::PersonChange;
pub use self::policy::PolicyChange;
pub use self::second_factor::SecondFactorChange;
pub use self::secret::SecretChange;
pub use self::service_account::ServiceAccountChange;
pub use self::session::{SessionChange, SignedInFrom};
pub use self::set_up_link::SetUpLinkChange;
pub use self::team::TeamChange;

use crate::credential::SecretDigest;
use crate::email::EmailAddress;
use crate::expiry::{Expiry, Moment};
use crate::grant::{Granted, Holder};
use crate::identity::{
    GrantId, OrganizationId, PrincipalId, PrincipalKind, ProjectId, ProjectSlug, SecretId, UsernameSuffix, WorkspaceId,
};

/// One step from a directory to the next.
#[derive(Debug, Clone)]
pub enum Change {
    /// The last part of every username that is given out from now on.
    UsernameSuffixChosen {
        /// The suffix.
        suffix: UsernameSuffix,
    },
    /// A new organization.
    OrganizationFounded {
        /// Its id.
        id: OrganizationId,
        /// Its name.
        name: String,
        /// When.
        created: Moment,
    },
    /// A new project.
    ProjectCreated {
        /// Its id.
        id: ProjectId,
        /// Whose.
        organization: OrganizationId,
        /// Its name.
        name: String,
        /// An IANA name.
        timezone: String,
        /// What the platform calls it, which no other project of the installation has.
        slug: Option<ProjectSlug>,
        /// When.
        created: Moment,
        /// By whom; `None` for the operator.
        creator: Option<PrincipalId>,
    },
    /// A project's own properties, as they are from now on.
    ProjectChanged {
        /// Which.
        id: ProjectId,
        /// Its name.
        name: String,
        /// An IANA name.
        timezone: String,
        /// What the platform calls it, which no other project of the installation has.
        slug: Option<ProjectSlug>,
    },
    /// A project is gone, with its workspaces and every grant on it or on them.
    ProjectDeleted {
        /// Which.
        id: ProjectId,
    },
    /// A new workspace.
    WorkspaceCreated {
        /// Its id.
        id: WorkspaceId,
        /// Of which project.
        project: ProjectId,
        /// How it is described.
        properties: WorkspaceProperties,
        /// Holds all of the project's data, and came with it.
        is_default: bool,
        /// When.
        created: Moment,
        /// By whom; `None` where the project came with it.
        creator: Option<PrincipalId>,
    },
    /// A workspace's own properties, as they are from now on.
    WorkspaceChanged {
        /// Which.
        id: WorkspaceId,
        /// As they are from now on.
        properties: WorkspaceProperties,
    },
    /// A workspace is gone, with every grant on it.
    WorkspaceDeleted {
        /// Which.
        id: WorkspaceId,
    },
    /// A new person or service account.
    PrincipalCreated {
        /// Its id.
        id: PrincipalId,
        /// What it is.
        kind: PrincipalKind,
        /// The one organization of a service account; `None` for a person.
        organization: Option<OrganizationId>,
        /// The username of a service account, the name of a person.
        name: String,
        /// The e-mail address of a person; `None` for a service account.
        email: Option<EmailAddress>,
        /// When.
        created: Moment,
        /// By whom; `None` for the operator.
        creator: Option<PrincipalId>,
    },
    /// A principal is gone: its secrets and grants with it. Its row stays, so that creators stay readable and no
    /// username is given out twice.
    PrincipalDeleted {
        /// Which.
        id: PrincipalId,
        /// When.
        deleted: Moment,
    },
    /// A new secret.
    SecretIssued {
        /// Its id.
        id: SecretId,
        /// Whose.
        principal: PrincipalId,
        /// What is kept of it.
        digest: SecretDigest,
        /// When it ends.
        expires: Expiry,
        /// When it was made.
        created: Moment,
    },
    /// A secret ends at another time from now on.
    SecretExpiryChanged {
        /// Which.
        id: SecretId,
        /// Whose.
        principal: PrincipalId,
        /// When it ends.
        expires: Expiry,
    },
    /// Something else about a secret.
    Secret(SecretChange),
    /// Something about a service account itself.
    ServiceAccount(ServiceAccountChange),
    /// A role is given.
    GrantGiven {
        /// Its id.
        id: GrantId,
        /// To whom.
        holder: Holder,
        /// Which role where.
        granted: Granted,
        /// When.
        created: Moment,
    },
    /// A role is taken away.
    GrantTaken {
        /// Which.
        id: GrantId,
        /// From whom.
        holder: Holder,
    },
    /// Something about a team.
    Team(TeamChange),
    /// Something about a custom role.
    CustomRole(CustomRoleChange),
    /// Something about what an organization demands of its accounts.
    Policy(PolicyChange),
    /// Something about an invitation.
    Invitation(InvitationChange),
    /// Something about a person.
    Person(PersonChange),
    /// Something about a session.
    Session(SessionChange),
    /// Something about a link by which an organization gets its first owner who is a person.
    SetUpLink(SetUpLinkChange),
    /// Something about a second factor.
    SecondFactor(SecondFactorChange),
    /// Something about a link by which somebody chooses another password.
    PasswordReset(PasswordResetChange),
}

/// What can be changed of a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkspaceProperties {
    /// Its name.
    pub name: String,
    /// A longer text, if any.
    pub description: Option<String>,
    /// Kept for clients; grants decide who reaches it.
    pub is_restricted: bool,
    /// Kept for clients.
    pub is_visible: bool,
}
