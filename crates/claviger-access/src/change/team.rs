//! What happens to a team.

use crate::expiry::Moment;
use crate::identity::{OrganizationId, PrincipalId, TeamId};

/// One step of a team.
#[derive(Debug, Clone)]
pub enum TeamChange {
    /// A new team, without members.
    Created {
        /// Its id.
        id: TeamId,
        /// Whose.
        organization: OrganizationId,
        /// Its name.
        name: String,
        /// When.
        created: Moment,
        /// By whom; `None` for the operator.
        creator: Option<PrincipalId>,
    },
    /// Another name.
    Renamed {
        /// Which.
        id: TeamId,
        /// The name from now on.
        name: String,
    },
    /// It is gone, with its grants; its members lose what came through it.
    Deleted {
        /// Which.
        id: TeamId,
    },
    /// One more member.
    MemberAdded {
        /// Which team.
        id: TeamId,
        /// Who.
        member: PrincipalId,
        /// When.
        added: Moment,
    },
    /// One member less.
    MemberRemoved {
        /// Which team.
        id: TeamId,
        /// Who.
        member: PrincipalId,
    },
}
