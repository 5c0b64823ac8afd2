//! Service accounts after they were made.

use crate::change::ServiceAccountChange;
use crate::directory::{AccountRecord, Directory};
use crate::identity::PrincipalId;
use crate::ownership::AccountDetails;

impl Directory {
    pub(super) fn apply_to_service_account(&mut self, change: &ServiceAccountChange) {
        match change {
            ServiceAccountChange::Disabled { id, disabled } => {
                self.change_principal(*id, |principal| principal.disabled = *disabled);
            }
            ServiceAccountChange::Protected { id, protected } => {
                self.change_principal(*id, |principal| principal.protected = *protected);
            }
            ServiceAccountChange::Described { id, details } => self.describe(*id, details),
        }
    }

    /// Holds what is said about an account; nothing where nothing is.
    pub(in crate::directory) fn describe(&mut self, id: PrincipalId, details: &AccountDetails) {
        match *details == AccountDetails::default() {
            true => self.accounts.remove(id),
            false => self.accounts.insert(AccountRecord { id, details: details.clone() }),
        }
    }
}
