//! The one place of the console that asks for a session, begins one and ends one.

use std::net::IpAddr;

use claviger_access::email::EmailAddress;
use claviger_access::identity::PrincipalId;
use claviger_access::password::PasswordHash;
use claviger_access::{Caller, Directory, Moment};

use super::signed_in::SignedIn;
use crate::node::Node;
use crate::store::StoreError;
use crate::store::writing::Origin;
use crate::writer::WriteError;

/// A session's cookie lives so long in the browser.
pub(super) const LIFETIME_S: u64 = 12 * 60 * 60;

/// Which session.
#[derive(Debug, Clone, Copy)]
pub(super) struct Session;

/// A session that counts.
pub(super) struct Admitted {
    pub caller: Caller,
    pub person: PrincipalId,
    pub session: Session,
}

/// Whose session was presented, if it counts.
pub(super) fn admit(_: &Directory, _: &str, _: Option<IpAddr>, _: Moment) -> Option<Admitted> {
    None
}

/// Who may sign in by this address, with what is kept of his password.
pub(super) async fn password_of(
    _: &Node,
    _: &Directory,
    _: Option<&EmailAddress>,
) -> Result<Option<(PrincipalId, PasswordHash)>, StoreError> {
    Ok(None)
}

/// Begins a session: its token, for the cookie.
pub(super) async fn begin(_: &Node, _: PrincipalId, _: Origin) -> Result<String, WriteError> {
    Err(WriteError::Unavailable)
}

/// Ends the session that asks for it.
pub(super) async fn end(_: &Node, signed_in: &SignedIn) -> Result<(), WriteError> {
    let Session = signed_in.session;
    Err(WriteError::Unavailable)
}
