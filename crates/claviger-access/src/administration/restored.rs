//! What an operator does with a store that went back in time: credentials that were revoked since may be valid in it.
//!
//! Each organization is told. Where all that was issued before is suspended, its service accounts are disabled until
//! somebody enables them; its people are signed out, and choose another password by a link; and no invitation or link that
//! was open then opens anything. Where an export of its audit log tells what was revoked since, that is revoked again. On the
//! host only.

mod revoked_again;
mod told;

pub use self::revoked_again::{NotRevokedAgain, RevokedAgain, in_order};
pub use self::told::{ToldEvent, ToldFact, Unclear};

use super::holding::Gathered;
use super::session;
use crate::authorize::{self, Caller, FoundOrganization, Permit};
use crate::change::{
    Change, InvitationChange, PasswordResetChange, PersonChange, ResetLinkMaker, ServiceAccountChange, SetUpLinkChange,
};
use crate::credential::{ResetToken, SecretDigest};
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
    /// It is revoked again, event by event: [`RevokedAgain`].
    IsRevokedAgain {
        /// How many events of the organization are told.
        events: usize,
    },
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
    let link = known.set_up_link.as_ref().map(|_| Change::SetUpLink(SetUpLinkChange::Ended { organization }));
    let password = match revoked {
        Revoked::MayReturn => {
            return Ok(Decided::Write(Decision::new(event.after("revoked", "may_return"), Vec::new()), ()));
        }
        Revoked::IsRevokedAgain { events } => {
            let event = event.after("revoked", "is_revoked_again").after("events", events);
            // It may have been used, and another is soon made.
            return Ok(Decided::Write(Decision::new(event, link.into_iter().collect()), ()));
        }
        Revoked::IsSuspended { password } => password,
    };
    let withdrawn = known.invitations.iter().map(|id| Change::Invitation(InvitationChange::Ended { id: *id }));
    let event = event.after("revoked", "is_suspended").after("invitations", known.invitations.len());
    let mut decision = Decision::new(event, withdrawn.chain(link).collect());
    let Some(first) = known.people.first() else { return Ok(Decided::Write(decision, ())) };
    // One for all: its token is gone when this returns, and nobody has seen it.
    let nobodys = nobodys_link(*first, &mut random)?;
    for &person in &known.people {
        let (event, changes) = suspended(draft, &permit, person, (password, nobodys), moment)?;
        decision = decision.and(event, changes);
    }
    Ok(Decided::Write(decision, ()))
}

/// What is kept of a link that nobody has.
fn nobodys_link(person: PrincipalId, random: &mut RandomBytes) -> Result<SecretDigest, Refusal> {
    let token = ResetToken::generate(person, random).ok_or(Refusal::Exhausted { what: "randomness" })?;
    Ok(token.digest())
}

/// A person who is signed out, and whose password is one that nobody knows.
///
/// Somebody handed his link over, as it were, and it never ends: so a stranger's asking by mail makes none, and he who left since
/// and is back does not let himself in. An owner's, or the operator's, takes its place.
fn suspended(
    draft: &Draft,
    permit: &Permit<FoundOrganization>,
    person: PrincipalId,
    (password, nobodys): (&PasswordHash, SecretDigest),
    moment: Moment,
) -> Result<(Event, Vec<Change>), Refusal> {
    let expires = moment.plus_seconds(FOR_EVER_S).ok_or(Refusal::ExpiryTooFar)?;
    let (digest, maker) = (nobodys, ResetLinkMaker::Operator);
    let link = PasswordResetChange::LinkMade { person, digest, made: moment, expires, maker };
    let set = PersonChange::PasswordSet { id: person, hash: Some(password.clone()), set: moment };
    let sessions: Vec<Change> = session::all_end(draft, person).collect();
    let event = Event::under(permit, EventName::UserSuspended, Target::Principal(person));
    let taken = [Change::PasswordReset(link), Change::Person(set)];
    Ok((event.before("sessions", sessions.len()), sessions.into_iter().chain(taken).collect()))
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
