//! What happens to the link by which somebody chooses another password.

use crate::credential::SecretDigest;
use crate::expiry::Moment;
use crate::identity::PrincipalId;

/// Who answers for a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResetLinkMaker {
    /// The owner who hands it over.
    Owner(PrincipalId),
    /// The operator, who hands it over.
    Operator,
    /// Nobody: it went to the person's own address.
    Mail,
}

/// One step of such a link.
#[derive(Debug, Clone)]
pub enum PasswordResetChange {
    /// A link was made. It takes the place of one that was made before.
    LinkMade {
        /// Whose password it is for.
        person: PrincipalId,
        /// What is kept of its token.
        digest: SecretDigest,
        /// When.
        made: Moment,
        /// From when on it opens nothing.
        expires: Moment,
        /// Who answers for it.
        maker: ResetLinkMaker,
    },
    /// It opens nothing any more.
    Ended {
        /// Whose it was.
        person: PrincipalId,
    },
}
