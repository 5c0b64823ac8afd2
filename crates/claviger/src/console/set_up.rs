//! The first owner: a page that a one-time link opens, and what its form makes.
//!
//! The link is made on the host, and its token is in the address. Looking at the page uses nothing up, since programs that
//! read mail open links as well: the form alone does. Whoever sends it first is an owner of the organization, and signed in.

use askama::Template;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use claviger_access::administration::set_up::{self, FirstOwner};
use claviger_access::credential::PresentedSetUp;
use claviger_access::email::EmailAddress;
use claviger_access::identity::{OrganizationId, PrincipalId};
use claviger_access::password::Password;
use claviger_access::text::{DisplayName, TextError};
use claviger_access::{Directory, Refusal};
use serde::Deserialize;

use super::cookies::Cookie;
use super::error_page::ErrorPage;
use super::form::{self, Checked, Fields};
use super::page::page;
use super::sign_in::{self, not_hashed, too_many};
use super::signed_in::ComesFrom;
use super::{Console, Transport, password_rules, session};
use crate::clock;
use crate::random;
use crate::store::writing::Origin;
use crate::writer::{Request, WriteError};

/// The page's address, with the token's place.
pub(super) const ROUTE: &str = "/console/setup/{once}";

/// The form can be sent so long after it was shown.
const FORM_LIFETIME_S: u64 = 60 * 60;

/// How much of what was typed comes back into the form.
const SHOWN_MAX: usize = 320;

/// What is wrong with each field.
#[derive(Default)]
struct Errors {
    name: Option<String>,
    email: Option<String>,
    password: Option<&'static str>,
}

impl Errors {
    /// The fields to change, each with what is wrong.
    fn list(&self) -> Vec<(&'static str, &str)> {
        let all = [("name", self.name.as_deref()), ("email", self.email.as_deref()), ("pw", self.password)];
        all.into_iter().filter_map(|(field, error)| Some((field, error?))).collect()
    }
}

#[derive(Template)]
#[template(path = "console/set_up.html")]
struct Page<'p> {
    form_token: &'p str,
    organization: &'p str,
    name: &'p str,
    email: &'p str,
    errors: &'p Errors,
    /// Nobody can sign in where there is no TLS.
    is_open: bool,
}

/// What the form sends. Not to be printed: it holds a password.
#[derive(Default, Deserialize)]
pub(super) struct Typed {
    #[serde(default)]
    name: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
}

impl Fields for Typed {
    const BOUND_TO: Cookie = Cookie::Form;
}

/// The token in the address; none that could be one opens nothing.
type Once = Result<Path<String>, PathRejection>;

/// The token with the organization that it opens, if it opens one now.
fn opened(directory: &Directory, once: &Once) -> Result<(PresentedSetUp, OrganizationId), ErrorPage> {
    let token = once.as_ref().ok().and_then(|Path(once)| PresentedSetUp::read(once));
    let token = token.ok_or_else(ErrorPage::no_set_up_link)?;
    let link = set_up::look_at(directory, &token, clock::now()).map_err(|_| ErrorPage::no_set_up_link())?;
    Ok((token, link.organization()))
}

/// The form, where the link opens one.
pub(super) async fn show(
    State(console): State<Console>,
    ComesFrom(origin): ComesFrom,
    once: Once,
    headers: HeaderMap,
) -> Result<Response, ErrorPage> {
    let held = console.node.cluster.directory().map_err(|error| ErrorPage::not_held(error, &origin))?;
    let (_, organization) = opened(&held, &once)?;
    shown(&console, &headers, (&held, organization), StatusCode::OK, &Typed::default(), &Errors::default())
}

/// The form, bound to the cookie that the browser has or is given. Of what was typed, the password does not come back.
fn shown(
    console: &Console,
    headers: &HeaderMap,
    (directory, organization): (&Directory, OrganizationId),
    status: StatusCode,
    typed: &Typed,
    errors: &Errors,
) -> Result<Response, ErrorPage> {
    let kept = Cookie::Form.read(headers, console.transport).map(str::to_owned);
    let bound_to = match kept {
        Some(kept) => kept,
        None => random::form_key().map_err(|_| ErrorPage::without_randomness())?,
    };
    let cut = |text: &str| text.chars().take(SHOWN_MAX).collect::<String>();
    let shown = Page {
        form_token: &form::token(&bound_to),
        organization: directory.organization(organization).map_or("", |known| &known.name),
        name: &cut(&typed.name),
        email: &cut(&typed.email),
        errors,
        is_open: console.transport != Transport::Clear,
    };
    let mut response = page(status, &shown);
    if let Some(cookie) = Cookie::Form.set(console.transport, &bound_to, FORM_LIFETIME_S) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    Ok(response)
}

/// Makes the first owner, and signs him in.
pub(super) async fn set_up(
    State(console): State<Console>,
    ComesFrom(origin): ComesFrom,
    once: Once,
    headers: HeaderMap,
    Checked { fields: typed, .. }: Checked<Typed>,
) -> Result<Response, ErrorPage> {
    let node = &console.node;
    let held = node.cluster.directory().map_err(|error| ErrorPage::not_held(error, &origin))?;
    let again = |status, errors: &Errors| {
        let (_, organization) = opened(&held, &once)?;
        shown(&console, &headers, (&held, organization), status, &typed, errors)
    };
    if console.transport == Transport::Clear {
        return again(StatusCode::FORBIDDEN, &Errors::default());
    }
    console.tries.count_from(origin.address).map_err(too_many)?;
    // Before anything is hashed: who has no token costs nothing.
    let (token, organization) = opened(&held, &once)?;
    let (name, email, password) = match read(&typed) {
        Ok(read) => read,
        Err(errors) => return again(StatusCode::BAD_REQUEST, &errors),
    };
    let hash = node.passwords.hash(password).await.map_err(not_hashed)?;
    match made(&console, &origin, organization, token, FirstOwner { name, email, hash }).await {
        Ok(person) => {
            let begun = session::begin(node, person, None, origin.clone(), session::place(&origin, &headers)).await;
            // He is there all the same, and signs in himself.
            Ok(begun.map_or_else(
                |_| Redirect::to(sign_in::PATH).into_response(),
                |token| sign_in::welcome(&console, Redirect::to("/console").into_response(), &token),
            ))
        }
        Err(WriteError::Refused(Refusal::EmailTaken { .. })) => {
            let taken = "Somebody has this address already. Use another, or ask an owner to invite you.".to_owned();
            again(StatusCode::CONFLICT, &Errors { email: Some(taken), ..Errors::default() })
        }
        Err(WriteError::Refused(_)) => Err(ErrorPage::no_set_up_link()),
        Err(error) => Err(ErrorPage::unwritten(&error, &origin)),
    }
}

async fn made(
    console: &Console,
    origin: &Origin,
    organization: OrganizationId,
    token: PresentedSetUp,
    owner: FirstOwner,
) -> Result<PrincipalId, WriteError> {
    let request = Request { origin: origin.clone(), organization: Some(organization), weight: 1 };
    let decide = move |draft: &_, moment, _| set_up::accept(draft, &token, &owner, moment);
    console.node.writer.perform(request, decide).await
}

/// What was typed, or all that is wrong with it.
fn read(typed: &Typed) -> Result<(DisplayName, EmailAddress, Password), Errors> {
    let name = DisplayName::parse(&typed.name);
    let email = EmailAddress::parse(&typed.email);
    match (name, email, Password::parse(&typed.password)) {
        (Ok(name), Ok(email), Ok(password)) => Ok((name, email, password)),
        (name, email, password) => Err(Errors {
            name: name.err().map(|error| match error {
                TextError::Empty => "Give your name.".to_owned(),
                other => format!("The name {other}."),
            }),
            email: email.err().map(|error| match error {
                TextError::Empty => "Give your e-mail address.".to_owned(),
                other => format!("This {other}."),
            }),
            password: password.err().map(password_rules::told),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::frame::tests::SCRIPT;

    #[test]
    fn what_was_typed_is_text_whatever_it_holds_and_a_password_is_not_shown() {
        let typed = Typed { name: String::new(), email: SCRIPT.to_owned(), password: "elevenchars".to_owned() };
        let errors = read(&typed).expect_err("three errors");
        let page =
            Page { form_token: "f", organization: SCRIPT, name: SCRIPT, email: SCRIPT, errors: &errors, is_open: true };
        let text = page.render().expect("a page");
        assert!(!text.contains("<script>alert") && !text.contains("elevenchars"), "{text}");
        for told in
            ["Give your name.", "This is no e-mail address", "Use at least 12 characters", "3 things need a change."]
        {
            assert!(text.contains(told), "{told}: {text}");
        }
        assert_eq!(text.matches("aria-invalid=\"true\"").count(), 3, "{text}");
    }

    #[test]
    fn where_nobody_can_sign_in_there_is_no_form() {
        let (errors, name) = (Errors::default(), "");
        let page = Page { form_token: "f", organization: "acme", name, email: "", errors: &errors, is_open: false };
        let text = page.render().expect("a page");
        assert!(
            text.contains("Nobody can sign in over a connection without TLS.") && !text.contains("<form"),
            "{text}"
        );
    }
}
