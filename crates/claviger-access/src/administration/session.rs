//! Sessions of people: signing in and signing out.
//!
//! A session is begun by whoever has seen that the person's password is right, and ended by the person: the one that he
//! uses, another of his, or all others. Each of his organizations is told. What must stay true: a session ends everywhere
//! at once, as a deleted secret does, and leaving one's last organization ends all of them, a new password all others.

use super::holding::{Gathered, few};
use super::second_factor::{self, Shown};
use crate::authorize::{Caller, CredentialId, Permit, enter, principal_of};
use crate::change::{Change, SessionChange, SignedInFrom};
use crate::credential::SessionToken;
use crate::decision::Decided;
use crate::directory::{Directory, Draft, NewIds, Session};
use crate::event::{Event, EventName, Target};
use crate::expiry::Moment;
use crate::identity::{PrincipalId, SessionId};
use crate::random_bytes::RandomBytes;
use crate::refusal::Refusal;

/// A session lasts so long, whatever is done in it.
pub const SESSION_LIFETIME_S: i64 = 12 * 60 * 60;

/// A person has so many sessions at a time; one more ends the oldest.
pub const SESSIONS_MAX: usize = 20;

/// Somebody whose password was seen to be right.
#[derive(Debug, Clone)]
pub struct SignIn {
    /// Who.
    pub person: PrincipalId,
    /// Where.
    pub from: SignedInFrom,
    /// What he shows beside it, if his second factor is on.
    pub shown: Option<Shown>,
}

/// A session that was just begun.
#[derive(Debug)]
pub struct NewSession {
    /// Its id.
    pub id: SessionId,
    /// Its token, this once.
    pub token: SessionToken,
}

/// Begins a session. What has ended by itself meanwhile is cleared away.
pub fn begin(
    draft: &Draft,
    command: &SignIn,
    moment: Moment,
    mut random: RandomBytes,
) -> Result<Decided<NewSession>, Refusal> {
    let person = command.person;
    let permits = enter(draft, person);
    let (new, begun) = made(&mut draft.ids(), command, moment, &mut random)?;
    let mut changes: Vec<Change> = given_up(draft, person, moment).chain([begun]).collect();
    let (passed, also) = second_factor::pass(draft, person, command.shown.as_ref())?;
    changes.extend(passed);
    let mut done = Gathered::default();
    for permit in &permits {
        if let Some(name) = also {
            done.add(Event::under(permit, name, Target::Principal(person)), std::mem::take(&mut changes));
        }
        let event = Event::under(permit, EventName::SessionLoggedIn, Target::Principal(person));
        done.add(event.after("session", new.id), std::mem::take(&mut changes));
    }
    match permits.is_empty() {
        // Who belongs nowhere has nothing to sign in to.
        true => Err(Refusal::NotAuthenticated),
        false => Ok(done.replying(new)),
    }
}

/// A session that is begun now, and the change that begins it.
pub(super) fn made(
    ids: &mut NewIds,
    command: &SignIn,
    moment: Moment,
    random: &mut RandomBytes,
) -> Result<(NewSession, Change), Refusal> {
    let id = ids.session()?;
    let token = SessionToken::generate(id, random).ok_or(Refusal::Exhausted { what: "randomness" })?;
    let ends = Moment::from_seconds(moment.seconds().saturating_add(SESSION_LIFETIME_S)).unwrap_or(Moment::LAST);
    let (digest, from) = (token.digest(), command.from.clone());
    let begun = SessionChange::Begun { id, person: command.person, digest, begun: moment, ends, from };
    Ok((NewSession { id, token }, Change::Session(begun)))
}

/// Whether a session is older than a role of its person. Ids come from one counter, so the later one has the greater.
pub fn is_outdated(directory: &Directory, session: &Session) -> bool {
    let person = directory.principal(session.person);
    person.is_some_and(|person| person.grants().iter().any(|grant| grant.id.number() > session.id.number()))
}

/// Gives the session that the caller comes by a new id and token, if it is outdated: whoever has got hold of the old one has
/// not got the new role with it. When it was begun, and when it ends, stay.
pub fn renew(
    draft: &Draft,
    caller: &Caller,
    moment: Moment,
    mut random: RandomBytes,
) -> Result<Decided<Option<NewSession>>, Refusal> {
    let (person, own, permits) = oneself(draft, caller, moment)?;
    let Some(session) = draft.session(own).filter(|session| is_outdated(draft, session)) else {
        return Ok(Decided::Nothing(None));
    };
    let id = draft.ids().session()?;
    let token = SessionToken::generate(id, &mut random).ok_or(Refusal::Exhausted { what: "randomness" })?;
    let (digest, from) = (token.digest(), session.from.clone());
    let begun = SessionChange::Begun { id, person, digest, begun: session.begun, ends: session.ends, from };
    let mut changes = vec![ended(own), Change::Session(begun)];
    let mut done = Gathered::default();
    for permit in &permits {
        let event = Event::under(permit, EventName::SessionRenewed, Target::Principal(person));
        done.add(event.before("session", own).after("session", id), std::mem::take(&mut changes));
    }
    Ok(done.replying(Some(NewSession { id, token })))
}

/// Ends a session of the caller's own. One that is gone already is fine.
pub fn end(draft: &Draft, caller: &Caller, session: SessionId, moment: Moment) -> Result<Decided<()>, Refusal> {
    let (principal, _, permits) = oneself(draft, caller, moment)?;
    let mut done = Gathered::default();
    if draft.session(session).is_some_and(|known| known.person == principal) {
        let mut changes = vec![Change::Session(SessionChange::Ended { id: session })];
        for permit in &permits {
            let event = Event::under(permit, EventName::SessionLoggedOut, Target::Principal(principal));
            done.add(event.before("session", session), std::mem::take(&mut changes));
        }
    }
    Ok(done.decided())
}

/// Ends all sessions of the caller's but the one that he comes by. How many there were that had not ended by themselves.
pub fn end_others(draft: &Draft, caller: &Caller, moment: Moment) -> Result<Decided<usize>, Refusal> {
    let (principal, own, permits) = oneself(draft, caller, moment)?;
    let others: Vec<&Session> = sessions_of(draft, principal).filter(|session| session.id != own).collect();
    let living = others.iter().filter(|session| !session.has_ended(moment)).count();
    let mut done = Gathered::default();
    if !others.is_empty() {
        let mut changes: Vec<Change> = others.iter().map(|session| ended(session.id)).collect();
        for permit in &permits {
            let event = Event::under(permit, EventName::SessionLoggedOut, Target::Principal(principal));
            done.add(event.before("sessions", told(others.iter().copied())), std::mem::take(&mut changes));
        }
    }
    Ok(done.replying(living))
}

/// A person who comes by a session that counts: who, by which, and a permit for each organization of his.
pub(super) fn oneself(
    draft: &Draft,
    caller: &Caller,
    moment: Moment,
) -> Result<(PrincipalId, SessionId, Vec<Permit<crate::authorize::SignIn>>), Refusal> {
    let Caller::Principal { principal, credential, arrival } = *caller else { return Err(Refusal::NotAuthenticated) };
    principal_of(draft, (principal, credential, arrival), moment)?;
    match credential {
        CredentialId::Session(session) => Ok((principal, session, enter(draft, principal))),
        CredentialId::Secret(_) => Err(Refusal::NotAuthenticated),
    }
}

/// Which, for the record.
pub(super) fn told<'s>(sessions: impl Iterator<Item = &'s Session>) -> String {
    few(sessions.map(|session| session.id.to_string()).collect::<Vec<_>>().into_iter())
}

/// The sessions of a person, the oldest first.
pub fn sessions_of(directory: &Directory, person: PrincipalId) -> impl Iterator<Item = &Session> {
    let known = directory.person(person).into_iter().flat_map(|person| &person.sessions);
    known.filter_map(|id| directory.session(*id))
}

/// What ends with a person's leaving: all of them.
pub(super) fn all_end(directory: &Directory, person: PrincipalId) -> impl Iterator<Item = Change> {
    sessions_of(directory, person).map(|session| ended(session.id))
}

/// What makes room for one more: those that have ended by themselves, and the oldest of too many.
fn given_up(directory: &Directory, person: PrincipalId, moment: Moment) -> impl Iterator<Item = Change> {
    let living = sessions_of(directory, person).filter(move |session| !session.has_ended(moment)).count();
    let mut too_many = (living + 1).saturating_sub(SESSIONS_MAX);
    let goes = move |session: &&Session| {
        let is_too_many = !session.has_ended(moment) && too_many > 0;
        too_many -= usize::from(is_too_many);
        is_too_many || session.has_ended(moment)
    };
    sessions_of(directory, person).filter(goes).map(|session| ended(session.id))
}

fn ended(id: SessionId) -> Change {
    Change::Session(SessionChange::Ended { id })
}
