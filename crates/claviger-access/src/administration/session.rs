//! Sessions of people: signing in and signing out.
//!
//! A session is begun by whoever has seen that the person's password is right, and ended by the person. Each of his
//! organizations is told. What must stay true: a session ends everywhere at once, as a deleted secret does, and leaving
//! one's last organization ends all of them.

use super::holding::Gathered;
use super::second_factor::{self, Shown};
use crate::authorize::{Caller, enter, principal_of};
use crate::change::{Change, SessionChange};
use crate::credential::SessionToken;
use crate::decision::Decided;
use crate::directory::{Directory, Draft, Session};
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
    let permits = enter(draft, command.person);
    let id = draft.ids().session()?;
    let token = SessionToken::generate(id, &mut random).ok_or(Refusal::Exhausted { what: "randomness" })?;
    let ends = Moment::from_seconds(moment.seconds().saturating_add(SESSION_LIFETIME_S)).unwrap_or(Moment::LAST);
    let (person, digest) = (command.person, token.digest());
    let begun = Change::Session(SessionChange::Begun { id, person, digest, begun: moment, ends });
    let mut changes: Vec<Change> = given_up(draft, person, moment).chain([begun]).collect();
    let (passed, also) = second_factor::pass(draft, person, command.shown.as_ref())?;
    changes.extend(passed);
    let mut done = Gathered::default();
    for permit in &permits {
        if let Some(name) = also {
            done.add(Event::under(permit, name, Target::Principal(person)), std::mem::take(&mut changes));
        }
        let event = Event::under(permit, EventName::SessionLoggedIn, Target::Principal(person)).after("session", id);
        done.add(event, std::mem::take(&mut changes));
    }
    match permits.is_empty() {
        // Who belongs nowhere has nothing to sign in to.
        true => Err(Refusal::NotAuthenticated),
        false => Ok(done.replying(NewSession { id, token })),
    }
}

/// Ends a session of the caller's own. One that is gone already is fine.
pub fn end(draft: &Draft, caller: &Caller, session: SessionId, moment: Moment) -> Result<Decided<()>, Refusal> {
    let Caller::Principal { principal, credential, arrival } = *caller else { return Err(Refusal::NotAuthenticated) };
    principal_of(draft, (principal, credential, arrival), moment)?;
    let mut done = Gathered::default();
    if draft.session(session).is_some_and(|known| known.person == principal) {
        let mut changes = vec![Change::Session(SessionChange::Ended { id: session })];
        for permit in enter(draft, principal) {
            let event = Event::under(&permit, EventName::SessionLoggedOut, Target::Principal(principal));
            done.add(event.before("session", session), std::mem::take(&mut changes));
        }
    }
    Ok(done.decided())
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
