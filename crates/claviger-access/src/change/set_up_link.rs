//! What happens to the link by which an organization gets its first owner who is a person.

use crate::credential::SecretDigest;
use crate::expiry::Moment;
use crate::identity::OrganizationId;

/// One step of an organization's set-up link.
#[derive(Debug, Clone)]
pub enum SetUpLinkChange {
    /// There is a new one; the one before opens nothing any more.
    Made {
        /// Whose.
        organization: OrganizationId,
        /// What is kept of its token.
        digest: SecretDigest,
        /// When.
        made: Moment,
        /// From when on it opens nothing.
        expires: Moment,
    },
    /// It is over: used.
    Ended {
        /// Whose.
        organization: OrganizationId,
    },
}
