//! Another password: the old one is asked for, and all other sessions end.
//!
//! Who holds a session and guesses at the password is limited as at the sign-in page, and is in the audit log. Neither
//! password comes back into the form.

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use claviger_access::administration::password::ChangePassword;
use claviger_access::password::Password;
use serde::Deserialize;

use crate::clock;
use crate::console::cookies::Cookie;
use crate::console::earlier_forms::go_on;
use crate::console::error_page::ErrorPage;
use crate::console::form::{Checked, Fields};
use crate::console::frame::Frame;
use crate::console::notice::Notice;
use crate::console::page::page;
use crate::console::place::Place;
use crate::console::sign_in::{not_hashed, too_many};
use crate::console::signed_in::SignedIn;
use crate::console::{Console, password_rules, session};

#[derive(Default)]
struct Errors {
    current: Option<&'static str>,
    new: Option<&'static str>,
}

impl Errors {
    fn of_new(told: &'static str) -> Self {
        Self { current: None, new: Some(told) }
    }
}

#[derive(Template)]
#[template(path = "console/profile_password.html")]
struct Page<'p> {
    frame: &'p Frame,
    errors: Errors,
}

/// What the form sends. Not to be printed: it holds passwords.
#[derive(Deserialize)]
pub(in crate::console) struct Typed {
    #[serde(default)]
    current: String,
    #[serde(default)]
    new: String,
}

impl Fields for Typed {
    const BOUND_TO: Cookie = Cookie::Session;
}

/// The form, always empty.
pub(in crate::console) async fn show(signed_in: SignedIn) -> Response {
    shown(&signed_in, StatusCode::OK, Errors::default())
}

fn shown(signed_in: &SignedIn, status: StatusCode, errors: Errors) -> Response {
    page(status, &Page { frame: &Frame::of(signed_in, Place::Own), errors })
}

/// Changes the password.
pub(in crate::console) async fn change(
    State(console): State<Console>,
    signed_in: SignedIn,
    headers: HeaderMap,
    Checked { fields: typed, .. }: Checked<Typed>,
) -> Result<Response, ErrorPage> {
    let (node, origin) = (&console.node, &signed_in.origin);
    // One that is too short costs no try.
    let new = match Password::parse(&typed.new) {
        Ok(new) => new,
        Err(error) => {
            return Ok(shown(&signed_in, StatusCode::BAD_REQUEST, Errors::of_new(password_rules::told(error))));
        }
    };
    if !is_his(&console, &signed_in, &typed.current).await? {
        let errors = Errors { current: Some("This is not your password."), new: None };
        return Ok(shown(&signed_in, StatusCode::FORBIDDEN, errors));
    }
    // Said only to who has it: whatever else was typed twice is not the one that he has.
    if typed.new == typed.current {
        let errors = Errors::of_new("This is the one that you have. Choose another.");
        return Ok(shown(&signed_in, StatusCode::BAD_REQUEST, errors));
    }
    let hash = node.passwords.hash(new).await.map_err(not_hashed)?;
    let change = ChangePassword { hash, from: session::place(origin, &headers) };
    let token = session::change_password(node, &signed_in, change).await;
    let token = token.map_err(|error| ErrorPage::unwritten(&error, origin))?;
    let done = Notice::done("Your password is changed.", "Your other sessions are ended.");
    let led = done.at_next(&console, &token, "/console/profile");
    Ok(go_on(console.transport, &signed_in, &token, led))
}

/// Whether this is the password of the person who asks. Each try counts as one at the sign-in page.
async fn is_his(console: &Console, signed_in: &SignedIn, typed: &str) -> Result<bool, ErrorPage> {
    let (node, origin) = (&console.node, &signed_in.origin);
    let Some(person) = signed_in.held.person(signed_in.person) else { return Ok(false) };
    console.tries.count(origin.address, person.email.as_str()).map_err(too_many)?;
    let known = session::password_of(node, &signed_in.held, Some(&person.email)).await;
    let kept = known.map_err(|error| ErrorPage::unread(&error, origin))?.map(|(_, kept)| kept);
    // A text that nobody could have chosen as his password is nobody's.
    let is_his = match Password::parse(typed) {
        Ok(password) => node.passwords.verify(password, kept).await.map_err(not_hashed)?,
        Err(_) => false,
    };
    if let (false, Some(view)) = (is_his, signed_in.view()) {
        node.observations.password_change_failed(&view, origin, clock::now());
    }
    Ok(is_his)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::frame::tests::frame;

    #[test]
    fn errors_are_at_their_fields_and_the_fields_stay_empty() {
        let errors = Errors { current: Some("This is not your password."), new: None };
        let text = Page { frame: &frame(false), errors }.render().expect("a page");
        assert_eq!((text.matches("aria-invalid").count(), text.matches("id=\"current-e\"").count()), (1, 1), "{text}");
        assert!(text.contains("<title>Error: Change password"), "{text}");
        let fields: Vec<&str> = text.split("<input").filter(|field| field.contains("type=\"password\"")).collect();
        assert!(fields.len() == 2 && fields.iter().all(|field| !field.contains(" value=")), "{text}");
    }
}
