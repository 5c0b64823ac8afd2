//! Forms that were sent by a page of ours.
//!
//! Each form carries a token: a keyed digest, whose key is the value of a cookie that the page was made for. Another site
//! can send our forms, with our cookies at worst, but cannot read either. The cookie is the session's, and outside a
//! session one that lives for an hour.
//!
//! What must stay true: a form's fields reach a handler only by [`Checked`].

use axum::extract::{Form, FromRequest, Request};
use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::Console;
use super::cookies::Cookie;
use super::error_page::ErrorPage;

/// What is digested, so that a form's token is none of anything else.
const PURPOSE: &[u8] = b"claviger console form 1";

/// The token of the forms of a page that is made for this cookie.
pub(super) fn token(cookie: &str) -> String {
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(cookie.as_bytes()) else { return String::new() };
    mac.update(PURPOSE);
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn is_of(sent: &str, cookie: &str) -> bool {
    let expected = token(cookie);
    !expected.is_empty() && bool::from(expected.as_bytes().ct_eq(sent.as_bytes()))
}

/// What a form holds beside its token.
pub(super) trait Fields: DeserializeOwned + Send {
    /// The cookie that the form is bound to.
    const BOUND_TO: Cookie;
}

/// The fields of a form that a page of ours has sent.
pub(super) struct Checked<F>(pub F);

#[derive(Deserialize)]
struct Sent<F> {
    #[serde(default)]
    form_token: String,
    #[serde(flatten)]
    fields: F,
}

impl<F: Fields> FromRequest<Console> for Checked<F> {
    type Rejection = ErrorPage;

    async fn from_request(request: Request, console: &Console) -> Result<Self, ErrorPage> {
        let cookie = F::BOUND_TO.read(request.headers(), console.transport).map(str::to_owned);
        let sent = Form::<Sent<F>>::from_request(request, console).await;
        let Form(Sent { form_token, fields }) = sent.map_err(|_| ErrorPage::unreadable_form())?;
        match cookie {
            Some(cookie) if is_of(&form_token, &cookie) => Ok(Self(fields)),
            _ => Err(ErrorPage::stale_form()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_of_its_cookie_alone() {
        let made = token("one");
        assert_eq!(made.len(), 64);
        assert!(is_of(&made, "one"));
        for (sent, cookie) in [(made.as_str(), "two"), ("", "one"), (&made[1..], "one"), ("one", "one")] {
            assert!(!is_of(sent, cookie), "{sent} {cookie}");
        }
        assert!(!is_of(&made.to_uppercase(), "one"));
    }
}
