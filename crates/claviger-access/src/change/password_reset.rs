//! What happens to the link by which somebody chooses another password.

use crate::credential::SecretDigest;
use crate::expiry::Moment;
use crate::identity::PrincipalId;

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
        /// The owner who hands it over; `None` where it went out by mail, or the operator made it.
        maker: Option<PrincipalId>,
    },
    /// It opens nothing any more.
    Ended {
        /// Whose it was.
        person: PrincipalId,
    },
}
