//! What an operator does with a store that went back in time: credentials that were revoked since may be valid in it.
//!
//! Each organization is told. Where all that was issued before is suspended, its service accounts are disabled until
//! somebody enables them; its people are signed out, and choose another password by a link; and no invitation or link that
//! was open then opens anything. On the host only.

use super::holding::Gathered;
use super::{password_reset, session};
use crate::authorize::{self, Caller};
use crate::change::{Change, InvitationChange, PersonChange, ServiceAccountChange, SetUpLinkChange};
use crate::decision::{Decided, Decision};
use crate::directory::Draft;
use crate::event::{Event, EventName, Target};
use crate::expiry::Moment;
use crate::identity::{OrganizationId, PrincipalId};
use crate::password::PasswordHash;
use crate::refusal::Refusal;

/// So many accounts are disabled in one mutation.
pub const ACCOUNTS_AT_ONCE: usize = 200;

/// What becomes of what was revoked after the moment that the store went back to.
#[derive(Debug, Clone)]
pub enum Revoked {
    /// It may be valid again.
    MayReturn,
    /// All that was issued before is refused until somebody confirms it.
    IsSuspended {
        /// Of a password that nobody knows.
        unusable: PasswordHash,
    },
}

/// Tells an organization, and suspends its people where that is asked for.
pub fn accept(
    draft: &Draft,
    caller: &Caller,
    organization: OrganizationId,
    revoked: &Revoked,
    moment: Moment,
) -> Result<Decided<()>, Refusal> {
    let known = draft.organization(organization).ok_or(Refusal::NoSuchOrganization { organization })?;
    let permit = authorize::found_organization(draft, caller, organization)?;
    let event = Event::under(&permit, EventName::OrganizationRestored, Target::Organization(organization));
    let Revoked::IsSuspended { unusable } = revoked else {
        return Ok(Decided::Write(Decision::new(event.after("revoked", "may_return"), Vec::new()), ()));
    };
    let withdrawn = known.invitations.iter().map(|id| Change::Invitation(InvitationChange::Ended { id: *id }));
    let link = known.set_up_link.as_ref().map(|_| Change::SetUpLink(SetUpLinkChange::Ended { organization }));
    let event = event.after("revoked", "is_suspended").after("invitations", known.invitations.len());
    let mut decision = Decision::new(event, withdrawn.chain(link).collect());
    for &person in &known.people {
        let sessions: Vec<Change> = session::all_end(draft, person).collect();
        let event = Event::under(&permit, EventName::UserSuspended, Target::Principal(person));
        let set = PersonChange::PasswordSet { id: person, hash: Some(unusable.clone()), set: moment };
        let event = event.before("sessions", sessions.len());
        decision = decision
            .and(event, sessions.into_iter().chain(password_reset::ended(draft, person)).chain([Change::Person(set)]));
    }
    Ok(Decided::Write(decision, ()))
}

/// Disables service accounts of an organization, so many at once; nothing to do where none is left that is let in.
pub fn suspend_accounts(draft: &Draft, caller: &Caller, organization: OrganizationId) -> Result<Decided<()>, Refusal> {
    let permit = authorize::found_organization(draft, caller, organization)?;
    let accounts = draft.accounts_ever_of(organization).filter(|one| !one.is_deleted() && !one.is_disabled());
    let accounts: Vec<PrincipalId> = accounts.take(ACCOUNTS_AT_ONCE).map(|one| one.id()).collect();
    let mut done = Gathered::default();
    for id in accounts {
        let event = Event::under(&permit, EventName::ServiceAccountDisabled, Target::Principal(id));
        done.add(event, [Change::ServiceAccount(ServiceAccountChange::Disabled { id, disabled: true })]);
    }
    Ok(done.decided())
}
