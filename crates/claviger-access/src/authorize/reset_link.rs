//! What somebody may do who has forgotten his password, and holds a link that was made for him.
//!
//! A [`ResetLink`] is made only by looking its token up, on the state that is passed in. Its permits name the person whose
//! password it is for as the one who acts.

use super::{Actor, Basis, Permit, Scope, UseResetLink};
use crate::credential::PresentedToken;
use crate::directory::{Directory, PasswordReset};
use crate::effective;
use crate::expiry::Moment;
use crate::identity::{PrincipalId, PrincipalKind};
use crate::refusal::Refusal;

/// An open link, found by its token.
#[derive(Clone, Copy)]
pub struct ResetLink<'d> {
    directory: &'d Directory,
    reset: &'d PasswordReset,
}

/// The open link of this token. Whatever is wrong with it is told the same: it was never made, used, replaced by another,
/// or has expired.
pub fn follow_reset_link<'d>(
    directory: &'d Directory,
    token: &PresentedToken<PrincipalId>,
    now: Moment,
) -> Result<ResetLink<'d>, Refusal> {
    let reset = directory.password_reset(token.named()).filter(|known| token.opens(&known.digest));
    let reset = reset.filter(|known| !known.has_expired(now)).ok_or(Refusal::NoResetForToken)?;
    Ok(ResetLink { directory, reset })
}

impl<'d> ResetLink<'d> {
    /// What is known of it.
    pub fn reset(&self) -> &'d PasswordReset {
        self.reset
    }

    /// A permit for each organization that is told; none where the person belongs nowhere any more.
    pub(crate) fn permits(&self) -> Vec<Permit<UseResetLink>> {
        let person = self.reset.id;
        let view = self.directory.principal(person).filter(|view| !view.is_deleted());
        let organizations = view.iter().flat_map(effective::organizations);
        let by = Actor::Principal(person, PrincipalKind::Person);
        organizations
            .map(|organization| {
                let scope = Scope::Organization(organization);
                Permit::new(self.directory, by, scope, organization, Basis::OneTimeLink)
            })
            .collect()
    }
}
