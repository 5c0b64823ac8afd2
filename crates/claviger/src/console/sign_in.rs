//! Signing in with e-mail address and password, and signing out. Who has a second factor goes on to [`sign_in_code`].
//!
//! Who came from a link is led back there. What somebody had typed into a form when his session ended goes with him: it is
//! shown once more after he has signed in, and sent when he says so, for it may be somebody else who signs in.
//!
//! The same work and the same answer whether nobody has the address, he has no password, or it is another one; how often
//! one may try is in [`tries`](super::tries). The address is shown again in the form, a password never.

use std::time::Duration;

use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use claviger_access::change::SignedInFrom;
use claviger_access::email::EmailAddress;
use claviger_access::password::Password;
use serde::Deserialize;

use super::cookies::Cookie;
use super::error_page::ErrorPage;
use super::form::{Checked, Fields};
use super::form_outside::BoundTo;
use super::onward::{self, Onward};
use super::page::page;
use super::return_to::ReturnTo;
use super::signed_in::{ComesFrom, NotSignedIn, SignedIn};
use super::tries::TooMany;
use super::typed::Typed as Kept;
use super::{Console, Transport, password_shown, session, sign_in_code};
use crate::clock;
use crate::people::password::NotHashed;
use crate::store::writing::Origin;

/// Where it is.
pub(super) const PATH: &str = "/console/sign-in";

/// How much of an address comes back into the form.
const SHOWN_MAX: usize = 320;

#[derive(Template)]
#[template(path = "console/sign_in.html")]
struct Page<'p> {
    form_token: &'p str,
    email: &'p str,
    error: Option<&'p str>,
    /// Nobody can sign in where there is no TLS.
    is_open: bool,
    onward: &'p Onward,
}

/// What the form sends. Not to be printed: it holds a password.
#[derive(Deserialize, Default)]
pub(super) struct Typed {
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
    #[serde(flatten)]
    onward: onward::Sent,
}

/// What the address of the page may hold.
#[derive(Deserialize, Default)]
pub(super) struct Asked {
    #[serde(default)]
    return_to: String,
}

/// The page's address, for who is to be led back.
pub(super) fn path(to: Option<&ReturnTo>) -> String {
    let query = to.and_then(|to| serde_urlencoded::to_string([("return_to", to.as_str())]).ok());
    query.map_or_else(|| PATH.to_owned(), |query| format!("{PATH}?{query}"))
}

impl Fields for Typed {
    const BOUND_TO: Cookie = Cookie::Form;
}

/// The form of the menu that signs out has its token alone. Who leaves may leave, also from a page of before.
#[derive(Deserialize)]
pub(super) struct Leaving {}

impl Fields for Leaving {
    const BOUND_TO: Cookie = Cookie::Session;
    const IS_DONE_FROM_EARLIER: bool = true;
}

/// A form that has its token alone.
#[derive(Deserialize)]
pub(super) struct Nothing {}

impl Fields for Nothing {
    const BOUND_TO: Cookie = Cookie::Session;
}

/// The sign-in page; who is signed in goes on.
pub(super) async fn show(
    State(console): State<Console>,
    signed_in: Result<SignedIn, NotSignedIn>,
    headers: HeaderMap,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, ErrorPage> {
    let to = asked.ok().and_then(|Query(asked)| ReturnTo::parse(&asked.return_to));
    match signed_in {
        Ok(_) => return Ok(Redirect::to(to.as_ref().map_or("/console", ReturnTo::as_str)).into_response()),
        Err(NotSignedIn::Unavailable(page)) => return Err(page),
        Err(NotSignedIn::Nobody(_) | NotSignedIn::Outdated(_)) => {}
    }
    shown(&console, &headers, StatusCode::OK, ("", &Onward::to(to)), None)
}

/// For whose session ended while he typed: the form, which keeps what he did.
pub(super) fn keeping(console: &Console, headers: &HeaderMap, to: ReturnTo, kept: &Kept) -> Response {
    let onward = Onward::with(to, kept);
    shown(console, headers, StatusCode::FORBIDDEN, ("", &onward), None).unwrap_or_else(IntoResponse::into_response)
}

/// The form, bound to the cookie that the browser has or is given.
fn shown(
    console: &Console,
    headers: &HeaderMap,
    status: StatusCode,
    (email, onward): (&str, &Onward),
    error: Option<&str>,
) -> Result<Response, ErrorPage> {
    let bound_to = BoundTo::of(headers, console.transport)?;
    let email: String = email.chars().take(SHOWN_MAX).collect();
    let is_open = console.transport != Transport::Clear;
    let shown = Page { form_token: &bound_to.token(), email: &email, error, is_open, onward };
    Ok(bound_to.given_with(page(status, &shown)))
}

/// Signs in.
pub(super) async fn sign_in(
    State(console): State<Console>,
    ComesFrom(origin): ComesFrom,
    headers: HeaderMap,
    Checked { fields: typed, form_token }: Checked<Typed>,
) -> Result<Response, ErrorPage> {
    let onward = typed.onward.by_page(&form_token);
    if console.transport == Transport::Clear {
        return shown(&console, &headers, StatusCode::FORBIDDEN, (&typed.email, &onward), None);
    }
    console.tries.count(origin.address, &typed.email).map_err(too_many)?;
    let from = session::place(&origin, &headers);
    match begun(&console, &origin, &typed, from).await? {
        Begun::Session(token) => Ok(welcome(&console, onward.go(&token), &token)),
        Begun::CodeWanted(token) => Ok(sign_in_code::wanted(&console, &token, &onward)),
        Begun::Nothing => {
            let wrong = Some("E-mail or password is wrong.");
            shown(&console, &headers, StatusCode::FORBIDDEN, (&typed.email, &onward), wrong)
        }
    }
}

/// Where somebody who has just signed in goes on, with his session's cookie.
pub(super) fn welcome(console: &Console, mut response: Response, token: &str) -> Response {
    let cookies = [
        Cookie::Session.set(console.transport, token, session::COOKIE_LIFETIME_S),
        Cookie::Form.delete(console.transport),
        Cookie::PasswordShown.delete(console.transport),
    ];
    cookies.into_iter().flatten().for_each(|cookie| {
        response.headers_mut().append(SET_COOKIE, cookie);
    });
    response
}

/// What an address and a password lead to.
enum Begun {
    /// The token of a new session.
    Session(String),
    /// Both are right, and the person's second factor is on: the token of who has shown his password.
    CodeWanted(String),
    /// One of them is wrong.
    Nothing,
}

async fn begun(console: &Console, origin: &Origin, typed: &Typed, from: SignedInFrom) -> Result<Begun, ErrorPage> {
    let node = &console.node;
    // A text that nobody could have chosen as his password is nobody's.
    let Ok(password) = Password::parse(&typed.password) else { return Ok(Begun::Nothing) };
    let held = node.cluster.directory().map_err(|error| ErrorPage::not_held(error, origin))?;
    let email = EmailAddress::parse(&typed.email).ok();
    let known = session::password_of(node, &held, email.as_ref()).await;
    let known = known.map_err(|error| ErrorPage::unread(&error, origin))?;
    let (person, kept) = known.unzip();
    let is_right = node.passwords.verify(password, kept.clone()).await.map_err(not_hashed)?;
    let Some(person) = person.filter(|_| is_right) else {
        if let Some(known) = person.and_then(|person| held.principal(person)) {
            node.observations.login_failed(&known, "wrong_password", origin, clock::now());
        }
        return Ok(Begun::Nothing);
    };
    if let Some((factor, kept)) = held.second_factor(person).zip(kept) {
        let seals = password_shown::seals(node)?;
        return password_shown::token(&seals, factor, &kept, clock::now()).map(Begun::CodeWanted);
    }
    drop(held);
    let token = session::begin(node, person, None, origin.clone(), from).await;
    token.map(Begun::Session).map_err(|error| ErrorPage::unwritten(&error, origin))
}

/// Signs out: the session ends here, and the cookie in the browser. Who was not signed in is not afterwards either.
pub(super) async fn sign_out(
    State(console): State<Console>,
    signed_in: Result<SignedIn, NotSignedIn>,
    form: Result<Checked<Leaving>, ErrorPage>,
) -> Result<Response, ErrorPage> {
    let signed_in = match signed_in {
        // Who leaves may leave, whatever his role is.
        Err(NotSignedIn::Outdated(signed_in)) => Ok(*signed_in),
        other => other,
    };
    match signed_in {
        Ok(signed_in) => {
            form?;
            let ended = session::end(&console.node, &signed_in, signed_in.session).await;
            ended.map_err(|error| ErrorPage::unwritten(&error, &signed_in.origin))?;
        }
        Err(NotSignedIn::Nobody(_) | NotSignedIn::Outdated(_)) => {}
        Err(NotSignedIn::Unavailable(page)) => return Err(page),
    }
    Ok(farewell(&console))
}

/// The sign-in page for somebody who has just signed out.
pub(super) fn farewell(console: &Console) -> Response {
    signed_out(console, Redirect::to(PATH).into_response())
}

/// An answer to somebody whose session is over, for a browser that keeps nothing of it.
pub(super) fn signed_out(console: &Console, mut response: Response) -> Response {
    let cookies = [Cookie::Session, Cookie::EarlierForms].map(|cookie| cookie.delete(console.transport));
    cookies.into_iter().flatten().for_each(|cookie| {
        response.headers_mut().append(SET_COOKIE, cookie);
    });
    response
}

pub(super) fn too_many(too_many: TooMany) -> ErrorPage {
    match too_many {
        TooMany::OfCodes(wait) => ErrorPage::too_many("Too many codes were tried.", wait),
        TooMany::FromAddress(wait) => ErrorPage::too_many("Too many attempts from your address.", wait),
        TooMany::OfAccount(wait) => ErrorPage::too_many("Too many attempts with this e-mail address.", wait),
    }
}

pub(super) fn not_hashed(error: NotHashed) -> ErrorPage {
    match error {
        NotHashed::Busy => ErrorPage::too_many("Too many people sign in at this moment.", Duration::from_secs(1)),
        NotHashed::NoRandomness => ErrorPage::without_randomness(),
        NotHashed::Failed(_) => {
            tracing::error!(%error, "a password could not be compared");
            ErrorPage::fault()
        }
    }
}
