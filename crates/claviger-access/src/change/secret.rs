//! What happens to a secret between its making and its end.

use crate::identity::{PrincipalId, SecretId};

/// One step of a secret.
#[derive(Debug, Clone)]
pub enum SecretChange {
    /// It is called so from now on, in lists alone.
    Named {
        /// Which.
        id: SecretId,
        /// Whose.
        principal: PrincipalId,
        /// The name; `None` for none.
        name: Option<String>,
    },
    /// It is refused from now on, or counts again.
    Disabled {
        /// Which.
        id: SecretId,
        /// Whose.
        principal: PrincipalId,
        /// Whether it is refused.
        disabled: bool,
    },
    /// It is gone.
    Revoked {
        /// Which.
        id: SecretId,
        /// Whose.
        principal: PrincipalId,
    },
}
