//! The one place of the console that asks for a session, begins one and ends one.

use std::net::IpAddr;

use claviger_access::administration::second_factor::Shown;
use claviger_access::administration::session::{self, SESSION_LIFETIME_S, SignIn};
use claviger_access::authorize::{Actor, CredentialId, admit_session, sign_in};
use claviger_access::credential::PresentedSession;
use claviger_access::email::EmailAddress;
use claviger_access::identity::{PrincipalId, SessionId};
use claviger_access::password::PasswordHash;
use claviger_access::{Caller, Decided, Directory, Draft, Moment, RandomBytes, Refusal, effective};

use super::signed_in::SignedIn;
use crate::node::Node;
use crate::store::StoreError;
use crate::store::writing::Origin;
use crate::writer::{Request, WriteError};

/// A session's cookie lives so long in the browser.
pub(super) const LIFETIME_S: u64 = SESSION_LIFETIME_S.unsigned_abs();

/// A session that counts.
pub(super) struct Admitted {
    pub caller: Caller,
    pub person: PrincipalId,
    pub session: SessionId,
}

/// Whose session was presented, if it counts.
pub(super) fn admit(directory: &Directory, token: &str, address: Option<IpAddr>, now: Moment) -> Option<Admitted> {
    let presented = PresentedSession::read(token)?;
    let (caller, person) = admit_session(directory, &presented, address, now).ok()?;
    let Caller::Principal { credential: CredentialId::Session(session), .. } = caller else { return None };
    Some(Admitted { caller, person: person.id(), session })
}

/// Who may sign in by this address, with what is kept of his password.
pub(super) async fn password_of(
    node: &Node,
    directory: &Directory,
    email: Option<&EmailAddress>,
) -> Result<Option<(PrincipalId, PasswordHash)>, StoreError> {
    let Some(permit) = email.and_then(|email| sign_in(directory, email)) else { return Ok(None) };
    let Actor::Principal(person, _) = permit.by() else { return Ok(None) };
    let kept = node.store.password_of(&permit).await?;
    Ok(kept.map(|kept| (person, kept)))
}

/// Begins a session: its token, for the cookie. Whoever asks has seen that the password is right, and what was shown beside
/// it.
pub(super) async fn begin(
    node: &Node,
    person: PrincipalId,
    shown: Option<Shown>,
    origin: Origin,
) -> Result<String, WriteError> {
    let sign_in = SignIn { person, shown };
    let decide = move |draft: &_, moment, random| session::begin(draft, &sign_in, moment, random);
    let new = node.writer.perform(request(node, person, origin), decide).await?;
    Ok(new.token.reveal().to_owned())
}

/// Ends the session that asks for it.
pub(super) async fn end(node: &Node, signed_in: &SignedIn) -> Result<(), WriteError> {
    let (caller, id) = (signed_in.caller, signed_in.session);
    let decide = move |draft: &_, moment, _| session::end(draft, &caller, id, moment);
    node.writer.perform(request(node, signed_in.person, signed_in.origin.clone()), decide).await
}

/// Changes something about who is signed in.
pub(super) async fn change_oneself<D>(node: &Node, signed_in: &SignedIn, decide: D) -> Result<(), WriteError>
where
    D: FnOnce(&Draft, Moment, RandomBytes) -> Result<Decided<()>, Refusal> + Send + 'static,
{
    node.writer.perform(request(node, signed_in.person, signed_in.origin.clone()), decide).await
}

/// A write about a person. It counts in the queue of the first of his organizations.
pub(super) fn request(node: &Node, person: PrincipalId, origin: Origin) -> Request {
    let directory = node.cluster.directory().ok();
    let view = directory.as_ref().and_then(|directory| directory.principal(person));
    let organization = view.and_then(|view| effective::organizations(&view).into_iter().next());
    Request { origin, organization, weight: 1 }
}
