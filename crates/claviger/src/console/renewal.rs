//! A session goes on under a new token once its person has another role: who got hold of the old one has not got the role.
//!
//! Before a page is made, since its forms belong to the cookie: whoever asks is led to the same address with the new one.

use axum::extract::{Request, State};
use axum::http::Method;
use axum::http::header::SET_COOKIE;
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use claviger_access::administration::session::is_outdated;

use super::cookies::Cookie;
use super::signed_in::{NotSignedIn, SignedIn};
use super::{Console, session};

/// Lets a request through whose session is as new as the roles of its person, or that is no request for a page.
pub(super) async fn renew(
    State(console): State<Console>,
    signed_in: Result<SignedIn, NotSignedIn>,
    request: Request,
    next: Next,
) -> Response {
    let is_outdated = |signed_in: &SignedIn| {
        let session = signed_in.held.session(signed_in.session);
        session.is_some_and(|session| is_outdated(&signed_in.held, session))
    };
    let Some(signed_in) = signed_in.ok().filter(is_outdated).filter(|_| request.method() == Method::GET) else {
        return next.run(request).await;
    };
    // Where it cannot be written now, the session goes on as it is.
    let Ok(Some(token)) = session::renew(&console.node, &signed_in).await else { return next.run(request).await };
    let here = request.uri().path_and_query().map_or("/console", |here| here.as_str());
    let mut response = Redirect::to(here).into_response();
    if let Some(cookie) = Cookie::Session.set(console.transport, &token, session::COOKIE_LIFETIME_S) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}
