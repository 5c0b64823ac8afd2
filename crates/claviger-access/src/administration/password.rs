//! A person chooses another password.
//!
//! Whoever asks has seen that the old one is right. What must stay true: with the new password there is one session, the
//! one that answers; whoever was signed in with the old one, anywhere, is not any more.

use super::holding::Gathered;
use super::session::{self, NewSession, SignIn};
use crate::authorize::Caller;
use crate::change::{Change, PersonChange, SignedInFrom};
use crate::decision::Decided;
use crate::directory::Draft;
use crate::event::{Event, EventName, Target};
use crate::expiry::Moment;
use crate::password::PasswordHash;
use crate::random_bytes::RandomBytes;
use crate::refusal::Refusal;

/// Another password for the caller.
#[derive(Debug, Clone)]
pub struct ChangePassword {
    /// What is to be kept of the new one.
    pub hash: PasswordHash,
    /// Where he is, for his list of sessions.
    pub from: SignedInFrom,
}

/// Sets the caller's password, and ends all of his sessions. The new one goes on in their place.
pub fn change(
    draft: &Draft,
    caller: &Caller,
    command: &ChangePassword,
    moment: Moment,
    mut random: RandomBytes,
) -> Result<Decided<NewSession>, Refusal> {
    let (person, own, permits) = session::oneself(draft, caller, moment)?;
    let sign_in = SignIn { person, from: command.from.clone(), shown: None };
    let (new, begun) = session::made(&mut draft.ids(), &sign_in, moment, &mut random)?;
    let set = PersonChange::PasswordSet { id: person, hash: Some(command.hash.clone()), set: moment };
    let others = session::sessions_of(draft, person).filter(|known| known.id != own);
    let others = session::told(others);
    let ended = session::all_end(draft, person);
    let mut changes: Vec<Change> = [Change::Person(set)].into_iter().chain(ended).chain([begun]).collect();
    let mut done = Gathered::default();
    for permit in &permits {
        let event = Event::under(permit, EventName::UserPasswordChanged, Target::Principal(person));
        let event = event.before("session", own).before("sessions", &others).after("session", new.id);
        done.add(event, std::mem::take(&mut changes));
    }
    match permits.is_empty() {
        true => Err(Refusal::NotAuthenticated),
        false => Ok(done.replying(new)),
    }
}
