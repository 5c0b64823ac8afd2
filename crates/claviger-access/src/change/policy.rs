//! What an organization demands of its accounts, and where an account may call from.

use crate::identity::{OrganizationId, PrincipalId};
use crate::policy::{Addresses, Policy};

/// A step of policies.
#[derive(Debug, Clone)]
pub enum PolicyChange {
    /// An organization's policy, as it is from now on.
    Set {
        /// Whose.
        organization: OrganizationId,
        /// All of it.
        policy: Policy,
    },
    /// Where one account may call from, from now on, within what its organization allows.
    AccountAddressesSet {
        /// Which account.
        account: PrincipalId,
        /// From anywhere where there are none.
        addresses: Addresses,
    },
}
