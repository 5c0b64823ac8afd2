//! What happens to a session.

use std::net::IpAddr;

use crate::credential::SecretDigest;
use crate::expiry::Moment;
use crate::identity::{PrincipalId, SessionId};
use crate::text::DisplayName;

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
        /// Where.
        from: SignedInFrom,
    },
    /// It lets nobody in any more.
    Ended {
        /// Which.
        id: SessionId,
    },
}

/// Where somebody signed in, for his own list of sessions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SignedInFrom {
    /// The address, where it is known.
    pub address: Option<IpAddr>,
    /// The browser in a few words, as far as it said.
    pub browser: Option<DisplayName>,
}
