//! Service accounts after they were made.

use crate::change::ServiceAccountChange;
use crate::directory::Directory;

impl Directory {
    pub(super) fn apply_to_service_account(&mut self, change: &ServiceAccountChange) {
        match *change {
            ServiceAccountChange::Disabled { id, disabled } => {
                self.change_principal(id, |principal| principal.disabled = disabled);
            }
            ServiceAccountChange::Protected { id, protected } => {
                self.change_principal(id, |principal| principal.protected = protected);
            }
        }
    }
}
