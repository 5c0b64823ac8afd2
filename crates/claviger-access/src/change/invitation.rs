//! What happens to an invitation.

use std::collections::{BTreeMap, BTreeSet};

use crate::credential::SecretDigest;
use crate::email::EmailAddress;
use crate::expiry::Moment;
use crate::identity::{InvitationId, OrganizationId, PrincipalId, ProjectId, TeamId, WorkspaceId};
use crate::role::{OrganizationRole, ProjectRole};

/// One step of an invitation.
#[derive(Debug, Clone)]
pub enum InvitationChange {
    /// A new one.
    Sent {
        /// Its id.
        id: InvitationId,
        /// To join what.
        organization: OrganizationId,
        /// Who is invited.
        email: EmailAddress,
        /// What is kept of its token.
        digest: SecretDigest,
        /// When.
        created: Moment,
        /// From when on it opens nothing.
        expires: Moment,
        /// What it gives.
        terms: InvitationTerms,
        /// By whom; `None` for the operator.
        inviter: Option<PrincipalId>,
    },
    /// It has another token; the one before opens nothing any more.
    Resent {
        /// Which.
        id: InvitationId,
        /// What is kept of the new token.
        digest: SecretDigest,
        /// From when on it opens nothing.
        expires: Moment,
        /// Who answers for what it gives from now on; `None` for the operator.
        inviter: Option<PrincipalId>,
    },
    /// It is over: accepted, or withdrawn.
    Ended {
        /// Which.
        id: InvitationId,
    },
}

/// What an invitation gives to who accepts it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvitationTerms {
    /// The role in the organization.
    pub role: OrganizationRole,
    /// Roles on projects.
    pub projects: BTreeMap<ProjectId, ProjectRole>,
    /// Roles on workspaces.
    pub workspaces: BTreeMap<WorkspaceId, ProjectRole>,
    /// Teams to become a member of.
    pub teams: BTreeSet<TeamId>,
}
