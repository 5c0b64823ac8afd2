//! What happens to second factors.

use crate::change::SecondFactorChange;
use crate::directory::{Directory, SecondFactor};

impl Directory {
    pub(super) fn apply_to_second_factor(&mut self, change: &SecondFactorChange) {
        match change {
            SecondFactorChange::Enabled { person, sealed, step, recovery, enabled } => {
                self.second_factors.insert(SecondFactor::new(*person, sealed.clone(), *step, recovery, *enabled));
            }
            SecondFactorChange::CodeUsed { person, step } => {
                self.second_factors.change(*person, |known| known.last_step = *step);
            }
            SecondFactorChange::RecoveryCodeUsed { person, digest } => {
                self.second_factors.change(*person, |known| known.recovery.retain(|other| !other.matches(digest)));
            }
            SecondFactorChange::RecoveryCodesMade { person, recovery } => {
                self.second_factors.change(*person, |known| known.set_recovery(recovery));
            }
            SecondFactorChange::Removed { person } => self.second_factors.remove(*person),
        }
    }
}
