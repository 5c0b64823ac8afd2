//! The one place of the console that asks for a session, begins one, renews one and ends one.

use std::net::IpAddr;

use axum::http::HeaderMap;
use claviger_access::administration::password::{self, ChangePassword};
use claviger_access::administration::second_factor::Shown;
use claviger_access::administration::session::{self, SESSION_LIFETIME_S, SignIn};
use claviger_access::authorize::{Actor, CredentialId, admit_session, sign_in};
use claviger_access::change::SignedInFrom;
use claviger_access::credential::PresentedSession;
use claviger_access::email::EmailAddress;
use claviger_access::identity::{PrincipalId, SessionId};
use claviger_access::password::PasswordHash;
use claviger_access::{Caller, Decided, Directory, Draft, Moment, RandomBytes, Refusal, effective};

use super::browser;
use super::signed_in::SignedIn;
use super::words::DAY;
use crate::node::Node;
use crate::store::StoreError;
use crate::store::writing::Origin;
use crate::writer::{Request, WriteError};

/// A session's cookie lives so long in the browser: a day longer than the session, so that a form that is sent after its end
/// can still be told to be of a page of ours.
pub(super) const COOKIE_LIFETIME_S: u64 = (SESSION_LIFETIME_S + DAY).unsigned_abs();

/// A session lasts so long, whatever is done in it, in seconds.
pub(super) const LIFETIME_S: i64 = SESSION_LIFETIME_S;

/// A session that counts.
pub(super) struct Admitted {
    pub caller: Caller,
    pub person: PrincipalId,
    pub session: SessionId,
}

/// Whose session was presented, if it counts. It was used just now.
pub(super) fn admit(
    node: &Node,
    directory: &Directory,
    token: &str,
    address: Option<IpAddr>,
    now: Moment,
) -> Option<Admitted> {
    let presented = PresentedSession::read(token)?;
    let last_seen = |session| node.last_seen.of(session);
    let (caller, person) = admit_session(directory, &presented, address, last_seen, now).ok()?;
    let Caller::Principal { credential: CredentialId::Session(session), .. } = caller else { return None };
    node.last_seen.note(session, now);
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

/// Where somebody signs in.
pub(super) fn place(origin: &Origin, headers: &HeaderMap) -> SignedInFrom {
    SignedInFrom { address: origin.address, browser: browser::name(headers) }
}

/// Begins a session: its token, for the cookie. Whoever asks has seen that the password is right, and what was shown beside
/// it.
pub(super) async fn begin(
    node: &Node,
    person: PrincipalId,
    shown: Option<Shown>,
    origin: Origin,
    from: SignedInFrom,
) -> Result<String, WriteError> {
    let sign_in = SignIn { person, from, shown };
    let decide = move |draft: &_, moment, random| session::begin(draft, &sign_in, moment, random);
    let new = node.writer.perform(request(node, person, origin), decide).await?;
    Ok(new.token.reveal().to_owned())
}

/// Sets another password. All sessions end, and one begins in their place: its token. Whoever asks has seen that the old
/// password is right.
pub(super) async fn change_password(
    node: &Node,
    signed_in: &SignedIn,
    change: ChangePassword,
) -> Result<String, WriteError> {
    let caller = signed_in.caller;
    let decide = move |draft: &_, moment, random| password::change(draft, &caller, &change, moment, random);
    let new = node.writer.perform(request(node, signed_in.person, signed_in.origin.clone()), decide).await?;
    Ok(new.token.reveal().to_owned())
}

/// Gives the session that asks for it a new token, if its person has another role since it was begun.
pub(super) async fn renew(node: &Node, signed_in: &SignedIn) -> Result<Option<String>, WriteError> {
    let caller = signed_in.caller;
    let decide = move |draft: &_, moment, random| session::renew(draft, &caller, moment, random);
    let new = node.writer.perform(request(node, signed_in.person, signed_in.origin.clone()), decide).await?;
    Ok(new.map(|new| {
        // It was begun when the one before was, and is used now.
        node.last_seen.note(new.id, signed_in.now);
        new.token.reveal().to_owned()
    }))
}

/// Ends a session of the person's own; one that is gone already is fine.
pub(super) async fn end(node: &Node, signed_in: &SignedIn, id: SessionId) -> Result<(), WriteError> {
    let caller = signed_in.caller;
    let decide = move |draft: &_, moment, _| session::end(draft, &caller, id, moment);
    node.writer.perform(request(node, signed_in.person, signed_in.origin.clone()), decide).await
}

/// Ends all sessions but the one that asks for it: how many had not ended by themselves.
pub(super) async fn end_others(node: &Node, signed_in: &SignedIn) -> Result<usize, WriteError> {
    let caller = signed_in.caller;
    let decide = move |draft: &_, moment, _| session::end_others(draft, &caller, moment);
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
