//! What an operator does with a store that went back in time: credentials that were revoked since may be valid in it.
//!
//! Each organization is told. Where all that was issued before is suspended, its service accounts are disabled until
//! somebody enables them; its people are signed out, and choose another password by a link; and no invitation or link that
//! was open then opens anything. On the host only.

use super::holding::Gathered;
use super::session;
use crate::authorize::{self, Caller};
use crate::change::{
    Change, InvitationChange, PasswordResetChange, PersonChange, ResetLinkMaker, ServiceAccountChange, SetUpLinkChange,
};
use crate::credential::ResetToken;
use crate::decision::{Decided, Decision};
use crate::directory::Draft;
use crate::event::{Event, EventName, Target};
use crate::expiry::Moment;
use crate::identity::{OrganizationId, PrincipalId};
use crate::password::PasswordHash;
use crate::random_bytes::RandomBytes;
use crate::refusal::Refusal;

/// Long enough for a link that never ends: a hundred years.
const FOR_EVER_S: u64 = 100 * 365 * 24 * 60 * 60;

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
        password: PasswordHash,
    },
}

/// Tells an organization, and suspends its people where that is asked for.
pub fn accept(
    draft: &Draft,
    caller: &Caller,
    organization: OrganizationId,
    revoked: &Revoked,
    moment: Moment,
    mut random: RandomBytes,
) -> Result<Decided<()>, Refusal> {
    let known = draft.organization(organization).ok_or(Refusal::NoSuchOrganization { organization })?;
    let permit = authorize::found_organization(draft, caller, organization)?;
    let event = Event::under(&permit, EventName::OrganizationRestored, Target::Organization(organization));
    let Revoked::IsSuspended { password } = revoked else {
        return Ok(Decided::Write(Decision::new(event.after("revoked", "may_return"), Vec::new()), ()));
    };
    let withdrawn = known.invitations.iter().map(|id| Change::Invitation(InvitationChange::Ended { id: *id }));
    let link = known.set_up_link.as_ref().map(|_| Change::SetUpLink(SetUpLinkChange::Ended { organization }));
    let event = event.after("revoked", "is_suspended").after("invitations", known.invitations.len());
    let mut decision = Decision::new(event, withdrawn.chain(link).collect());
    // Somebody handed it over, as it were, and it never ends: so a stranger's asking by mail makes none, and he who left since
    // and is back does not let himself in. An owner's, or the operator's, takes its place.
    let expires = moment.plus_seconds(FOR_EVER_S).ok_or(Refusal::ExpiryTooFar)?;
    let Some(first) = known.people.first() else { return Ok(Decided::Write(decision, ())) };
    // One for all: its token is gone when this returns, and nobody has seen it.
    let nobodys = ResetToken::generate(*first, &mut random).ok_or(Refusal::Exhausted { what: "randomness" })?.digest();
    for &person in &known.people {
        let (digest, maker) = (nobodys, ResetLinkMaker::Operator);
        let link = PasswordResetChange::LinkMade { person, digest, made: moment, expires, maker };
        let sessions: Vec<Change> = session::all_end(draft, person).collect();
        let event = Event::under(&permit, EventName::UserSuspended, Target::Principal(person));
        let set = PersonChange::PasswordSet { id: person, hash: Some(password.clone()), set: moment };
        let event = event.before("sessions", sessions.len());
        let taken = [Change::PasswordReset(link), Change::Person(set)];
        decision = decision.and(event, sessions.into_iter().chain(taken));
    }
    Ok(Decided::Write(decision, ()))
}

/// The service accounts of an organization that are let in.
pub fn accounts_to_suspend(draft: &Draft, organization: OrganizationId) -> Vec<PrincipalId> {
    let accounts = draft.accounts_ever_of(organization).filter(|one| !one.is_deleted() && !one.is_disabled());
    accounts.map(|one| one.id()).collect()
}

/// Disables these of them: [`ACCOUNTS_AT_ONCE`].
pub fn suspend_accounts(
    draft: &Draft,
    caller: &Caller,
    organization: OrganizationId,
    accounts: &[PrincipalId],
) -> Result<Decided<()>, Refusal> {
    let permit = authorize::found_organization(draft, caller, organization)?;
    let mut done = Gathered::default();
    for &id in accounts {
        if draft.service_account(organization, id).is_none() {
            return Err(Refusal::NoSuchServiceAccount { organization, account: id });
        }
        let event = Event::under(&permit, EventName::ServiceAccountDisabled, Target::Principal(id));
        done.add(event, [Change::ServiceAccount(ServiceAccountChange::Disabled { id, disabled: true })]);
    }
    Ok(done.decided())
}
