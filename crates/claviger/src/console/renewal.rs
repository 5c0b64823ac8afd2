//! A session goes on under a new token once its person has another role, and the token before opens nothing then.
//!
//! Before a page is made, since its forms belong to the cookie: whoever asks for one is led to the same address with the new
//! token. A form that comes with the old token is not done, since it was filled in with the role before: it is shown once
//! more under the new token, and sent when he says so. So is one that comes from another tab, once the session goes on
//! under the new token in this browser: [`earlier_forms`](super::earlier_forms) tells it.
//!
//! What this guarantees: nothing is changed with a new role by a token from before it, and of two who hold that token, only
//! one goes on. Who goes on is whoever asks for a page first: the other is signed out, sees it, and finds the session in
//! the list of his sessions. A copy of a token that is not used before its owner's next page is worth nothing after it. A
//! page is still shown by the old token where the new one cannot be written now.

use axum::extract::{Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use claviger_access::administration::session::is_outdated;

use super::earlier_forms::go_on;
use super::error_page::ErrorPage;
use super::onward::Onward;
use super::return_to::ReturnTo;
use super::signed_in::{NotSignedIn, SignedIn};
use super::typed::Typed;
use super::{Console, form, session};

/// Why what he typed is asked for once more.
const CHANGED: &str = "Your role has changed since you signed in.";

/// Whether the session is older than a role of its person.
pub(super) fn is_due(signed_in: &SignedIn) -> bool {
    let session = signed_in.held.session(signed_in.session);
    session.is_some_and(|session| is_outdated(&signed_in.held, session))
}

/// Lets a request through whose session is as new as the roles of its person, or that is no request for a page.
pub(super) async fn renew(
    State(console): State<Console>,
    signed_in: Result<SignedIn, NotSignedIn>,
    request: Request,
    next: Next,
) -> Response {
    let Some(signed_in) = signed_in.ok().filter(is_due).filter(|_| request.method() == Method::GET) else {
        return next.run(request).await;
    };
    // Where it cannot be written now, the session goes on as it is.
    let Ok(Some(token)) = session::renew(&console.node, &signed_in).await else { return next.run(request).await };
    let here = request.uri().path_and_query().map_or("/console", |here| here.as_str());
    go_on(console.transport, &signed_in, &token, Redirect::to(here).into_response())
}

/// For whose role changed while he typed: his session under a new token, and what he typed, which he may send once more.
pub(super) async fn keeping(console: &Console, signed_in: &SignedIn, to: ReturnTo, kept: &Typed) -> Response {
    match session::renew(&console.node, signed_in).await {
        Ok(Some(token)) => {
            let asked = Onward::ask_again(&to, kept, CHANGED, &form::token(&token));
            go_on(console.transport, signed_in, &token, asked)
        }
        // Another request of his was first.
        Ok(None) => ErrorPage::outdated().into_response(),
        Err(error) => ErrorPage::unwritten(&error, &signed_in.origin).into_response(),
    }
}
