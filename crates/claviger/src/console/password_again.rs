//! Asking somebody who is signed in for his password again, before what a thief of his session must not do.

use claviger_access::password::Password;

use super::Console;
use super::error_page::ErrorPage;
use super::session;
use super::sign_in::{not_hashed, too_many};
use super::signed_in::SignedIn;
use crate::clock;

/// Whether this is the password of who asks. Each try counts as one to sign in does, and a wrong one is recorded like one.
pub(super) async fn is_right(console: &Console, signed_in: &SignedIn, typed: &str) -> Result<bool, ErrorPage> {
    let (node, origin) = (&console.node, &signed_in.origin);
    let Some(known) = signed_in.held.person(signed_in.person) else { return Ok(false) };
    console.tries.count(origin.address, known.email.as_str()).map_err(too_many)?;
    let Ok(password) = Password::parse(typed) else { return Ok(false) };
    let kept = session::password_of(node, &signed_in.held, Some(&known.email)).await;
    let kept = kept.map_err(|error| ErrorPage::unread(&error, origin))?.map(|(_, kept)| kept);
    let is_right = node.passwords.verify(password, kept).await.map_err(not_hashed)?;
    if let (false, Some(view)) = (is_right, signed_in.view()) {
        node.observations.login_failed(&view, "wrong_password", origin, clock::now());
    }
    Ok(is_right)
}
