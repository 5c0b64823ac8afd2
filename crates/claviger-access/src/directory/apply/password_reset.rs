//! What happens to the links by which people choose another password.

use crate::change::PasswordResetChange;
use crate::directory::{Directory, PasswordReset};

impl Directory {
    pub(super) fn apply_to_password_reset(&mut self, change: &PasswordResetChange) {
        match change {
            PasswordResetChange::LinkMade { person, digest, made, expires, maker } => {
                self.password_resets.insert(PasswordReset {
                    id: *person,
                    digest: *digest,
                    made: *made,
                    expires: *expires,
                    maker: *maker,
                });
            }
            PasswordResetChange::Ended { person } => self.password_resets.remove(*person),
        }
    }
}
