//! The second step of signing in, for whoever has a second factor: a code from his app, or a recovery code.
//!
//! Only who has shown the password comes here, so that nobody learns without it whether somebody has a second factor. A
//! person has five tries a minute, from wherever; a code that was used already is told like a wrong one.

use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use claviger_access::Moment;
use claviger_access::Refusal;
use claviger_access::administration::second_factor::{Code, Shown};
use claviger_access::directory::SecondFactor;
use claviger_access::second_factor::typed_recovery_code;
use serde::Deserialize;

use super::cookies::Cookie;
use super::error_page::ErrorPage;
use super::form::{self, Checked, Fields};
use super::onward::{self, Onward};
use super::page::page;
use super::password_shown::{self, PasswordShown, seals};
use super::return_to::ReturnTo;
use super::sign_in::{self, too_many, welcome};
use super::signed_in::ComesFrom;
use super::{Console, second_factor, session};
use crate::clock;
use crate::people::seal::Seals;
use crate::store::writing::Origin;
use crate::writer::WriteError;

/// Where it is.
pub(super) const PATH: &str = "/console/sign-in/code";

#[derive(Template)]
#[template(path = "console/sign_in_code.html")]
struct Page<'p> {
    form_token: &'p str,
    error: Option<&'p str>,
    with_recovery_code: bool,
    onward: &'p Onward,
}

impl Page<'_> {
    /// The other way to show a code; what was typed into a form before does not go with it.
    fn other_way(&self) -> String {
        let with = (!self.with_recovery_code).then_some(("with", "recovery-code"));
        let to = self.onward.page().map(|to| ("return_to", to.as_str()));
        let query: Vec<_> = with.into_iter().chain(to).collect();
        match serde_urlencoded::to_string(&query) {
            Ok(query) if !query.is_empty() => format!("{PATH}?{query}"),
            _ => PATH.to_owned(),
        }
    }
}

/// Which of the two is asked for, and which page one goes on to.
#[derive(Deserialize, Default)]
pub(super) struct Asked {
    #[serde(default)]
    with: String,
    #[serde(default)]
    return_to: String,
}

/// What the form sends: one of the two.
#[derive(Deserialize)]
pub(super) struct Typed {
    #[serde(default)]
    code: String,
    #[serde(default)]
    recovery_code: String,
    #[serde(flatten)]
    onward: onward::Sent,
}

impl Fields for Typed {
    const BOUND_TO: Cookie = Cookie::PasswordShown;
}

/// The page that asks for a code.
pub(super) async fn show(
    State(console): State<Console>,
    ComesFrom(origin): ComesFrom,
    asked: Result<Query<Asked>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, ErrorPage> {
    let Some((token, _)) = password_shown_by(&console, &headers, &origin).await? else { return Ok(anew(&console)) };
    let asked = asked.map(|Query(asked)| asked).unwrap_or_default();
    Ok(shown(
        StatusCode::OK,
        &token,
        &Onward::to(ReturnTo::parse(&asked.return_to)),
        asked.with == "recovery-code",
        None,
    ))
}

/// Signs in, if the code is right.
pub(super) async fn sign_in(
    State(console): State<Console>,
    ComesFrom(origin): ComesFrom,
    headers: HeaderMap,
    form: Result<Checked<Typed>, ErrorPage>,
) -> Result<Response, ErrorPage> {
    let Some((token, PasswordShown { person, seen })) = password_shown_by(&console, &headers, &origin).await? else {
        return Ok(anew(&console));
    };
    let Checked { fields: typed, form_token } = form?;
    let onward = typed.onward.by_page(&form_token);
    console.tries.count_code(person).map_err(too_many)?;
    let with_recovery_code = !typed.recovery_code.is_empty();
    let code = match looked_at(&seals(&console.node)?, &seen, &typed, clock::now()) {
        Looked::Right(code) => Some(code),
        Looked::Wrong => None,
        Looked::Unknowable => return Ok(shown(StatusCode::CONFLICT, &token, &onward, true, Some(UNKNOWABLE))),
    };
    if let Some(code) = code {
        let (shown, from) = (Some(Shown { seen, code }), session::place(&origin, &headers));
        match session::begin(&console.node, person, shown, origin.clone(), from).await {
            Ok(token) => return Ok(welcome(&console, onward.go(&token), &token)),
            // It was used a moment before.
            Err(WriteError::Refused(Refusal::CodeNotAccepted)) => {}
            Err(error) => return Err(ErrorPage::unwritten(&error, &origin)),
        }
    }
    if let Some(view) = console.node.cluster.directory().ok().as_ref().and_then(|held| held.principal(person)) {
        console.node.observations.login_failed(&view, "wrong_code", &origin, clock::now());
    }
    let wrong = if with_recovery_code { WRONG_RECOVERY_CODE } else { WRONG_CODE };
    Ok(shown(StatusCode::FORBIDDEN, &token, &onward, with_recovery_code, Some(wrong)))
}

const WRONG_CODE: &str = "This code is wrong, or was used already. Wait for the next one.";
const WRONG_RECOVERY_CODE: &str = "This recovery code is wrong, or was used already.";
const UNKNOWABLE: &str = "Codes from your app cannot be checked on this server any more. Use a recovery code.";

enum Looked {
    Right(Code),
    Wrong,
    /// The key that the secret is sealed with is gone.
    Unknowable,
}

/// What was typed, as far as it can be told before it is written. Whether it was used already is decided there.
fn looked_at(seals: &Seals, seen: &SecondFactor, typed: &Typed, now: Moment) -> Looked {
    if !typed.recovery_code.is_empty() {
        let digest = typed_recovery_code(&typed.recovery_code);
        return digest.map_or(Looked::Wrong, |digest| Looked::Right(Code::Recovery(digest)));
    }
    let Some(secret) = second_factor::opened(seals, seen) else { return Looked::Unknowable };
    secret.step_of(&typed.code, now).map_or(Looked::Wrong, |step| Looked::Right(Code::OfApp(step)))
}

/// Who has shown his password in this browser, with the token that says so.
async fn password_shown_by(
    console: &Console,
    headers: &HeaderMap,
    origin: &Origin,
) -> Result<Option<(String, PasswordShown)>, ErrorPage> {
    let Some(token) = Cookie::PasswordShown.read(headers, console.transport) else { return Ok(None) };
    let held = console.node.cluster.directory().map_err(|error| ErrorPage::not_held(error, origin))?;
    let read = password_shown::read(&console.node, &seals(&console.node)?, &held, token, clock::now()).await;
    let read = read.map_err(|error| ErrorPage::unread(&error, origin))?;
    Ok(read.map(|read| (token.to_owned(), read)))
}

fn shown(status: StatusCode, token: &str, onward: &Onward, with_recovery_code: bool, error: Option<&str>) -> Response {
    page(status, &Page { form_token: &form::token(token), error, with_recovery_code, onward })
}

/// On to this page for who has shown his password; at once where he has something with him that no address can hold.
pub(super) fn wanted(console: &Console, token: &str, onward: &Onward) -> Response {
    let mut response = match onward.page() {
        Some(_) if !onward.kept().is_empty() => shown(StatusCode::OK, token, onward, false, None),
        Some(to) => {
            let query = serde_urlencoded::to_string([("return_to", to.as_str())]).unwrap_or_default();
            Redirect::to(&format!("{PATH}?{query}")).into_response()
        }
        None => Redirect::to(PATH).into_response(),
    };
    if let Some(cookie) = Cookie::PasswordShown.set(console.transport, token, password_shown::LIFETIME_S) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

/// Back to the password: it was not shown, or too long ago, or what it was shown for has changed.
fn anew(console: &Console) -> Response {
    let mut response = Redirect::to(sign_in::PATH).into_response();
    if let Some(cookie) = Cookie::PasswordShown.delete(console.transport) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_leads_to_the_other() {
        let text = |with_recovery_code| {
            Page { form_token: "f", error: Some("<b>"), with_recovery_code, onward: &Onward::default() }
                .render()
                .expect("a page")
        };
        let (with_code, with_recovery_code) = (text(false), text(true));
        assert!(with_code.contains("name=\"code\"") && with_code.contains("?with=recovery-code"), "{with_code}");
        assert!(with_recovery_code.contains("name=\"recovery_code\""), "{with_recovery_code}");
        assert!(with_recovery_code.contains("href=\"/console/sign-in/code\""), "{with_recovery_code}");
        assert!(!with_code.contains("<b>"), "{with_code}");
    }
}
