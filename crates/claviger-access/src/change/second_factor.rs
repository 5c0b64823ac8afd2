//! What happens to a second factor.

use crate::credential::SecretDigest;
use crate::expiry::Moment;
use crate::identity::PrincipalId;
use crate::second_factor::{SealedSecret, TimeStep};

/// One step of a person's second factor.
#[derive(Debug, Clone)]
pub enum SecondFactorChange {
    /// A person has one from now on.
    Enabled {
        /// Whose.
        person: PrincipalId,
        /// What an app computes codes from.
        sealed: SealedSecret,
        /// The step of the code that was shown to begin with.
        step: TimeStep,
        /// What is kept of the recovery codes.
        recovery: Vec<SecretDigest>,
        /// When.
        enabled: Moment,
    },
    /// A code of this step was used, and none of it or of an earlier one counts any more.
    CodeUsed {
        /// Whose.
        person: PrincipalId,
        /// Of which step.
        step: TimeStep,
    },
    /// A recovery code was used, and counts no more.
    RecoveryCodeUsed {
        /// Whose.
        person: PrincipalId,
        /// What was kept of it.
        digest: SecretDigest,
    },
    /// Other recovery codes take the place of those that were left.
    RecoveryCodesMade {
        /// Whose.
        person: PrincipalId,
        /// What is kept of them.
        recovery: Vec<SecretDigest>,
    },
    /// A person has none any more.
    Removed {
        /// Whose.
        person: PrincipalId,
    },
}
