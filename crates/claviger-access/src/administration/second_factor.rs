//! Second factors of people: turned on, shown, and turned off.
//!
//! Each of a person's organizations is told. What must stay true: nobody but the person turns one on, and nobody but he
//! and the operator turns one off: an owner who could would need the password alone to come in as somebody else. A code
//! counts once, and is judged on the factor as it was when the code was looked at.

use super::holding::Gathered;
use crate::authorize::{Caller, ManageMembers, Permit, Scope, SignIn, authorize, enter, principal_of};
use crate::change::{Change, SecondFactorChange};
use crate::credential::SecretDigest;
use crate::decision::Decided;
use crate::directory::{Directory, Draft, SecondFactor};
use crate::effective;
use crate::event::{Event, EventName, Target};
use crate::expiry::Moment;
use crate::identity::{PrincipalId, PrincipalKind};
use crate::refusal::Refusal;
use crate::second_factor::{SealedSecret, TimeStep};

/// A second factor that is to be turned on. Whoever asks has seen the person's password and a right code of it.
#[derive(Debug, Clone)]
pub struct Enable {
    /// What codes are computed from.
    pub sealed: SealedSecret,
    /// The step of the code.
    pub step: TimeStep,
    /// What is to be kept of the recovery codes.
    pub recovery: Vec<SecretDigest>,
}

/// What somebody shows beside his password.
#[derive(Debug, Clone)]
pub enum Code {
    /// A code from his app, which is right for this step.
    OfApp(TimeStep),
    /// A recovery code, by its digest.
    Recovery(SecretDigest),
}

/// A code, and the second factor that it was looked at for.
#[derive(Debug, Clone)]
pub struct Shown {
    /// As it was then.
    pub seen: SecondFactor,
    /// What was shown.
    pub code: Code,
}

/// Turns the caller's second factor on.
pub fn enable(draft: &Draft, caller: &Caller, command: &Enable, moment: Moment) -> Result<Decided<()>, Refusal> {
    let (person, permits) = oneself(draft, caller, moment)?;
    if draft.second_factor(person).is_some() {
        return Err(Refusal::SecondFactorOn);
    }
    let Enable { sealed, step, recovery } = command.clone();
    let change = SecondFactorChange::Enabled { person, sealed, step, recovery, enabled: moment };
    Ok(told(&permits, EventName::SecondFactorEnabled, person, change))
}

/// Makes other recovery codes. Whoever asks has seen the person's password.
pub fn renew_recovery_codes(
    draft: &Draft,
    caller: &Caller,
    recovery: Vec<SecretDigest>,
    moment: Moment,
) -> Result<Decided<()>, Refusal> {
    let (person, permits) = oneself(draft, caller, moment)?;
    known(draft, person)?;
    let change = SecondFactorChange::RecoveryCodesMade { person, recovery };
    Ok(told(&permits, EventName::SecondFactorRecoveryCodesMade, person, change))
}

/// Turns the caller's second factor off. Whoever asks has seen the person's password.
pub fn remove(draft: &Draft, caller: &Caller, moment: Moment) -> Result<Decided<()>, Refusal> {
    let (person, permits) = oneself(draft, caller, moment)?;
    known(draft, person)?;
    Ok(told(&permits, EventName::SecondFactorRemoved, person, SecondFactorChange::Removed { person }))
}

/// Turns off the second factor of somebody who has lost it. On the host only.
pub fn recover(draft: &Draft, caller: &Caller, person: PrincipalId, moment: Moment) -> Result<Decided<()>, Refusal> {
    if *caller != Caller::Operator {
        return Err(Refusal::NotAuthenticated);
    }
    let view = draft.principal(person).filter(|view| view.kind() == PrincipalKind::Person && !view.is_deleted());
    let view = view.ok_or(Refusal::NoSuchPerson { person })?;
    known(draft, person)?;
    let permits: Result<Vec<Permit<ManageMembers>>, Refusal> = effective::organizations(&view)
        .into_iter()
        .map(|organization| authorize(draft, caller, Scope::Organization(organization), moment))
        .collect();
    let permits = permits?;
    if permits.is_empty() {
        return Err(Refusal::NoSuchPerson { person });
    }
    Ok(told(&permits, EventName::SecondFactorRemoved, person, SecondFactorChange::Removed { person }))
}

/// What changes where somebody signs in whose second factor is on, and what is recorded of it beside the sign-in. Whoever
/// has none shows nothing.
pub(super) fn pass(
    draft: &Draft,
    person: PrincipalId,
    shown: Option<&Shown>,
) -> Result<(Vec<Change>, Option<EventName>), Refusal> {
    let (known, shown) = match (draft.second_factor(person), shown) {
        (None, None) => return Ok((Vec::new(), None)),
        (Some(known), Some(shown)) if shown.seen == *known => (known, shown),
        // It was turned on or off meanwhile, or another code was used: the one that was shown says nothing any more.
        _ => return Err(Refusal::CodeNotAccepted),
    };
    let (change, event) = match &shown.code {
        Code::OfApp(step) if *step > known.last_step => (SecondFactorChange::CodeUsed { person, step: *step }, None),
        Code::Recovery(digest) if known.recovery.iter().any(|other| other.matches(digest)) => {
            let change = SecondFactorChange::RecoveryCodeUsed { person, digest: *digest };
            (change, Some(EventName::SecondFactorRecoveryCodeUsed))
        }
        Code::OfApp(_) | Code::Recovery(_) => return Err(Refusal::CodeNotAccepted),
    };
    Ok((vec![Change::SecondFactor(change)], event))
}

/// The caller as a person who is signed in, with a permit for each of his organizations.
fn oneself(draft: &Draft, caller: &Caller, moment: Moment) -> Result<(PrincipalId, Vec<Permit<SignIn>>), Refusal> {
    let Caller::Principal { principal, credential, arrival } = *caller else { return Err(Refusal::NotAuthenticated) };
    principal_of(draft, (principal, credential, arrival), moment)?;
    let permits = enter(draft, principal);
    if permits.is_empty() { Err(Refusal::NotAuthenticated) } else { Ok((principal, permits)) }
}

fn known(directory: &Directory, person: PrincipalId) -> Result<&SecondFactor, Refusal> {
    directory.second_factor(person).ok_or(Refusal::SecondFactorOff)
}

fn told<A>(permits: &[Permit<A>], name: EventName, person: PrincipalId, change: SecondFactorChange) -> Decided<()> {
    let (mut done, mut changes) = (Gathered::default(), vec![Change::SecondFactor(change)]);
    for permit in permits {
        done.add(Event::under(permit, name, Target::Principal(person)), std::mem::take(&mut changes));
    }
    done.decided()
}
