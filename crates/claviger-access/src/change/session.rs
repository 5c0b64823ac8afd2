//! What happens to a session.

use crate::credential::SecretDigest;
use crate::expiry::Moment;
use crate::identity::{PrincipalId, SessionId};

/// One step of a session.
#[derive(Debug, Clone)]
pub enum SessionChange {
    /// A person signed in.
    Begun {
        /// Its id.
        id: SessionId,
        /// Whose.
        person: PrincipalId,
        /// What is kept of its token.
        digest: SecretDigest,
        /// When.
        begun: Moment,
        /// From when on it lets nobody in.
        ends: Moment,
    },
    /// It lets nobody in any more.
    Ended {
        /// Which.
        id: SessionId,
    },
}
