//! Links by which people choose another password: made, handed over or sent, and used once.
//!
//! A person has one such link at a time, for an hour. Each of his organizations is told when it is made and when it is used.
//! A newer one takes the place of the one before; but what any stranger may ask for does not end what somebody was handed.
//! What must stay true: whoever hands one over is an owner of **every** organization that the person belongs to, when the
//! link is made and when it is used: else an owner of one could come into another as somebody else. Nobody makes one for
//! himself, since that would be a change of password without the password. A new password ends all sessions, and leaves the
//! second factor on.

use super::holding::Gathered;
use super::membership;
use super::session;
use crate::authorize::{Caller, Permit, ResetLink, ResetPasswords, Scope, authorize, enter, follow_reset_link};
use crate::change::{Change, PasswordResetChange, PersonChange, ResetLinkMaker};
use crate::credential::{PresentedToken, ResetToken};
use crate::decision::Decided;
use crate::directory::{Directory, Draft, PasswordReset};
use crate::effective;
use crate::event::{Event, EventName, Target};
use crate::expiry::Moment;
use crate::identity::{OrganizationId, PrincipalId, PrincipalKind};
use crate::password::PasswordHash;
use crate::permission::Permission;
use crate::random_bytes::RandomBytes;
use crate::refusal::Refusal;

/// A link opens something for so long.
pub const LINK_LIFETIME_S: u64 = 60 * 60;

/// A link that was made just now.
#[derive(Debug)]
pub struct NewLink {
    /// Its token, this once.
    pub token: ResetToken,
}

/// Makes a link that an owner hands over to a member of his organization.
pub fn make(
    draft: &Draft,
    caller: &Caller,
    organization: OrganizationId,
    person: PrincipalId,
    moment: Moment,
    random: RandomBytes,
) -> Result<Decided<NewLink>, Refusal> {
    let permits = may_make(draft, caller, organization, person, moment)?;
    let maker = match caller {
        Caller::Principal { principal, .. } => ResetLinkMaker::Owner(*principal),
        Caller::Operator => ResetLinkMaker::Operator,
    };
    made(&permits, person, maker, moment, random)
}

/// Whether the caller may make a link for this member of the organization: a permit for each organization that the member
/// belongs to.
pub fn may_make(
    directory: &Directory,
    caller: &Caller,
    organization: OrganizationId,
    person: PrincipalId,
    moment: Moment,
) -> Result<Vec<Permit<ResetPasswords>>, Refusal> {
    let here = authorize::<ResetPasswords>(directory, caller, Scope::Organization(organization), moment)?;
    let member = membership::find(directory, organization, person)?;
    if caller.is(person) {
        return Err(Refusal::ResetForOneself);
    }
    let others = effective::organizations(&member).into_iter().filter(|other| *other != organization);
    let others = others.map(|other| {
        let permit = authorize(directory, caller, Scope::Organization(other), moment);
        permit.map_err(|_| Refusal::NotOwnerEverywhere { person })
    });
    std::iter::once(Ok(here)).chain(others).collect()
}

/// Makes a link for whoever has lost his password, and has nobody to ask. On the host only.
pub fn recover(
    draft: &Draft,
    caller: &Caller,
    person: PrincipalId,
    moment: Moment,
    random: RandomBytes,
) -> Result<Decided<NewLink>, Refusal> {
    if *caller != Caller::Operator {
        return Err(Refusal::NotAuthenticated);
    }
    let view = draft.principal(person).filter(|view| view.kind() == PrincipalKind::Person && !view.is_deleted());
    let view = view.ok_or(Refusal::NoSuchPerson { person })?;
    let permits: Result<Vec<Permit<ResetPasswords>>, Refusal> = effective::organizations(&view)
        .into_iter()
        .map(|organization| authorize(draft, caller, Scope::Organization(organization), moment))
        .collect();
    made(&permits?, person, ResetLinkMaker::Operator, moment, random)
}

/// Makes a link that goes to the person's own address by mail, and nowhere else. Whoever asks for it is a stranger: the
/// events name the person, since the link is for him alone. `None` where a link that he was handed is still open: a stranger
/// could end it else.
pub fn ask_by_mail(
    draft: &Draft,
    person: PrincipalId,
    moment: Moment,
    random: RandomBytes,
) -> Result<Decided<Option<NewLink>>, Refusal> {
    let known = draft.password_reset(person).filter(|known| known.maker != ResetLinkMaker::Mail);
    if known.is_some_and(|known| !known.has_expired(moment) && maker_may(draft, known)) {
        return Ok(Decided::Nothing(None));
    }
    let permits = enter(draft, person);
    Ok(match made(&permits, person, ResetLinkMaker::Mail, moment, random)? {
        Decided::Write(decision, link) => Decided::Write(decision, Some(link)),
        Decided::Nothing(link) => Decided::Nothing(Some(link)),
    })
}

/// Looks at a link before anything is spent on it: whether its token opens it, and whether whoever handed it over still may.
pub fn look_at<'d>(
    directory: &'d Directory,
    token: &PresentedToken<PrincipalId>,
    moment: Moment,
) -> Result<ResetLink<'d>, Refusal> {
    let link = follow_reset_link(directory, token, moment)?;
    if !maker_may(directory, link.reset()) {
        return Err(Refusal::NoResetForToken);
    }
    Ok(link)
}

/// Sets another password by a link, and ends all sessions of the person.
pub fn choose(
    draft: &Draft,
    token: &PresentedToken<PrincipalId>,
    hash: &PasswordHash,
    moment: Moment,
) -> Result<Decided<()>, Refusal> {
    let link = look_at(draft, token, moment)?;
    let (person, permits) = (link.reset().id, link.permits());
    let sessions = session::sessions_of(draft, person).filter(|session| !session.has_ended(moment)).count();
    let set = Change::Person(PersonChange::PasswordSet { id: person, hash: Some(hash.clone()), set: moment });
    let mut changes: Vec<Change> =
        ended(draft, person).into_iter().chain([set]).chain(session::all_end(draft, person)).collect();
    let mut done = Gathered::default();
    for permit in &permits {
        let event = Event::under(permit, EventName::PasswordResetUsed, Target::Principal(person));
        done.add(event.before("sessions", sessions), std::mem::take(&mut changes));
    }
    match permits.is_empty() {
        true => Err(Refusal::NoResetForToken),
        false => Ok(done.decided()),
    }
}

/// What ends with a person's leaving, or with the use of the link.
pub(super) fn ended(directory: &Directory, person: PrincipalId) -> Option<Change> {
    let known = directory.password_reset(person)?;
    Some(Change::PasswordReset(PasswordResetChange::Ended { person: known.id }))
}

fn made<A>(
    permits: &[Permit<A>],
    person: PrincipalId,
    maker: ResetLinkMaker,
    moment: Moment,
    mut random: RandomBytes,
) -> Result<Decided<NewLink>, Refusal> {
    let token = ResetToken::generate(person, &mut random).ok_or(Refusal::Exhausted { what: "randomness" })?;
    let expires = moment.plus_seconds(LINK_LIFETIME_S).ok_or(Refusal::ExpiryTooFar)?;
    let change = PasswordResetChange::LinkMade { person, digest: token.digest(), made: moment, expires, maker };
    let way = if maker == ResetLinkMaker::Mail { "mail" } else { "hand" };
    let (mut done, mut changes) = (Gathered::default(), vec![Change::PasswordReset(change)]);
    for permit in permits {
        let event = Event::under(permit, EventName::PasswordResetLinkMade, Target::Principal(person));
        done.add(event.after("by", way), std::mem::take(&mut changes));
    }
    match permits.is_empty() {
        // Who belongs nowhere has nothing to sign in to.
        true => Err(Refusal::NoSuchPerson { person }),
        false => Ok(done.replying(NewLink { token })),
    }
}

/// Whether whoever handed a link over is still an owner of every organization that its person belongs to.
fn maker_may(directory: &Directory, reset: &PasswordReset) -> bool {
    let ResetLinkMaker::Owner(maker) = reset.maker else { return true };
    let Some(person) = directory.principal(reset.id) else { return false };
    let maker = directory.principal(maker).filter(|maker| !maker.is_deleted());
    let is_owner = |organization| {
        let role = maker.as_ref().and_then(|maker| effective::organization_role(maker, organization));
        role.is_some_and(|role| role.permissions().contains(&Permission::OwnersManage))
    };
    effective::organizations(&person).into_iter().all(is_owner)
}
