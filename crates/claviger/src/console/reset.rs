//! `/console/reset/{once}`: choosing another password by a link.
//!
//! Opening the link uses nothing up, since mail scanners open links; sending the form does. All sessions of the person are
//! over then. He is not signed in by it: signing in asks for the new password, and for a code where his second factor is on.

use askama::Template;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use claviger_access::Refusal;
use claviger_access::administration::password_reset::{self, NewLink};
use claviger_access::authorize::ResetLink;
use claviger_access::credential::PresentedToken;
use claviger_access::identity::PrincipalId;
use serde::Deserialize;

use super::cookies::Cookie;
use super::error_page::ErrorPage;
use super::form::{Checked, Fields};
use super::form_outside::BoundTo;
use super::page::page;
use super::sign_in::{not_hashed, too_many};
use super::signed_in::ComesFrom;
use super::{Console, Transport, new_password, session};
use crate::clock;
use crate::cluster::Held;
use crate::writer::WriteError;

/// Where the page of a link is. It holds the token, so it belongs in no log.
pub(super) fn path(link: &NewLink) -> String {
    format!("/console/reset/{}", link.token.reveal())
}

#[derive(Template)]
#[template(path = "console/reset.html")]
struct Page<'p> {
    form_token: &'p str,
    /// Whose password it is, for the browser's password manager.
    email: &'p str,
    error: Option<&'p str>,
}

#[derive(Template)]
#[template(path = "console/reset_done.html")]
struct Done;

/// What the form sends. Not to be printed: it is a password.
#[derive(Deserialize)]
pub(super) struct Typed {
    #[serde(default)]
    password: String,
    #[serde(default)]
    again: String,
}

impl Fields for Typed {
    const BOUND_TO: Cookie = Cookie::Form;
}

/// The token in the address; none that could be one opens nothing.
type Once = Result<Path<String>, PathRejection>;

/// The form, where the link opens something.
pub(super) async fn show(
    State(console): State<Console>,
    ComesFrom(origin): ComesFrom,
    once: Once,
    headers: HeaderMap,
) -> Result<Response, ErrorPage> {
    let held = console.node.cluster.directory().map_err(|error| ErrorPage::not_held(error, &origin))?;
    let email = email_of(&held, token(&once)).ok_or_else(ErrorPage::no_such_link)?;
    shown(&console, &headers, StatusCode::OK, &email, None)
}

fn token(once: &Once) -> &str {
    once.as_ref().map_or("", |Path(once)| once.as_str())
}

/// Sets the password.
pub(super) async fn choose(
    State(console): State<Console>,
    ComesFrom(origin): ComesFrom,
    once: Once,
    headers: HeaderMap,
    Checked { fields: typed, .. }: Checked<Typed>,
) -> Result<Response, ErrorPage> {
    console.tries.count_from(origin.address).map_err(too_many)?;
    let held = console.node.cluster.directory().map_err(|error| ErrorPage::not_held(error, &origin))?;
    // Before anything is hashed: who has no link costs nothing.
    let email = email_of(&held, token(&once)).filter(|_| console.transport != Transport::Clear);
    let email = email.ok_or_else(ErrorPage::no_such_link)?;
    drop(held);
    let token = PresentedToken::<PrincipalId>::read(token(&once)).ok_or_else(ErrorPage::no_such_link)?;
    let password = match new_password::chosen(&typed.password, &typed.again) {
        Ok(password) => password,
        Err(wrong) => return shown(&console, &headers, StatusCode::BAD_REQUEST, &email, Some(wrong)),
    };
    let hash = console.node.passwords.hash(password).await.map_err(not_hashed)?;
    let decide = move |draft: &_, moment, _| password_reset::choose(draft, &token, &hash, moment);
    match console.node.writer.perform(session::request(&console.node, token.named(), origin.clone()), decide).await {
        Ok(()) => Ok(done(&console)),
        Err(WriteError::Refused(Refusal::NoResetForToken)) => Err(ErrorPage::no_such_link()),
        Err(error) => Err(ErrorPage::unwritten(&error, &origin)),
    }
}

/// The address of the person whose link it is, if it opens something.
fn email_of(held: &Held, once: &str) -> Option<String> {
    let token = PresentedToken::<PrincipalId>::read(once)?;
    let link: ResetLink<'_> = password_reset::look_at(held, &token, clock::now()).ok()?;
    Some(held.person(link.reset().id)?.email.to_string())
}

fn shown(
    console: &Console,
    headers: &HeaderMap,
    status: StatusCode,
    email: &str,
    error: Option<&str>,
) -> Result<Response, ErrorPage> {
    let bound_to = BoundTo::of(headers, console.transport)?;
    let page = page(status, &Page { form_token: &bound_to.token(), email, error });
    Ok(bound_to.given_with(page))
}

fn done(console: &Console) -> Response {
    let mut response = page(StatusCode::OK, &Done);
    if let Some(cookie) = Cookie::Session.delete(console.transport) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_without_the_token_and_what_it_shows_is_text() {
        let page = Page { form_token: "f", email: "<b>@example.com", error: Some("<i>") };
        let text = page.render().expect("a page");
        assert!(text.contains("<form class=\"gap-m\" method=\"post\">"), "it is sent to where it came from: {text}");
        assert!(!text.contains("<b>") && !text.contains("<i>"), "{text}");
        let done = Done.render().expect("a page");
        assert!(done.contains("href=\"/console/sign-in\""), "{done}");
    }
}
