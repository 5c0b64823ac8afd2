//! A form that somebody who is signed in has sent from a page of ours.
//!
//! Whose session has ended meanwhile loses nothing: what he typed is kept on the page that asks him to sign in. Only what
//! a page of his own session has sent is: its token is looked at first, and the session's cookie stays in the browser
//! longer than the session. Whose role has changed meanwhile is asked in the same way, and goes on under a new token; so is
//! who sends what another tab has shown under a token before.

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::response::{IntoResponse, Response};

use super::cookies::Cookie;
use super::earlier_forms::EarlierForms;
use super::error_page::ErrorPage;
use super::onward::Onward;
use super::return_to::ReturnTo;
use super::signed_in::{NotSignedIn, SignedIn};
use super::typed::Typed;
use super::{Console, form, form_body, renewal, sign_in};

/// Why what came from another tab is asked for once more.
const GONE_ON: &str = "Your role or your password has changed since this form was opened.";

/// Who sent what.
pub(super) struct Submitted {
    pub signed_in: SignedIn,
    pub typed: Typed,
}

impl FromRequest<Console> for Submitted {
    type Rejection = Response;

    async fn from_request(request: Request, console: &Console) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let signed_in = SignedIn::from_request_parts(&mut parts, console).await;
        let cookie = Cookie::Session.read(&parts.headers, console.transport).map(str::to_owned);
        let (headers, to) = (parts.headers.clone(), ReturnTo::of(&parts.uri));
        let body = form_body::read(Request::from_parts(parts, body), console).await;
        let typed = Typed::parse(&body.map_err(ErrorPage::into_response)?);
        let typed = typed.ok_or_else(|| ErrorPage::unreadable_form().into_response())?;
        let sent = typed.one("form_token");
        let is_ours = cookie.as_ref().is_some_and(|cookie| form::is_of(sent, cookie));
        let was_ours = cookie
            .is_some_and(|cookie| EarlierForms::read(&headers, console.transport, &form::token(&cookie)).has(sent));
        match (signed_in, to) {
            (Ok(signed_in), _) if is_ours => Ok(Self { signed_in, typed }),
            (Ok(signed_in), Some(to)) if was_ours => {
                Err(Onward::ask_again(&to, &typed.without_secrets(), GONE_ON, signed_in.form_token()))
            }
            (Err(NotSignedIn::Nobody(_)), Some(to)) if is_ours || was_ours => {
                Err(sign_in::keeping(console, &headers, to, &typed.without_secrets()))
            }
            (Err(NotSignedIn::Outdated(signed_in)), Some(to)) if is_ours || was_ours => {
                Err(renewal::keeping(console, &signed_in, to, &typed.without_secrets()).await)
            }
            (Ok(_) | Err(NotSignedIn::Nobody(_) | NotSignedIn::Outdated(_)), _) => {
                Err(ErrorPage::stale_form().into_response())
            }
            (Err(NotSignedIn::Unavailable(page)), _) => Err(page.into_response()),
        }
    }
}
