//! Secrets after they were made.

use crate::change::SecretChange;
use crate::directory::Directory;

impl Directory {
    pub(super) fn apply_to_secret(&mut self, change: &SecretChange) {
        match change {
            // Only lists show it: the store has it.
            SecretChange::Named { .. } => {}
            SecretChange::Disabled { id, principal, disabled } => self.change_principal(*principal, |principal| {
                for secret in principal.secrets.iter_mut().filter(|secret| secret.id() == *id) {
                    *secret = secret.with_disabled(*disabled);
                }
            }),
            SecretChange::Revoked { id, principal } => {
                self.change_principal(*principal, |principal| principal.secrets.retain(|secret| secret.id() != *id));
            }
        }
    }
}
