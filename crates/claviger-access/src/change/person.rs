//! What happens to a person, beside what happens to any principal.

use crate::expiry::Moment;
use crate::identity::PrincipalId;
use crate::password::PasswordHash;

/// One step of a person.
#[derive(Debug, Clone)]
pub enum PersonChange {
    /// Another password, or the first.
    PasswordSet {
        /// Whose.
        id: PrincipalId,
        /// What is kept of it, by the store alone; `None` where it was read from the change log, which leaves it out.
        hash: Option<PasswordHash>,
        /// When.
        set: Moment,
    },
}
