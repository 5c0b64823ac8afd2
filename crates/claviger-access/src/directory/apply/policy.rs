//! What happens to policies.

use std::sync::Arc;

use crate::change::PolicyChange;
use crate::directory::Directory;
use crate::directory::records::AccountAddresses;

impl Directory {
    pub(super) fn apply_to_policy(&mut self, change: &PolicyChange) {
        match change {
            PolicyChange::Set { organization, policy } => {
                self.organizations.change(*organization, |organization| organization.policy = Arc::new(policy.clone()));
            }
            PolicyChange::AccountAddressesSet { account, addresses } if addresses.are_all() => {
                self.account_addresses.remove(*account);
            }
            PolicyChange::AccountAddressesSet { account, addresses } => {
                self.account_addresses.insert(AccountAddresses { id: *account, addresses: addresses.clone() });
            }
        }
    }
}
