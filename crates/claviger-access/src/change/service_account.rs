//! What happens to a service account itself.

use crate::identity::PrincipalId;
use crate::ownership::AccountDetails;

/// One step of a service account.
#[derive(Debug, Clone)]
pub enum ServiceAccountChange {
    /// It is refused from now on, or let in again. It keeps all that it has.
    Disabled {
        /// Which.
        id: PrincipalId,
        /// Whether it is refused.
        disabled: bool,
    },
    /// What is said about it, all of it as it is from now on.
    Described {
        /// Which.
        id: PrincipalId,
        /// As they are.
        details: AccountDetails,
    },
    /// It cannot be deleted from now on, or can again.
    Protected {
        /// Which.
        id: PrincipalId,
        /// Whether it cannot.
        protected: bool,
    },
}
